"""The claim about steps against loss: what small sweeps show, and losses that are never reached."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.claims.evidence import Evidence
from featlearn.claims.papers.zhou_ge_2024.rate import first_steps, measure
from featlearn.runs.metrics import Table
from featlearn.sweeps.directory import SweepDirectory
from tests.claims.papers.zhou_ge_2024.small import LATE, claim
from tests.claims.papers.zhou_ge_2024.tables import assert_complete, crossed, holding, swept

PARAMETERS = {"largest_loss": 1e-3, "smallest_loss": 1e-5}


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SweepDirectory]:
    place: Path = tmp_path_factory.mktemp("rate")
    return {
        "halving": swept(place / "a", "teacher.min_angle: [30, 20]", rest="seeds: 3\nstore: full\n"),
        "constant": swept(place / "b", f"{LATE}.stop.loss: [1.0e-3, 1.0e-4], {LATE}.weight_decay: [1.0e-4]"),
        "epochs": swept(place / "d", f"{LATE}.weight_decay.every: [100], {LATE}.steps: [600]"),
        "stall": swept(place / "c", f"{LATE}.weight_decay: [0.01, 1.0], {LATE}.steps: [2000]"),
    }


def test_small_sweeps_give_every_check_a_number_and_an_interval(sweeps: dict[str, SweepDirectory]) -> None:
    assert PARAMETERS.keys() == claim("rate").file.parameters.keys()
    findings = measure(Evidence(sweeps, PARAMETERS))
    assert_complete("rate", sweeps, findings)
    assert np.isfinite(findings.measured["halving"].value)
    assert any("no neuron survives λ = 1" in edge for edge in findings.edges)


def test_it_does_not_hold_when_the_smallest_loss_is_never_reached(sweeps: dict[str, SweepDirectory]) -> None:
    findings = measure(Evidence(sweeps, {"largest_loss": 1e-3, "smallest_loss": 1e-30}))
    assert not holding("rate", findings)["halving"]
    assert "never in the slowest run" in findings.edges[1]


def test_it_does_not_hold_when_runs_stall_above_the_loss_at_which_they_should_stop(
    sweeps: dict[str, SweepDirectory],
) -> None:
    stuck = crossed(stages__local_convergence__stop__loss=[1e-4, 1e-5])
    stuck |= {"loss": np.full(40, 2e-5), "step": np.full(40, 100)}

    class Stuck(Evidence):
        def table(self, sweep: str) -> Table:
            return stuck if sweep == "constant" else super().table(sweep)

    assert not holding("rate", measure(Stuck(sweeps, PARAMETERS)))["constant"]


def test_a_loss_is_reached_at_its_first_step() -> None:
    loss, step = np.array([1.0, 0.1, 0.2, 0.01]), np.array([0.0, 5.0, 6.0, 9.0])
    assert first_steps(loss, step, np.array([0.1, 0.05, 0.001])).tolist() == [5, 9, np.inf]
