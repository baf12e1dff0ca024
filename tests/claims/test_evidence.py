"""What a measurement sees of its sweeps."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.claims.evidence import Evidence
from featlearn.config.build import build
from featlearn.runs.metrics import Table
from featlearn.sweeps.begin import begin
from featlearn.sweeps.load import load_sweep
from featlearn.theory import population
from tests.sweeps.search.made_up import computed, search_file
from tests.sweeps.small import new_sweep, run

FIND = '{student.width: [2, 60], where: "share(recovered == 3) >= 0.5", tolerance: 10 %, seeds: 40}'


def test_points_that_cannot_run_are_left_out_of_tables_and_configurations(tmp_path: Path) -> None:
    directory = new_sweep(tmp_path, "grid: {teacher.rank: [4, 2]}\nseeds: 4\nstore: summary\n")
    run(directory)
    evidence = Evidence({"few": directory}, {})
    table, configs = evidence.table("few"), evidence.configs("few")
    assert table["teacher.rank"].tolist() == [2, 2, 2, 2]
    assert [config.seed for config in configs] == table["seed"].tolist() == [0, 1, 2, 3]


def test_the_runs_of_a_sweep_come_with_their_values_and_configurations(tmp_path: Path) -> None:
    directory = new_sweep(tmp_path, "grid: {teacher.rank: [4, 2]}\nseeds: 2\n")
    run(directory)
    found = list(Evidence({"few": directory}, {}).runs("few"))
    assert [(full.values["teacher.rank"], full.values["seed"], full.status) for full, _ in found] == [
        (2, 0, "done"),
        (2, 1, "done"),
    ]
    assert all(full.run.read_metrics()[-1]["step"] > 0 for full, _ in found)
    assert [config.seed for _, config in found] == [0, 1]


def test_logs_come_in_the_order_of_the_table(tmp_path: Path) -> None:
    directory = new_sweep(tmp_path, "grid: {teacher.rank: [4, 2], student.width: [8, 10]}\nseeds: 2\n")
    run(directory)
    evidence = Evidence({"few": directory}, {})
    ends = [log["loss"][-1] for log in evidence.metrics("few")]
    assert ends == evidence.table("few")["loss"].tolist()
    assert len(ends) == 4


def test_runs_find_their_teacher_as_its_own_norm_and_masses_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = new_sweep(tmp_path, "grid: {teacher.width: [2, 3]}\nseeds: 2\nstore: summary\n")
    run(directory)
    evidence = Evidence({"few": directory}, {})
    problems = [build(config)[0] for config in evidence.configs("few")]
    teachers = [(p.teacher_second_layer, p.teacher_first_layer) for p in problems]
    norms = np.array([population.squared_norm(problems[0].activation, *teacher)[0] for teacher in teachers])
    least = np.array([np.abs(weights).min() for weights, _ in teachers])
    true = evidence.table("few")
    right = {"recovered": true["teacher.width"], "aligned_mass": np.ones(4)}
    right |= {"mass_error": 0.049 * least, "loss": 0.99e-5 * norms}

    def found(**changed: np.ndarray) -> list[bool]:
        given: Table = {**true, **right, **changed}
        monkeypatch.setattr(Evidence, "table", lambda self, sweep: given)
        return evidence.found("few").tolist()

    assert found() == [True] * 4
    assert found(loss=1.01e-5 * norms) == found(mass_error=0.051 * least) == [False] * 4
    assert found(recovered=np.full(4, 2)) == [True, True, False, False]
    status = np.array(["done", "diverged", "failed", "done"], dtype=object)
    assert found(status=status) == [True, False, False, True]


def test_the_edges_of_a_search_are_evidence(tmp_path: Path) -> None:
    directory = begin(load_sweep(search_file(tmp_path, FIND)), tmp_path / "runs")
    computed(directory, lambda values: {"recovered": 3 if values["student.width"] > 20 else 0})
    [edge] = Evidence({"width": directory}, {}).edges("width")
    assert (edge.search.low, edge.search.high) == (20, 22)
    other = new_sweep(tmp_path / "other", "seeds: 1\nstore: summary\n")
    assert Evidence({"few": other}, {}).edges("few") == []
