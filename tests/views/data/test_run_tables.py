"""The tables behind figures of a run are its log."""

from pathlib import Path

import numpy as np

from featlearn.runs.metrics import load_metrics
from featlearn.views.data.run import StageSpan, read_run
from featlearn.views.data.run_tables import alignment_table, curves_table
from tests.views.examples import (
    new_run,
)


def test_the_tables_are_the_logged_rows(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    data, logged = read_run(run), load_metrics(run.path)
    for table in (curves_table(data), alignment_table(data)):
        for name in set(table) & set(logged):
            np.testing.assert_array_equal(table[name], logged[name])
    assert data.stages == [
        StageSpan("first_step", 0, 1),
        StageSpan("second_layer", 1, 2),
        StageSpan("local_convergence", 2, 402),
    ]


def test_quantiles_stand_at_the_rows_of_the_snapshots(tmp_path: Path) -> None:
    data = read_run(new_run(tmp_path))
    assert data.neurons is not None
    table = alignment_table(data)
    shown = ~np.isnan(table["angle_median"])
    np.testing.assert_array_equal(table["step"][shown], data.neurons.steps)
    assert np.all(table["angle_q05"][shown] <= table["angle_q95"][shown])
    assert np.all(table["angle_q95"][shown] <= np.nanmax(data.neurons.angle, axis=-1))
