"""Results are read back bit for bit, from the directory and from its table."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.storage.errors import RunError
from featlearn.sweeps.directory import SweepDirectory
from featlearn.sweeps.results import load_results
from tests.sweeps.small import journal, new_sweep, run


def test_the_reader_returns_the_numbers_bit_for_bit(mixed: SweepDirectory) -> None:
    columns, again = load_results(mixed.path), load_results(mixed.results_file)
    assert list(columns) == list(again)
    assert list(columns)[:5] == ["id", "student.width", "stages.local.step_size", "teacher.rank", "seed"]
    for name in columns:
        assert columns[name].dtype == again[name].dtype, name
        if columns[name].dtype == object:
            assert list(columns[name]) == list(again[name]), name
        else:
            assert columns[name].tobytes() == again[name].tobytes(), name
    assert columns["student.width"].dtype == np.int64
    final = {line["id"]: line["final"]["loss"] for line in journal(mixed) if line.get("final")}
    for point, loss in zip(columns["id"], columns["loss"], strict=True):
        assert np.isnan(loss) if final.get(point) is None else loss == final[point]


def test_a_torn_last_line_is_left_out(mixed: SweepDirectory, tmp_path: Path) -> None:
    torn = tmp_path / "results.csv"
    torn.write_bytes(mixed.results_file.read_bytes()[:-80])
    assert len(load_results(torn)["loss"]) == 23
    with pytest.raises(RunError, match="nowhere"):
        load_results(tmp_path / "nowhere.csv")


def test_ids_are_no_numbers_to_those_who_guess(mixed: SweepDirectory) -> None:
    for point in load_results(mixed.results_file)["id"]:
        with pytest.raises(ValueError, match="could not convert"):
            float(point)


def test_a_column_without_values_is_the_same_from_both(tmp_path: Path) -> None:
    directory = new_sweep(tmp_path, "seeds: 2\nstore: summary")
    run(directory)
    columns, again = load_results(directory.path), load_results(directory.results_file)
    for name in columns:
        assert columns[name].dtype == again[name].dtype, name
        assert np.array_equal(columns[name], again[name], equal_nan=columns[name].dtype.kind == "f"), name
