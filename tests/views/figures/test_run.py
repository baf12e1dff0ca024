"""Every run has figures, also one that has just begun, diverged or is damaged."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.storage.npz import write_npz
from featlearn.views.data.run import read_run
from featlearn.views.figures.overlay import overlay_figure
from featlearn.views.figures.run import run_figures
from featlearn.views.figures.saving import save
from featlearn.views.report.certificate import ANGLES
from featlearn.views.report.run import run_page
from tests.views.certificates import drawing_of, names_of
from tests.views.examples import COLUMN, new_run, with_rows
from tests.views.pages import floats, payload


@pytest.mark.parametrize("rows", [1, 2, 4])
def test_a_run_that_has_just_begun_gives_figures(rows: int, tmp_path: Path) -> None:
    run = with_rows(new_run(tmp_path), rows, status="running", stages=(), optima=())
    for drawing in run_figures(read_run(run), COLUMN):
        assert save(drawing, tmp_path / "out", ["png"], COLUMN)
        if drawing.name not in ("neurons", "cosines", "path"):
            assert len(drawing.table["step"]) == rows
            assert f"running at step {rows - 1}" in drawing.figure.get_suptitle()


@pytest.mark.slow
def test_a_run_that_diverged_gives_figures(tmp_path: Path) -> None:
    run = new_run(tmp_path, "stages.local_convergence.step_size=1e6")
    assert run.read_info().status == "diverged"
    for drawing in run_figures(read_run(run), COLUMN):
        assert save(drawing, tmp_path / "out", ["pdf"], COLUMN)


def test_numbers_that_are_not_finite_leave_gaps(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    rows = [json.loads(text) for text in run.metrics_file.read_text().splitlines()]
    numbers = [name for name, value in rows[0].items() if isinstance(value, float)]
    run.metrics_file.write_text("".join(json.dumps(row | dict.fromkeys(numbers)) + "\n" for row in rows))
    arrays = run.read_arrays(run.snapshots_file)
    arrays["first_layer"][-1, 0], arrays["second_layer"][-1, 1] = np.inf, np.nan
    write_npz(run.snapshots_file, arrays)
    for drawing in run_figures(read_run(run), COLUMN):
        assert save(drawing, tmp_path / "out", ["png"], COLUMN)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*overflow encountered:RuntimeWarning")  # of matplotlib, about such numbers
@pytest.mark.parametrize("far", [1e300, 1e308, 1e-320, -1e300, 2**62])
@pytest.mark.parametrize("all_rows", [False, True])
def test_numbers_as_far_as_floats_go_are_drawn(far: float, all_rows: bool, tmp_path: Path) -> None:
    run = new_run(tmp_path)
    rows = [json.loads(text) for text in run.metrics_file.read_text().splitlines()]
    numbers = [name for name, value in rows[0].items() if isinstance(value, float)]
    rows = [row | dict.fromkeys(numbers, far) if all_rows or row is rows[-1] else row for row in rows]
    run.metrics_file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = read_run(run)
    for drawing in (*run_figures(data, COLUMN), overlay_figure([data], ["loss", "mean_angle"], COLUMN)):
        assert save(drawing, tmp_path / "out", ["png"], COLUMN)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("overrides", "of_optima"),
    [
        (["activation={name: erf, drop_hermite_below: 0}", "stages.second_layer.then=[]"], []),
        (["log={points: 40, snapshots: 12, gap: false}"], []),
        (["teacher.rank=1", "teacher.width=1"], ["path"]),
        (["teacher.rank=4", "teacher.width=4"], ["path"]),
    ],
)
def test_a_run_without_optima_or_of_another_rank_has_no_certificate(
    overrides: list[str], of_optima: list[str], tmp_path: Path
) -> None:
    """Of other ranks there are the optima that the run itself recorded."""
    run = new_run(tmp_path, *overrides)
    names = [name for name in names_of(run) if name != "cosines"]
    assert names == ["curves", "alignment", "neurons", "overlaps", "degrees", *of_optima]
    page = run_page(read_run(run))
    assert payload(page)["certificate"] is None
    assert 'id="certificate"' not in page
    assert "There is no certificate to draw: " in page


@pytest.mark.parametrize("optima", [None, []])
def test_an_old_run_or_one_that_runs_has_no_such_figure(optima: list[Any] | None, tmp_path: Path) -> None:
    run = new_run(tmp_path)
    info = json.loads(run.info_file.read_text())
    del info["optima"]
    run.info_file.write_text(json.dumps(info if optima is None else info | {"optima": optima}))
    assert "certificate" not in names_of(run)
    assert payload(run_page(read_run(run)))["certificate"] is None


def test_a_run_that_diverged_has_its_certificate(tmp_path: Path) -> None:
    run = new_run(tmp_path, "stages.local_convergence.step_size=1e6")
    assert run.read_info().status == "diverged"
    arrays = run.read_arrays(run.snapshots_file)
    arrays["first_layer"][-1, 0] = np.inf
    write_npz(run.snapshots_file, arrays)
    assert "certificate" in names_of(run)
    assert save(drawing_of(run), tmp_path / "out", ["png"], COLUMN)
    eta = floats(payload(run_page(read_run(run)))["certificate"]["eta"]).reshape(-1, ANGLES)
    assert np.isnan(eta[-1]).all()
    assert np.isfinite(eta[0]).all()
