"""What a figure shows of the certificates of a run."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.views.data.certificate_view import certificate_table, certificate_view
from featlearn.views.data.directions import angle_of
from featlearn.views.data.run import read_run
from featlearn.views.figures.saving import save
from featlearn.views.report.certificate import ANGLES
from featlearn.views.report.run import run_page
from featlearn.views.words.certificate import verdict
from tests.views.certificates import TEACHERS, certificates_of, drawing_of, view_of
from tests.views.examples import COLUMN, PLATEAU, new_run, with_info
from tests.views.pages import floats, payload


def test_a_plateau_is_seen(tmp_path: Path) -> None:
    view = view_of(new_run(tmp_path, *PLATEAU))
    optimum, before, network = view.curves
    assert np.abs(optimum.eta).max() < 1.001 > np.abs(before.eta).max()
    assert np.abs(network.eta).max() > 2  # a neuron is missing
    assert view.network_differs
    missed = view.marks[optimum.weight_decay].place[np.argmin(np.abs(view.marks[optimum.weight_decay].mass))]
    highest = angle_of(view.place[np.argmax(np.abs(network.eta))])
    assert abs(highest - angle_of(missed)) < 5  # and this is where


@pytest.mark.slow
@pytest.mark.parametrize("overrides", TEACHERS)
def test_the_zero_function_has_a_certificate_without_atoms(overrides: list[str], tmp_path: Path) -> None:
    run = new_run(tmp_path, "stages.local_convergence.weight_decay=2.0", *overrides)
    view = view_of(run)
    assert [len(marks.mass) for marks in view.marks.values()] == [0]
    assert "the zero function is best" in verdict(view.optimum)
    assert np.abs(view.curves[0].eta).max() < 1
    assert save(drawing_of(run), tmp_path / "out", ["png", "pdf", "svg"], COLUMN)
    assert "atom" not in set(certificate_table(view)["kind"])
    [*_, optimum] = payload(run_page(read_run(run)))["certificate"]["optima"]
    assert floats(optimum["mass"]).size == 0


def test_after_the_last_decay_comes_the_figure_of_the_one_before(tmp_path: Path) -> None:
    run = new_run(tmp_path, "stages.local_convergence.weight_decay=0")
    data, view = read_run(run), view_of(run)
    assert data.metrics["weight_decay"][-1] == 0
    assert view.optimum.weight_decay == 0.005
    assert view.curves[-1].step == 2
    packed = payload(run_page(data))["certificate"]
    eta = floats(packed["eta"]).reshape(-1, ANGLES)
    assert np.isnan(eta[-1]).all()
    assert packed["optimum"][-1] == -1
    assert np.isfinite(eta[0]).all()


def test_rows_without_optima_give_no_view(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    with_info(
        run, optima=run.read_info().plain()["optima"][:1]
    )  # that of λ = 1, which the rows from the second step lack
    found = certificates_of(run)
    metrics = {name: column[2:] for name, column in read_run(run).metrics.items()}
    assert certificate_view(found, metrics) is None
