"""The certificate in figures and pages is the theory's: ±1 at the atoms, −1/λ times the gradient of a new neuron."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D

from featlearn.runs.directory import RunDirectory, RunError
from featlearn.theory import population
from featlearn.theory.activations import activation
from featlearn.theory.optimum import Optimum, certificate, certified_optimum
from featlearn.views.data.certificate import (
    DISC,
    Certificates,
    CertificateView,
    angle_of,
    certificate_table,
    certificate_view,
    circle,
    disc,
    frame_of,
    from_disc,
    on_circle,
    on_disc,
    read_certificates,
)
from featlearn.views.data.run import read_run
from featlearn.views.figures.certificate import sphere_panels, verdict
from featlearn.views.figures.drawing import Drawing, run_figures, save
from featlearn.views.report.certificate import ANGLES
from featlearn.views.report.page import run_page
from tests.views.examples import COLUMN, PLATEAU, new_run
from tests.views.report.test_page import floats, payload

PLAIN = "activation.drop_hermite_below=0"
SPACE = "teacher.rank=3"
KINDS = [[], [PLAIN], [SPACE], [SPACE, PLAIN]]


def certificates_of(run: RunDirectory) -> Certificates:
    found = read_certificates(read_run(run))
    assert found is not None
    return found


def view_of(run: RunDirectory) -> CertificateView:
    view = certificate_view(certificates_of(run), read_run(run).metrics)
    assert view is not None
    return view


def drawing_of(run: RunDirectory) -> Drawing:
    return next(drawing for drawing in run_figures(read_run(run), COLUMN) if drawing.name == "certificate")


def names_of(run: RunDirectory) -> list[str]:
    return [drawing.name for drawing in run_figures(read_run(run), COLUMN)]


def with_info(run: RunDirectory, **changes: Any) -> RunDirectory:
    """The run with other content of some keys of its run.json."""
    run.info_file.write_text(json.dumps(json.loads(run.info_file.read_text()) | changes))
    return run


def by_gradient(run: RunDirectory, snapshot: int, weight_decay: float, directions: np.ndarray, drop: int) -> np.ndarray:
    """η = −(1/λ) ∂L/∂a of neurons of output weight 0 in these directions, that are added to the network."""
    arrays = run.read_arrays(run.snapshots_file)
    second = np.concatenate([arrays["second_layer"][snapshot], np.zeros(len(directions))])
    first = np.concatenate([arrays["first_layer"][snapshot], directions])
    teacher = arrays["teacher_second_layer"][None], arrays["teacher_first_layer"][None]
    slope = population.gradient(activation("relu", drop), second[None], first[None], *teacher).second_layer[0]
    return np.asarray(-slope[-len(directions) :] / weight_decay)


# --- numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("overrides", KINDS)
def test_the_certificate_of_an_optimum_is_the_theorys_and_the_sign_at_its_atoms(
    overrides: list[str], tmp_path: Path
) -> None:
    run = new_run(tmp_path, *overrides)
    found, view = certificates_of(run), view_of(run)
    arrays, info = run.read_arrays(run.snapshots_file), run.read_info()
    teacher = arrays["teacher_second_layer"], arrays["teacher_first_layer"]
    last = read_run(run).metrics["weight_decay"][-1]
    phi = activation("relu", 0 if PLAIN in overrides else 2)
    optimum = certified_optimum(phi, *teacher, last)
    expected = certificate(phi, *teacher, optimum, view.place @ found.basis)
    np.testing.assert_allclose(view.curves[0].eta, expected, atol=1e-6)  # as good as two solutions agree
    assert view.curves[0].weight_decay == view.optimum.weight_decay == last
    assert np.abs(view.curves[0].eta).max() <= info.optima[-1].largest_certificate + 1e-9
    for decay, marks in view.marks.items():
        np.testing.assert_allclose(found.of_optimum(decay, marks.place), np.sign(marks.mass), atol=1e-6)
    np.testing.assert_allclose(np.sort(np.abs(view.marks[last].mass)), np.sort(np.abs(optimum.masses)), rtol=1e-4)


@pytest.mark.parametrize("overrides", KINDS)
def test_the_certificate_of_the_network_is_the_gradient_of_a_new_neuron(overrides: list[str], tmp_path: Path) -> None:
    run = new_run(tmp_path, *overrides)
    found, view = certificates_of(run), view_of(run)
    drop = 0 if PLAIN in overrides else 2
    step = run.read_arrays(run.snapshots_file)["step"][-1]
    assert view.curves[-1].step == step
    expected = by_gradient(run, -1, view.optimum.weight_decay, view.place @ found.basis, drop)
    np.testing.assert_allclose(view.curves[-1].eta, expected, rtol=1e-9, atol=1e-9)
    # at every snapshot, at its own neurons: ∂L/∂a_j = −λ‖w_j‖ η(w_j/‖w_j‖)
    arrays = run.read_arrays(run.snapshots_file)
    teacher = arrays["teacher_second_layer"][None], arrays["teacher_first_layer"][None]
    every = np.arange(arrays["second_layer"].shape[1])
    logged = {int(row["step"]): row["weight_decay"] for row in run.read_metrics()}
    for s, at in enumerate(arrays["step"]):
        layers = arrays["second_layer"][s][None], arrays["first_layer"][s][None]
        slope = population.gradient(activation("relu", drop), *layers, *teacher).second_layer[0]
        norms = np.linalg.norm(arrays["first_layer"][s], axis=-1)
        eta = found.at_neurons(s, every)
        np.testing.assert_allclose(-logged[int(at)] * norms * eta, slope, rtol=1e-9, atol=1e-12)


def test_living_neurons_at_rest_have_a_certificate_of_their_sign(tmp_path: Path) -> None:
    run = new_run(tmp_path, *PLATEAU)
    found, arrays = certificates_of(run), run.read_arrays(run.snapshots_file)
    second = arrays["second_layer"][-1]
    alive = np.flatnonzero(np.abs(second) > 1e-2)
    eta = found.at_neurons(len(found.decays) - 1, alive)
    np.testing.assert_allclose(eta, np.sign(second[alive]), atol=1e-3)


def test_a_plateau_is_seen(tmp_path: Path) -> None:
    view = view_of(new_run(tmp_path, *PLATEAU))
    optimum, before, network = view.curves
    assert np.abs(optimum.eta).max() < 1.001 > np.abs(before.eta).max()
    assert np.abs(network.eta).max() > 2  # a neuron is missing
    assert view.network_differs
    missed = view.marks[optimum.weight_decay].place[np.argmin(np.abs(view.marks[optimum.weight_decay].mass))]
    highest = angle_of(view.place[np.argmax(np.abs(network.eta))])
    assert abs(highest - angle_of(missed)) < 5  # and this is where


# --- artists and files --------------------------------------------------------------------------


@pytest.mark.parametrize("overrides", [[], [PLAIN]])
def test_artists_on_the_circle_are_the_numbers(overrides: list[str], tmp_path: Path) -> None:
    run = new_run(tmp_path, *overrides)
    drawing, view, found = drawing_of(run), view_of(run), certificates_of(run)
    turn = 360.0 if overrides else 180.0
    for name, curve in zip(("optimum", "optimum_before", "network"), view.curves, strict=True):
        artist = drawing.artists[name]
        assert isinstance(artist, Line2D)
        x = np.asarray(artist.get_xdata(), dtype=float)
        np.testing.assert_allclose(x, circle(found.lines, 721), atol=1e-12)
        np.testing.assert_array_equal(artist.get_ydata(), curve.eta)
        assert x[-1] == turn
    for name, decay in zip(("atoms", "atoms_before"), view.marks, strict=True):
        dots, marks = drawing.artists[name], view.marks[decay]
        assert isinstance(dots, PathCollection)
        at = np.asarray(dots.get_offsets())
        np.testing.assert_allclose(at[:, 0], angle_of(marks.place))
        assert np.all((at[:, 0] >= 0) & (at[:, 0] < turn))
        np.testing.assert_array_equal(at[:, 1], np.sign(marks.mass))
        share = np.abs(marks.mass) / max(np.abs(other.mass).max() for other in view.marks.values())
        areas = np.asarray(dots.get_sizes()) / COLUMN.dot**2
        np.testing.assert_allclose(areas, np.maximum(share, 1 / 25), rtol=1e-12)  # a least size, to be seen
    for k, place in enumerate(view.teacher_place):
        line = drawing.artists[f"teacher_{k}"]
        assert isinstance(line, Line2D)
        assert set(np.asarray(line.get_xdata()).tolist()) == {float(angle_of(place))}
    assert f" = {view.optimum.upper:.4g} (within " in drawing.figure.get_suptitle()


def test_the_verdict_says_what_is_proven() -> None:
    found = Optimum(1e-5, 2.746e-5, 2.746e-5 * (1 - 3e-9), np.array([1.0]), np.array([[1.0, 0.0]]), 1 + 2e-9, 0)
    assert verdict(found) == r"λ = 1e-5: $J^*_\lambda$ = 2.746e-5 (within 3e-9), max |η| = 1 + 2e-9"
    assert "(within 0.02), max |η| = 1.018" in verdict(replace(found, lower=2.69e-5, largest_certificate=1.0183))


@pytest.mark.parametrize("overrides", [[SPACE], [SPACE, PLAIN]])
def test_artists_on_the_sphere_are_the_numbers(overrides: list[str], tmp_path: Path) -> None:
    run = new_run(tmp_path, *overrides)
    drawing, view, found = drawing_of(run), view_of(run), certificates_of(run)
    assert view.frame is not None
    panels = sphere_panels(view)
    assert len(panels) == 2 * (2 if PLAIN in overrides else 1)
    for number, (curve, side, _) in enumerate(panels):
        suffix = f" {number}" if number else ""
        image = drawing.artists[f"eta{suffix}"]
        assert isinstance(image, AxesImage)
        shown = np.asarray(image.get_array())
        expected = (
            found.of_optimum(curve.weight_decay, side * from_disc(disc(DISC), view.frame))
            if curve.step is None
            else found.of_network(len(found.decays) - 1, side * from_disc(disc(DISC), view.frame))
        )
        np.testing.assert_allclose(shown.ravel(), expected, rtol=1e-12, atol=1e-12)
        # at an atom the map is the sign of its mass
        dots = drawing.artists[f"atoms{suffix}"]
        assert isinstance(dots, PathCollection)
        marks = view.marks[curve.weight_decay]
        for x, y in np.asarray(dots.get_offsets()).tolist():
            point = side * from_disc(np.array([[x, y]]), view.frame)[0]
            near = np.linalg.norm(marks.place - point, axis=-1).min()
            other = np.linalg.norm(marks.place + point, axis=-1).min()
            assert near < 1e-9 or (view.lines and other < 1e-9)
        if curve.step is None:
            across = np.linspace(-1, 1, DISC)
            for x, y in np.asarray(dots.get_offsets()).tolist():
                pixel = shown[np.argmin(np.abs(across - y)), np.argmin(np.abs(across - x))]
                assert abs(pixel) > 0.99
    teachers = {name.split()[0] for name in drawing.artists if name.startswith("teacher_")}
    assert teachers == {"teacher_0", "teacher_1", "teacher_2"}


def test_the_projection_is_equal_in_area_and_has_an_inverse() -> None:
    random = np.random.default_rng(0)
    frame = frame_of(np.array([[1.0, 0, 0], [0, 1, 0], [0.6, 0, 0.8]]))
    np.testing.assert_allclose(frame @ frame.T, np.eye(3), atol=1e-12)
    points = random.uniform(-0.7, 0.7, size=(50, 2))
    there = from_disc(points, frame)
    np.testing.assert_allclose(np.linalg.norm(there, axis=-1), 1)
    np.testing.assert_allclose(on_disc(there, frame), points, atol=1e-12)
    h = 1e-6
    right, above = np.array([h, 0]), np.array([0, h])
    across = (from_disc(points + right, frame) - from_disc(points - right, frame)) / (2 * h)
    up = (from_disc(points + above, frame) - from_disc(points - above, frame)) / (2 * h)
    np.testing.assert_allclose(np.linalg.norm(np.cross(across, up), axis=-1), 2.0, rtol=1e-8)  # 2π over π
    rim = from_disc(np.array([[1.0, 0], [0.6, -0.8]]), frame)
    np.testing.assert_allclose(rim @ frame[2], 0, atol=1e-12)


def test_the_half_sphere_cuts_no_teacher_line() -> None:
    for seed in range(5):
        rows = np.random.default_rng(seed).normal(size=(3, 3))
        rows /= np.linalg.norm(rows, axis=-1, keepdims=True)
        assert np.abs(frame_of(rows)[2] @ rows.T).min() > 0.3
    assert np.isfinite(frame_of(np.array([[0.0, 0, 1]]))).all()


@pytest.mark.parametrize("overrides", KINDS)
def test_the_csv_file_holds_what_is_shown(overrides: list[str], tmp_path: Path) -> None:
    run = new_run(tmp_path, *overrides)
    view, found = view_of(run), certificates_of(run)
    save(drawing_of(run), tmp_path / "out", ["png"], COLUMN)
    with (tmp_path / "out" / "certificate.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    curves = [row for row in rows if row["kind"] in ("optimum", "network")]
    for row in curves[:: max(1, len(curves) // 50)]:
        if found.rank == 2:
            place = on_circle(np.array(float(row["angle"])))
        else:
            place = np.array([float(row[name]) for name in "xyz"])
        eta = found.of_optimum(float(row["weight_decay"]), place)
        if row["kind"] == "network":
            assert int(row["step"]) == view.curves[-1].step
            eta = found.of_network(len(found.decays) - 1, place)
        np.testing.assert_allclose(float(row["eta"]), eta, atol=1e-9)
    atoms = [row for row in rows if row["kind"] == "atom"]
    assert [float(row["mass"]) for row in atoms] == [m for marks in view.marks.values() for m in marks.mass.tolist()]
    assert all(float(row["eta"]) == np.sign(float(row["mass"])) for row in atoms)
    assert [row["teacher"] for row in rows if row["kind"] == "teacher"] == ["0", "1", "2"]
    assert all((row["eta"], row["mass"]) == ("", "") for row in rows if row["kind"] == "teacher")


# --- runs that are not like the others ----------------------------------------------------------


@pytest.mark.parametrize(
    "overrides",
    [
        ["activation={name: erf, drop_hermite_below: 0}", "stages.second_layer.then=[]"],
        ["log={points: 40, snapshots: 12, gap: false}"],
        ["teacher.rank=1", "teacher.width=1"],
        ["teacher.rank=4", "teacher.width=4"],
    ],
)
def test_a_run_without_optima_or_of_another_rank_has_no_such_figure(overrides: list[str], tmp_path: Path) -> None:
    run = new_run(tmp_path, *overrides)
    assert names_of(run) == ["curves", "alignment", "neurons"]
    page = run_page(read_run(run))
    assert payload(page)["certificate"] is None
    assert 'id="certificate"' not in page
    assert "no certificate to draw" not in page


@pytest.mark.parametrize("optima", [None, []])
def test_an_old_run_or_one_that_runs_has_no_such_figure(optima: list[Any] | None, tmp_path: Path) -> None:
    run = new_run(tmp_path)
    info = json.loads(run.info_file.read_text())
    del info["optima"]
    run.info_file.write_text(json.dumps(info if optima is None else info | {"optima": optima}))
    assert "certificate" not in names_of(run)
    assert payload(run_page(read_run(run)))["certificate"] is None


def broken(run: RunDirectory, damage: str) -> list[Any]:
    records: list[Any] = run.read_info().plain()["optima"]
    last = records[-1]
    if damage == "combination":
        last["atoms"][0]["combination"] = [1.0]
    elif damage == "norm":
        last["atoms"][0]["combination"] = [2.0, 2.0, 2.0]
    elif damage == "teacher":
        last["atoms"][0]["teacher"] = 7
    elif damage == "decay":
        last["weight_decay"] = 0.0
    else:
        last["lower"], last["upper"] = 1.0, 0.5
    return records


@pytest.mark.parametrize("damage", ["combination", "norm", "teacher", "decay", "bounds"])
def test_a_broken_record_costs_the_certificate_alone(damage: str, tmp_path: Path) -> None:
    run = new_run(tmp_path)
    with_info(run, optima=broken(run, damage))
    with pytest.raises(RunError, match=r"optima\.\d of its record is broken: ") as error:
        read_certificates(read_run(run))
    assert "\n" not in str(error.value)
    assert names_of(run) == ["curves", "alignment", "neurons"]
    page = run_page(read_run(run))
    assert "There is no certificate to draw: " in page
    assert payload(page)["certificate"] is None


def test_decays_that_round_alike_are_told_apart(tmp_path: Path) -> None:
    decays = "stages.local_convergence.weight_decay={start: 0.01, factor: 0.9999, every: 200}"
    figure = drawing_of(new_run(tmp_path, decays)).figure
    [legend] = figure.legends
    shown = [text.get_text() for text in legend.get_texts()]
    assert {"optimum, λ = 0.009999", "optimum, λ = 0.01"} <= set(shown)
    assert figure.get_suptitle().startswith("λ = 0.009999: ")


@pytest.mark.parametrize("overrides", KINDS)
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


def test_a_run_that_diverged_has_its_certificate(tmp_path: Path) -> None:
    run = new_run(tmp_path, "stages.local_convergence.step_size=1e6")
    assert run.read_info().status == "diverged"
    arrays = run.read_arrays(run.snapshots_file)
    arrays["first_layer"][-1, 0] = np.inf
    run.write_arrays(run.snapshots_file, arrays)
    assert "certificate" in names_of(run)
    assert save(drawing_of(run), tmp_path / "out", ["png"], COLUMN)
    eta = floats(payload(run_page(read_run(run)))["certificate"]["eta"]).reshape(-1, ANGLES)
    assert np.isnan(eta[-1]).all()
    assert np.isfinite(eta[0]).all()


def test_rows_without_optima_give_no_view(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    with_info(
        run, optima=run.read_info().plain()["optima"][:1]
    )  # that of λ = 1, which the rows from the second step lack
    found = certificates_of(run)
    metrics = {name: column[2:] for name, column in read_run(run).metrics.items()}
    assert certificate_view(found, metrics) is None
