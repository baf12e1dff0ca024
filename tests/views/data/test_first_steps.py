"""The first steps at which a column passes a threshold are those of the logs."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.runs.metrics import load_metrics
from featlearn.storage.errors import WrongChoice
from featlearn.views.data.first_steps import with_first_steps
from featlearn.views.data.sweep import read_sweep, summary_table
from featlearn.views.figures.sweep import sweep_figures
from tests.views.examples import COLUMN, SEEDS, swept

DECAYS = "grid:\n  stages.local.weight_decay: [0.001, 0.1]\nseeds: 3\n"
CONDITIONS = ["loss below 0.05", "aligned_mass above 0.3", "loss below 0"]


def test_first_steps_are_those_of_the_logs_and_infinite_where_there_are_none(tmp_path: Path) -> None:
    directory = swept(tmp_path, DECAYS)
    data = with_first_steps(read_sweep(directory), CONDITIONS)
    for place, point in enumerate(data.columns["id"]):
        logged = load_metrics(directory.run(point).path)
        for condition, met in zip(CONDITIONS, (logged["loss"] < 0.05, logged["aligned_mass"] > 0.3), strict=False):
            wanted = logged["step"][np.argmax(met)] if met.any() else np.inf
            assert data.columns[condition][place] == wanted
    assert np.all(np.isinf(data.columns["loss below 0"]))
    assert len({*data.columns["loss below 0.05"]}) > 1


def test_runs_that_never_get_there_are_later_than_all_others(tmp_path: Path) -> None:
    data = read_sweep(swept(tmp_path, DECAYS))
    for steps, wanted in [
        ([1.0, 2.0, np.inf], (1.5, 2.0, np.inf)),
        ([1.0, np.inf, np.inf], (np.inf, np.inf, np.inf)),
        ([5.0, np.nan, 7.0], (5.5, 6.0, 6.5)),
    ]:
        data.columns["loss"] = np.tile(steps, 2)
        table = summary_table(data, data.axes, "loss")
        assert tuple(table[name][0] for name in ("q25", "median", "q75")) == wanted


@pytest.mark.parametrize("text", [DECAYS, SEEDS.replace("store: summary\n", "")])
def test_figures_of_conditions_that_few_fulfil_can_be_drawn(text: str, tmp_path: Path) -> None:
    data = read_sweep(swept(tmp_path, text))
    drawn = list(sweep_figures(data, CONDITIONS, None, None, COLUMN))
    assert len(drawn) == 3
    for drawing in drawn:
        drawing.figure.canvas.draw()
        assert "never get there" in drawing.caption


def test_without_logs_there_is_a_way_out(tmp_path: Path) -> None:
    data = read_sweep(swept(tmp_path, SEEDS))
    with pytest.raises(
        WrongChoice, match="keeps no logs, and so no first step of loss below 1: run it with store: full"
    ):
        with_first_steps(data, ["loss", "loss below 1"])
    assert with_first_steps(data, ["loss"]) is data
