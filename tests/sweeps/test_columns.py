"""The columns of results.csv."""

from featlearn.sweeps.columns import known_columns, results_columns
from featlearn.training.columns import COLUMNS


def test_axes_stand_between_the_point_and_its_metrics_and_none_stands_twice() -> None:
    columns = results_columns(["student.width", "seed", "loss"])
    assert columns[:5] == ["id", "student.width", "seed", "loss", "step"]
    assert columns[-3:] == ["environment", "status", "message"]
    assert len(set(columns)) == len(columns)


def test_every_column_but_the_axes_is_known() -> None:
    assert set(known_columns()) == {"id", *COLUMNS, "loss_floor", "environment", "status", "message"}
    assert all(name == column.name for name, column in known_columns().items())
