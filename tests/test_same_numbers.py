"""The comparison of ``tests.same_numbers`` sees every bit that differs, and says where it is."""

from collections.abc import Callable
from copy import deepcopy
from math import inf
from pathlib import Path

import numpy as np
import pytest

import featlearn
from tests.golden.short import config
from tests.outputs import Output, compare, read_output

METRICS, WEIGHTS = "./metrics.jsonl", "./checkpoint.npz:second_layer"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Output:
    """What a short run leaves."""
    runs = tmp_path_factory.mktemp("runs")
    featlearn.train(config("relu", "gd"), runs)
    return read_output(runs, 0, "")


def made() -> Output:
    """What a sweep of two points leaves, one of which keeps its run."""
    row = {"step": 5, "stage": "late", "loss": 0.125, "gap": None, "alive": 1, "seconds": 1.5}
    return Output(
        runs={"runs/0000": {"status": "done", "final": row, "optima": [{"lower": 0.25, "atoms": [{"mass": 1.0}]}]}},
        rows={
            "runs/0000/metrics.jsonl": [{**row, "step": 0}, row],
            "results.csv": [{"id": "0000", "loss": "0.125", "status": "done", "seconds": "1.5"}] * 2,
        },
        arrays={"runs/0000/snapshots.npz:first_layer": np.array([[[0.0, 1.0], [2.0, np.nan]]])},
    )


def after(change: Callable[[Output], object]) -> Output:
    changed = deepcopy(made())
    change(changed)
    return changed


def test_what_two_equal_runs_leave_is_equal(real: Output, tmp_path: Path) -> None:
    featlearn.train(config("relu", "gd"), tmp_path)
    found = compare(real, read_output(tmp_path, 0, ""))
    assert found.difference is None
    assert found.new == set()
    assert found.rows == 8
    assert found.arrays == 7


def test_one_flipped_bit_in_a_row_is_found(real: Output) -> None:
    changed = deepcopy(real)
    row, before = changed.rows[METRICS][3], real.rows[METRICS][3]
    row["loss"] = float(np.nextafter(row["loss"], inf))
    found = compare(real, changed).difference
    values = f"{before['loss']!r} in the reference, {row['loss']!r} in the present tree"
    assert found == f"{METRICS}[3] (step {before['step']}) loss: {values}"


def test_one_flipped_bit_in_a_weight_is_found(real: Output) -> None:
    changed = deepcopy(real)
    changed.arrays[WEIGHTS].view(np.uint64)[4] ^= 1
    found = compare(real, changed).difference
    values = [output.arrays[WEIGHTS][4].item() for output in (real, changed)]
    told = f"{values[0]!r} in the reference, {values[1]!r} in the present tree"
    assert found == f"{WEIGHTS}[4]: {told} (1 of 16 entries differ)"


SNAPSHOTS = "runs/0000/snapshots.npz:first_layer"
CHANGES: dict[str, Callable[[Output], object]] = {
    "the sign of a zero weight": lambda o: np.negative(o.arrays[SNAPSHOTS], o.arrays[SNAPSHOTS], where=[True, False]),
    "the type of weights": lambda o: o.arrays.update({SNAPSHOTS: o.arrays[SNAPSHOTS].astype(np.float32)}),
    "the shape of weights": lambda o: o.arrays.update({SNAPSHOTS: o.arrays[SNAPSHOTS][0]}),
    "weights that are gone": lambda o: o.arrays.clear(),
    "a whole number for a real one": lambda o: o.rows["runs/0000/metrics.jsonl"][1].update(alive=1.0),
    "a value for null": lambda o: o.rows["runs/0000/metrics.jsonl"][1].update(gap=0.0),
    "a column that is gone": lambda o: o.rows["runs/0000/metrics.jsonl"][0].pop("gap"),
    "a row that is gone": lambda o: o.rows["runs/0000/metrics.jsonl"].pop(),
    "a row more": lambda o: o.rows["results.csv"].append({"id": "0002", "status": "done"}),
    "a cell of the results": lambda o: o.rows["results.csv"][1].update(loss="0.1250000001"),
    "the final row of run.json": lambda o: o.runs["runs/0000"]["final"].update(loss=0.25),
    "a number deep in run.json": lambda o: o.runs["runs/0000"]["optima"][0]["atoms"][0].update(mass=1.5),
    "a run that is gone": lambda o: o.runs.clear(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_of_a_number_is_found(change: Callable[[Output], object]) -> None:
    assert compare(made(), made()).difference is None
    assert compare(made(), after(change)).difference is not None


def test_only_times_may_differ() -> None:
    assert compare(made(), after(lambda o: o.rows["results.csv"][0].update(seconds="9"))).difference is None


def test_what_only_the_present_tree_has_is_named() -> None:
    found = compare(made(), after(lambda o: o.rows["runs/0000/metrics.jsonl"][1].update(overlap=0.5)))
    assert found.difference is None
    assert found.new == {"overlap"}


def test_runs_that_fail_on_both_sides_are_not_equal() -> None:
    failed = after(lambda o: o.runs["runs/0000"].update(status="failed"))
    assert "failed" in (compare(failed, failed).difference or "")
    nothing = Output({}, {}, {}, 2, "a traceback\nno such file\n")
    assert compare(nothing, nothing).difference == "the reference left no run (exit status 2): no such file"


def test_a_run_that_failed_before_its_first_row_is_read(tmp_path: Path) -> None:
    run = tmp_path / "20260101-000000-run-abcdef"
    run.mkdir()
    (run / "metrics.jsonl").touch()
    (run / "run.json").write_text('{"status": "failed", "final": null}')
    assert compare(*[read_output(tmp_path, 1, "what went wrong")] * 2).difference == (
        "the reference has runs that ended as failed: what went wrong"
    )


def test_runs_of_which_nothing_can_be_compared_are_not_equal() -> None:
    for empty in (
        after(lambda output: output.rows["runs/0000/metrics.jsonl"].clear()),
        after(lambda output: output.arrays.clear()),
    ):
        assert compare(empty, empty).difference == "the reference left no rows or no weights of the run runs/0000"
