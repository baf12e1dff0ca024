"""The snapshots of the last stage of every run, each with its row and the best measure at its λ."""

from pathlib import Path

import pytest

from featlearn.claims.evidence import Evidence
from featlearn.claims.papers.zhou_ge_2024.snapshots import snapshots_of
from featlearn.theory import population
from tests.claims.papers.zhou_ge_2024.small import LATE
from tests.claims.papers.zhou_ge_2024.tables import BASE, swept
from tests.sweeps.small import new_sweep, run

SHORT = f"{LATE}.steps: [20], {LATE}.weight_decay.every: [10], log.snapshots: [6], log.gap: [true]"
FULL = "seeds: 2\nstore: full\n"


def test_they_are_those_of_the_last_stage_with_the_numbers_of_their_rows(tmp_path: Path) -> None:
    shots = list(snapshots_of(Evidence({"runs": swept(tmp_path, SHORT, rest=FULL)}, {}), "runs"))
    assert {(shot.run, shot.seed) for shot in shots} == {(0, 0), (1, 1)}
    assert {shot.decay for shot in shots} == {0.004, 0.002}
    for shot in shots:
        teacher = shot.problem.teacher_second_layer, shot.problem.teacher_first_layer
        loss = population.loss(shot.problem.activation, shot.second_layer, shot.first_layer, *teacher)[0]
        squares = (shot.second_layer**2).sum() + (shot.first_layer**2).sum()
        assert shot.optimum.weight_decay == shot.decay
        assert shot.gap == pytest.approx(loss + shot.decay / 2 * squares - shot.optimum.lower, rel=1e-9)


def test_a_run_that_is_not_done_is_told(tmp_path: Path) -> None:
    directory = new_sweep(tmp_path, f"grid: {{{SHORT}, {LATE}.step_size: [1.0e+6]}}\n{FULL}", BASE)
    run(directory)
    with pytest.raises(ValueError, match="the run of seed 0 ended as diverged"):
        list(snapshots_of(Evidence({"runs": directory}, {}), "runs"))
