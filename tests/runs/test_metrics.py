"""The metrics of a run as columns."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.config.load import load_config
from featlearn.runs.directory import RunDirectory
from featlearn.runs.metrics import as_columns, load_metrics, with_values
from featlearn.runs.train import train
from featlearn.storage.errors import RunNotFound
from tests.config.broken import write

TEXT = """\
teacher: {input_dim: 4, width: 2, rank: 2}
student: {width: 6}
stages:
  only: {train: [first_layer, second_layer], steps: 20, step_size: 0.1, weight_decay: 0.01}
log: {points: 8, gap: false, floors: false}
"""


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return train(load_config(write(tmp_path, TEXT)), tmp_path / "runs").run


def test_the_numbers_are_those_of_the_log_bit_for_bit(run: RunDirectory) -> None:
    columns, rows = load_metrics(run.path), run.read_metrics()
    assert list(columns) == list(rows[0])
    assert columns["loss"].tolist() == [row["loss"] for row in rows]
    assert columns["step"].dtype == np.int64
    assert columns["stage"].tolist() == ["only"] * len(rows)
    assert np.isnan(columns["gap"]).all()


def test_a_torn_last_line_of_a_file_is_left_out(run: RunDirectory, tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    file.write_bytes(run.metrics_file.read_bytes()[:-30])
    assert load_metrics(file)["loss"].tolist() == load_metrics(run.path)["loss"].tolist()[:-1]


def test_of_a_sweep_there_is_another_table(tmp_path: Path) -> None:
    with pytest.raises(RunNotFound, match=r"is not a run directory: .*; of a sweep, load_results has the table"):
        load_metrics(tmp_path)
    with pytest.raises(RunNotFound) as missing:
        load_metrics(tmp_path / "nothing")
    assert "load_results" not in str(missing.value)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2], np.int64),
        ([1, 2.5, None], np.float64),
        ([None, None], np.float64),
        ([2**53 + 1, None], object),
        ([2**63, 1], object),
        ([True, 1], object),
        (["a", None], object),
        ([], np.float64),
    ],
)
def test_a_column_holds_every_value_exactly(values: list[Any], kind: Any) -> None:
    column = as_columns([{"x": value} for value in values], ["x"])["x"]
    assert column.dtype == kind
    for value, held in zip(values, column.tolist(), strict=True):
        assert held == value or (value is None and np.isnan(held))


def test_a_value_that_is_left_out_is_none() -> None:
    columns = as_columns([{"x": 1}, {"y": 2.5}])
    assert list(columns) == ["x", "y"]
    assert np.isnan(columns["x"][1])
    assert np.isnan(columns["y"][0])


def test_columns_without_any_value_are_left_out_and_the_order_stays() -> None:
    objects = np.array([None, 2**60], dtype=object)
    columns = {"a": np.array([1.0, np.nan]), "b": np.array([np.nan, np.nan]), "c": np.array([None, None]), "d": objects}
    assert with_values(columns, ["d", "b", "c", "a"]) == ["d", "a"]
