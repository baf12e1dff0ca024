"""The functions that a run trained are read from its files, and what these do not say is told."""

import re
from pathlib import Path

import numpy as np
import pytest

from featlearn.runs.directory import RunDirectory
from featlearn.storage.errors import RunError
from featlearn.views.data import trained
from featlearn.views.data.run import read_run
from featlearn.views.data.trained import trained_functions
from featlearn.views.figures.run import run_figures
from tests.views.examples import COLUMN, POLYNOMIAL, new_run, with_info


def test_losses_of_the_trained_functions_are_those_of_the_log(tmp_path: Path) -> None:
    """With ever higher degrees, less than nothing is left."""
    for overrides in ([], POLYNOMIAL, ["student.scaling=ntk", POLYNOMIAL[2]]):
        data = read_run(new_run(tmp_path, *overrides))
        functions = trained_functions(data)
        losses = data.metrics["loss"][np.isin(data.metrics["step"], functions.snapshots.steps)]
        parts = functions.losses_by_degree(losses)
        assert np.all(np.nansum(parts[:, :-1], -1) <= losses * (1 + 1e-12))
        assert np.nanmax(np.nansum(parts[:, :-1], -1) / losses) > 0.5


def test_of_wide_networks_fewer_snapshots_are_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = read_run(new_run(tmp_path))
    monkeypatch.setattr(trained, "_MOST_PAIRS", 0)
    parts = trained_functions(data).losses_by_degree(np.ones(12))
    at = np.flatnonzero(np.isfinite(parts).any(-1))
    assert (len(at), at[0], at[-1]) == (6, 0, 11)


def _broken(run: RunDirectory, how: str) -> RunDirectory:
    if how == "no configuration":
        run.config_file.unlink()
        return run
    if how == "unknown teacher":
        text = run.config_file.read_text()
        run.config_file.write_text(re.sub("(?m)^teacher:", "teacher:\n  activation: {name: nothing}", text))
        return run
    return with_info(run, polynomial="x1 + x2*x3*x4" if how == "other directions" else "x1 +")


@pytest.mark.parametrize("how", ["no configuration", "unknown teacher", "other directions", "no formula"])
def test_what_was_trained_and_is_not_said_has_no_figure(how: str, tmp_path: Path) -> None:
    data = read_run(_broken(new_run(tmp_path), how))
    with pytest.raises(RunError):
        trained_functions(data)
    drawn = [drawing.name for drawing in run_figures(data, COLUMN)]
    assert drawn[:3] == ["curves", "alignment", "neurons"]
    assert "degrees" not in drawn


def test_only_under_standard_inputs_are_there_degrees(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    assert trained_functions(read_run(run)).no_degrees is None
    run.config_file.write_text(run.config_file.read_text() + "inputs: {covariance: {power_law: 1.0}}\n")
    data = read_run(run)
    assert "the inputs have a covariance" in str(trained_functions(data).no_degrees)
    names = [drawing.name for drawing in run_figures(data, COLUMN)]
    assert "overlaps" in names
    assert "degrees" not in names
