"""A sweep that searches, from its file to its edge: in rounds, killed, resumed, by several workers, as real runs."""

import csv
import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest

import featlearn
from featlearn.storage.errors import RunError
from featlearn.sweeps.begin import begin, join
from featlearn.sweeps.directory import Shard, SweepDirectory
from featlearn.sweeps.load import load_sweep, stored_sweep
from featlearn.sweeps.search.found import edges_document, searches_of
from featlearn.sweeps.state import SweepResult, SweepState
from tests.runs.killing import in_child
from tests.sweeps.search.made_up import computed, drawn, logistic, search_file
from tests.sweeps.small import new_sweep, run, table

FIND = '{student.width: [2, 60], where: "share(recovered == 3) >= 0.5", tolerance: 10 %, seeds: 40}'
GRID = "grid: {teacher.width: [2, 3]}"
RESPOND = drawn("student.width", logistic(11, 0.5, 6))


def begun(place: Path, more: str = "") -> SweepDirectory:
    return begin(load_sweep(search_file(place, FIND, more)), place / "runs")


def made_up(directory: SweepDirectory, workers: int = 1, order: int = 1) -> SweepResult:
    return computed(directory, RESPOND, workers, order)


def files_of(directory: SweepDirectory) -> list[bytes]:
    """What must not depend on how it was computed."""
    return [directory.manifest_file.read_bytes(), directory.edges_file.read_bytes()]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> SweepDirectory:
    directory = begun(tmp_path_factory.mktemp("whole"), GRID)
    result = made_up(directory)
    assert (result.status, result.failures) == ("done", 0)
    return directory


def test_rounds_of_points_are_added_until_the_edges_are_found(whole: SweepDirectory) -> None:
    info, found = whole.read_info(), searches_of(whole)
    assert found is not None
    searches, edges = found
    assert (info.searching, info.most_points) == (False, searches.most_points())
    assert info.axes == ("teacher.width", "student.width", "seed")
    assert info.points == len(whole.read_manifest()) == len(table(whole)) == sum(edge.runs for edge in edges)
    with whole.edges_file.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["teacher.width"] for row in rows] == ["2", "3"]
    for row, edge in zip(rows, edges, strict=True):
        assert float(row["low"]) < 11 < float(row["high"])
        assert int(row["runs_saved"]) == edge.plain()["runs_saved"] > 0
    told = edges_document(searches, edges)
    assert json.loads(json.dumps(told)) == told
    assert whole.brief(alive=False).status == "done"
    assert made_up(whole).state.computed == 0
    assert len(load_sweep(whole.sweep_file)) < len(stored_sweep(whole)) == info.points


@pytest.mark.parametrize(("workers", "order"), [(1, -1), (3, 1)])
def test_workers_and_the_order_in_which_points_end_change_nothing(
    whole: SweepDirectory, tmp_path: Path, workers: int, order: int
) -> None:
    directory = begun(tmp_path, GRID)
    made_up(directory, workers, order)
    assert files_of(directory) == files_of(whole)
    assert table(directory) == table(whole)


@pytest.mark.parametrize("after", [1, 60])
def test_a_search_that_is_stopped_goes_on_to_the_same_answer(whole: SweepDirectory, tmp_path: Path, after: int) -> None:
    directory = begun(tmp_path, GRID)

    def stop(state: SweepState) -> None:
        if state.computed == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        computed(directory, RESPOND, watch=stop)
    assert directory.brief(alive=False).status == "interrupted"
    assert made_up(directory).status == "done"
    assert files_of(directory) == files_of(whole)
    assert table(directory) == table(whole)


