"""The certificate is the theory's: ±1 at the atoms, −1/λ times the gradient of a new neuron."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.config.load import load_config
from featlearn.runs.directory import RunDirectory
from featlearn.runs.train import train
from featlearn.storage.errors import RunError
from featlearn.theory import population
from featlearn.theory.activations import activation
from featlearn.theory.certificate import network_certificate
from featlearn.theory.optimum import certified_optimum
from featlearn.views.data.certificate import read_certificates, why_no_certificate
from featlearn.views.data.run import read_run
from featlearn.views.report.run import run_page
from tests.places import CONFIGS
from tests.views.certificates import PLAIN, TEACHERS, by_gradient, certificates_of, names_of, view_of
from tests.views.examples import PLATEAU, new_run, with_info
from tests.views.pages import payload


@pytest.mark.slow
@pytest.mark.parametrize("overrides", TEACHERS)
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
    measure = optimum.masses, optimum.directions
    expected = network_certificate(phi, *measure, *teacher, optimum.weight_decay, view.place @ found.basis)
    np.testing.assert_allclose(view.curves[0].eta, expected, atol=1e-6)  # as good as two solutions agree
    assert view.curves[0].weight_decay == view.optimum.weight_decay == last
    assert np.abs(view.curves[0].eta).max() <= info.optima[-1].largest_certificate + 1e-9
    for decay, marks in view.marks.items():
        np.testing.assert_allclose(found.of_optimum(decay, marks.place), np.sign(marks.mass), atol=1e-6)
    np.testing.assert_allclose(np.sort(np.abs(view.marks[last].mass)), np.sort(np.abs(optimum.masses)), rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("overrides", TEACHERS)
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
    assert names_of(run) == ["curves", "alignment", "neurons", "overlaps", "cosines", "degrees"]
    page = run_page(read_run(run))
    assert "There is no certificate to draw: " in page
    assert payload(page)["certificate"] is None


LAZY, PLAIN_NETWORK = "lazy", "student.output_scale=null"


@pytest.mark.parametrize(
    ("name", "overrides", "told"),
    [
        (LAZY, [], "for networks with student.output_scale"),
        (LAZY, [PLAIN_NETWORK], "(λ = 0 throughout)"),
        (LAZY, [PLAIN_NETWORK, "activation={name: quadratic}"], "for the activation quadratic, only for those that"),
        ("quickstart", ["log.gap=false"], "where log.gap is false"),
        ("quickstart", ["inputs.covariance={power_law: 1.0}"], "for inputs with a covariance"),
        ("quickstart", ["teacher.rank=1", "teacher.width=1"], "this one has rank 1"),
        ("staircase", [], "no optimum is known for a polynomial target"),
    ],
)
def test_a_run_without_a_certificate_says_what_is_in_the_way(
    name: str, overrides: list[str], told: str, tmp_path: Path
) -> None:
    config = load_config(CONFIGS / f"{name}.yaml", ["student.width=12", *overrides])
    last = list(config.stages)[-1]
    config = load_config(CONFIGS / f"{name}.yaml", ["student.width=12", f"stages.{last}.steps=5", *overrides])
    assert told in why_no_certificate(read_run(train(config, tmp_path).run))
