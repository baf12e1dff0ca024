"""The certificate in the page of a run, and in a real browser: at every snapshot it is the theory's."""

from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver.common.by import By

from featlearn.views.data.directions import circle, on_circle
from featlearn.views.data.run import read_run
from featlearn.views.report.certificate import ANGLES
from featlearn.views.report.run import run_page
from tests.views.browser import Browser, errors, needs_browser, opened, until
from tests.views.certificates import (
    PLAIN,
    SPACE,
    by_gradient,
    certificates_of,
)
from tests.views.examples import (
    new_run,
)
from tests.views.pages import floats, payload


def test_the_page_holds_the_certificate_of_every_snapshot(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    data, found = read_run(run), certificates_of(run)
    packed = payload(run_page(data))["certificate"]
    place = on_circle(circle(True, ANGLES))
    eta = floats(packed["eta"]).reshape(-1, ANGLES)
    assert len(eta) == len(found.decays)
    for s, decay in enumerate(found.decays):
        expected = by_gradient(run, s, decay, place @ found.basis, 2)
        np.testing.assert_allclose(eta[s], expected, rtol=1e-6, atol=1e-6)
        optimum = packed["optima"][packed["optimum"][s]]
        assert optimum["weight_decay"] == decay
        np.testing.assert_allclose(floats(optimum["eta"]), found.of_optimum(decay, place), atol=1e-6)
    np.testing.assert_array_equal(floats(packed["decays"]), found.decays)


def test_the_neurons_of_the_certificate_are_those_that_are_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for function in ("heaviest", "neurons_payload"):
        monkeypatch.setattr(f"featlearn.views.report.neurons.{function}.__defaults__", (5,))
    run = new_run(tmp_path)
    data, found = payload(run_page(read_run(run))), certificates_of(run)
    shown = floats(data["certificate"]["at_neurons"]).reshape(len(found.decays), 5)
    mass = floats(data["neurons"]["mass"]).reshape(len(found.decays), 5)
    neurons = read_run(run).neurons
    assert neurons is not None
    chosen = [int(np.argmin(np.abs(neurons.mass[-1].astype("f4") - m))) for m in mass[-1]]
    for s in (0, 5, -1):
        np.testing.assert_allclose(shown[s], found.at_neurons(s, np.array(chosen)), rtol=1e-5, atol=1e-6)


def curve_shown(browser: Browser) -> list[float]:
    shown: list[float] = browser.execute_script(
        "return document.getElementById('certificate').data.find((t) => t.name === 'network').customdata"
    )
    return shown


def moved_to(browser: Browser, snapshot: int) -> None:
    browser.execute_script(
        "const e = document.getElementById('time'); e.value = arguments[0]; e.dispatchEvent(new Event('input'));",
        snapshot,
    )


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize("overrides", [[], [PLAIN]])
def test_the_slider_moves_the_certificate(overrides: list[str], browser: Browser, tmp_path: Path) -> None:
    run = new_run(tmp_path, *overrides)
    found = certificates_of(run)
    opened(browser, run_page(read_run(run)), tmp_path, "#certificate")
    place = on_circle(circle(found.lines, ANGLES))
    for s in (len(found.decays) - 1, 0, 4):
        moved_to(browser, s)
        expected = by_gradient(run, s, found.decays[s], place @ found.basis, 2 if found.lines else 0)
        until(lambda e=expected: np.allclose(curve_shown(browser), e, rtol=1e-5, atol=1e-5))  # type: ignore[misc]
        dots = browser.execute_script(
            "const t = document.getElementById('certificate').data.find((t) => t.name === 'certified');"
            "return [t.x, t.y]"
        )
        eta = found.at_neurons(s, np.arange(len(dots[0])))
        inside = np.abs(eta) <= 1  # where the axis is linear
        np.testing.assert_allclose(np.array(dots[1])[inside], eta[inside], atol=1e-5)
        assert np.all(np.sign(np.array(dots[1])[~inside]) == np.sign(eta[~inside]))
        assert np.all(np.abs(np.array(dots[1])[~inside]) > 1)
        told = browser.find_element(By.ID, "certified").text
        assert f"largest |η| {float(f'{np.abs(expected).max():.3g}'):g}" in told
        atoms = browser.execute_script(
            "return document.getElementById('certificate').data.find((t) => t.name === 'atoms')?.y"
        )
        assert atoms == np.sign(found.optima[float(found.decays[s])].masses).tolist()
    assert errors(browser) == []


@pytest.mark.slow
@needs_browser
def test_the_slider_colours_the_sphere(browser: Browser, tmp_path: Path) -> None:
    run = new_run(tmp_path, SPACE)
    found = certificates_of(run)
    opened(browser, run_page(read_run(run)), tmp_path, "#neurons")
    for s in (len(found.decays) - 1, 0):
        moved_to(browser, s)
        x, y, z, colour = (
            np.array(values)
            for values in browser.execute_script(
                "const t = document.getElementById('neurons').data.find((t) => t.name === 'certificate');"
                "return [t.x, t.y, t.z, t.surfacecolor]"
            )
        )
        sphere = np.stack([x, y, z], -1).reshape(-1, 3)
        sphere /= np.linalg.norm(sphere, axis=-1, keepdims=True)
        np.testing.assert_allclose(colour.ravel(), found.of_network(s, sphere), rtol=1e-4, atol=1e-4)
    assert errors(browser) == []


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize(
    "overrides", [["stages.local_convergence.weight_decay=0"], ["stages.local_convergence.weight_decay=2.0"]]
)
def test_a_page_without_decay_or_atoms_has_no_errors(overrides: list[str], browser: Browser, tmp_path: Path) -> None:
    run = new_run(tmp_path, *overrides)
    opened(browser, run_page(read_run(run)), tmp_path, "#certificate")
    if overrides[0].endswith("=0"):
        assert browser.find_element(By.ID, "certified").text.startswith("no certificate")
        assert set(curve_shown(browser)) <= {None} or np.isnan(np.array(curve_shown(browser), dtype=float)).all()
    moved_to(browser, 0)
    until(lambda: browser.find_element(By.ID, "certified").text.startswith("λ = 1 "))
    assert errors(browser) == []


@pytest.mark.slow
@needs_browser
def test_on_the_sphere_atoms_are_rings_and_a_cross_is_where_the_certificate_is_largest(
    browser: Browser, tmp_path: Path
) -> None:
    run = new_run(tmp_path, SPACE)
    found = certificates_of(run)
    opened(browser, run_page(read_run(run)), tmp_path, "#neurons")
    trace = "const t = document.getElementById('neurons').data.find((t) => t.name === '{}'); return [t.x, t.y, t.z]"
    last = len(found.decays) - 1
    rings = np.array(browser.execute_script(trace.format("atoms")), dtype=float).T.reshape(-1, 34, 3)[:, :-1]
    atoms = found.atom_place(float(found.decays[last]))
    atoms = np.concatenate([atoms, -atoms]) if found.lines else atoms
    middle = rings[:, :-1].mean(axis=1)
    np.testing.assert_allclose(
        middle / np.linalg.norm(middle, axis=-1, keepdims=True),
        atoms / np.linalg.norm(atoms, axis=-1, keepdims=True),
        atol=1e-6,
    )
    apart = np.linalg.norm(rings - middle[:, None], axis=-1)
    np.testing.assert_allclose(apart, np.broadcast_to(apart[:, :1], apart.shape), rtol=1e-6)
    strokes = np.array(browser.execute_script(trace.format("largest")), dtype=float).T
    place = strokes[:2].mean(axis=0)
    assert f"largest |η| {abs(found.of_network(last, place[None] / np.linalg.norm(place))[0]):.3g}, at the cross, " in (
        browser.find_element(By.ID, "certified").text
    )
    surface = "return document.getElementById('neurons').data.find((t) => t.name === 'certificate').opacity ?? 1"
    assert browser.execute_script(surface) == 1, "what is behind the sphere is no part of its colours"
    assert errors(browser) == []