def test_points_that_were_added_by_a_process_that_was_killed_before_it_said_so_are_added_again(
    whole: SweepDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = begun(tmp_path, GRID)
    with monkeypatch.context() as patched:
        patched.setattr(SweepDirectory, "write_info", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            made_up(directory)
    assert len(directory.manifest_file.read_text().splitlines()) > directory.read_info().points
    assert len(directory.read_manifest()) == directory.read_info().points
    assert made_up(directory).status == "done"
    assert files_of(directory) == files_of(whole)


def test_failed_points_that_are_tried_again_are_searched_with_anew(tmp_path: Path) -> None:
    directory = begun(tmp_path)
    result = computed(directory, lambda values: {"status": "failed"})
    assert (result.status, result.failures) == ("done", result.state.ended)
    assert computed(directory, RESPOND, retry_failed=True).failures == 0
    found = searches_of(directory)
    assert found is not None
    assert found[1][0].search.low < 11 < found[1][0].search.high  # type: ignore[operator]


def test_a_manifest_with_points_that_nobody_asked_for_is_refused(tmp_path: Path) -> None:
    directory = begun(tmp_path)
    text = directory.manifest_file.read_text()
    for change in ('"student.width": 600', '"student.width": "wide"', '"student.width": 2, "teacher.width": 9'):
        directory.manifest_file.write_text(text.replace('"student.width": 2', change, 1))
        with pytest.raises(RunError, match="has a point p0000 that its sweep file does not ask for"):
            made_up(directory)


def test_a_search_has_no_shares(tmp_path: Path) -> None:
    sweep = load_sweep(search_file(tmp_path, FIND))
    with pytest.raises(RunError, match=r"a sweep with find has no shares: .*--jobs"):
        join(sweep, tmp_path / "runs", Shard(1, 2))
    with pytest.raises(RunError, match="no shares"):
        computed(begun(tmp_path), RESPOND, shard=Shard(1, 2))


# gd on the second layer alone of one relu neuron of norm 1: ∂²L/∂a² = 2 E[φ²] = 1, so that steps below 2/(1 + λ) settle
STABLE = """\
grid: {stages.only.weight_decay: [0, 1]}
find:
  stages.only.step_size: [0.2, 5]
  where: share(loss < 100) >= 0.5
  tolerance: 2 %
  seeds: 12
store: summary
"""
NEURON = """\
base:
  teacher: {input_dim: 4, width: 1}
  activation: {name: relu, drop_hermite_below: 0}
  student: {width: 1, init: {kind: explicit, first_layer: [[1, 0, 0, 0]], second_layer: [3.0]}}
  stages:
    only: {train: [second_layer], steps: 1500, step_size: 0.2}
  log: {points: 8}
"""


@pytest.mark.slow
def test_the_largest_stable_step_is_where_the_curvature_says_and_a_kill_loses_nothing(tmp_path: Path) -> None:
    directory = new_sweep(tmp_path, STABLE, NEURON)
    assert run(directory).status == "done"
    edges = featlearn.load_sweep(directory.path).edges
    for at, low, high in zip(2 / (1 + np.array([0.0, 1.0])), edges["low"], edges["high"], strict=True):
        assert low <= at < high <= 1.02 * low
    killed = new_sweep(tmp_path / "killed", STABLE, NEURON)

    def kill(state: SweepState) -> None:
        if state.computed >= 60:
            os.kill(os.getpid(), signal.SIGKILL)

    os.waitpid(in_child(lambda: run(killed, watch=kill)), 0)
    assert killed.brief(alive=False).status == "interrupted"
    assert 60 <= len(killed.read_results()) < len(directory.read_results())
    assert run(killed).status == "done"
    assert files_of(killed) == files_of(directory)
    assert table(killed) == table(directory)
    grid = new_sweep(
        tmp_path / "grid",
        "grid: {stages.only.weight_decay: [0, 1], stages.only.step_size: {log: [0.8, 3, 40]}}\nseeds: 1\n",
        NEURON,
    )
    run(grid)
    columns = featlearn.load_results(grid.path)
    for decay, low, high in zip((0, 1), edges["low"], edges["high"], strict=True):
        mine = columns["stages.only.weight_decay"] == decay
        steps, settled = columns["stages.only.step_size"][mine], (columns["loss"] < 100)[mine]
        assert settled[steps <= low].all()
        assert not settled[steps >= high].any()
