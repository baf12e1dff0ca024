"""The moments of runs at which a claim of local convergence may begin."""

from pathlib import Path

import numpy as np

from featlearn.claims.evidence import Evidence
from featlearn.claims.papers.zhou_ge_2024.histories import Histories
from featlearn.config.build import build
from featlearn.theory import population
from tests.claims.papers.zhou_ge_2024.small import LATE
from tests.claims.papers.zhou_ge_2024.tables import swept


def test_they_are_the_start_of_the_last_stage_and_the_ends_of_its_epochs(tmp_path: Path) -> None:
    grid = f"{LATE}.steps: [300], {LATE}.weight_decay.every: [100]"
    evidence = Evidence({"runs": swept(tmp_path, grid, rest="seeds: 2\n")}, {})
    runs = Histories.of(evidence, "runs")
    problem = build(evidence.configs("runs")[1])[0]
    norm = population.squared_norm(problem.activation, problem.teacher_second_layer, problem.teacher_first_layer)[0]
    log = evidence.metrics("runs")[1]
    at = np.isin(log["step"], [2, 102, 202, 302])
    np.testing.assert_array_equal(runs.losses[1], log["loss"][at] / norm)
    np.testing.assert_array_equal(runs.far[1], 1 - log["aligned_mass"][at])
    assert runs.final[1] == log["loss"][-1] / norm == runs.losses[1, -1]
    assert runs.seeds.tolist() == [0, 1]
    assert runs.recovered.tolist() == [log["recovered"][-1] == 2 for log in evidence.metrics("runs")]
    assert not runs.found.any()


def histories(losses: list[list[float]]) -> Histories:
    some = np.zeros(len(losses))
    return Histories(np.array(losses), 1 - np.array(losses), some, some, some == 0, some == 0, np.arange(len(losses)))


def test_a_run_counts_from_its_first_moment_below_the_level() -> None:
    runs = histories([[0.5, 0.1, 0.05], [0.1, 0.5, 0.05], [0.5, 0.5, 0.2], [0.5, np.nan, np.nan]])
    below, first = runs.first_below(0.1)
    assert below.tolist() == [True, True, False, False]
    assert first[:2].tolist() == [1, 0]
    assert runs.of_those(below).seeds.tolist() == [0, 1]
