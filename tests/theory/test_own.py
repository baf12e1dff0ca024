"""A function of the user's own: trained like those of the package, or refused with the reason."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import featlearn
from featlearn.config.yaml_source import ConfigError
from featlearn.theory import quadrature
from featlearn.theory.activations import activation, registry
from featlearn.theory.activations.own import OwnFunction, register_activation


def _bump(z: np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * z * z) + 0.3 * np.tanh(z - 0.5)


def _bump_prime(z: np.ndarray) -> np.ndarray:
    return -z * np.exp(-0.5 * z * z) + 0.3 * (1 - np.tanh(z - 0.5) ** 2)


@contextmanager
def _registered(name: str, *functions: OwnFunction, **further: Any) -> Iterator[None]:
    register_activation(name, *functions, **further)
    try:
        yield
    finally:
        registry._REGISTRY.pop(name)
        registry._FURTHER.pop(name)


CONFIG = """
name: own
activation: {name: bump, drop_hermite_below: 0}
teacher: {directions: [[1.0, 0.5], [0.2, -1.0]], output_weights: [1.0, -1.0]}
student: {init: {kind: explicit, first_layer: [[0.4, 0.1], [-0.3, 0.9]], second_layer: [0.5, 0.7]}}
stages: {descent: {train: [first_layer, second_layer], steps: 20, step_size: 0.05, then: []}}
"""


def test_it_trains_from_python_and_the_command_line_says_that_it_must_be_registered(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(CONFIG)
    with _registered("bump", _bump, _bump_prime):
        run = featlearn.train(featlearn.load_config(file), tmp_path / "runs")
        assert run.status == "done"
        assert run.metrics["loss"][-1] < 0.9 * run.metrics["loss"][0]
    with pytest.raises(ConfigError, match=r"'bump' is not allowed.*registered first.*featlearn\.register_activation"):
        featlearn.load_config(file)


def test_its_kernel_is_the_expectation_of_its_functions() -> None:
    with _registered("bump", _bump, _bump_prime):
        for drop in (0, 2):
            entry = activation("bump", drop)
            found = [float(x[0]) for x in entry.kernel(np, *(np.array([x]) for x in (1.0, 2.0, -0.7)))]
            assert found == pytest.approx(quadrature.pair_kernel(entry, 1.0, 2.0, -0.7), abs=1e-12)
        assert activation("bump", 0).symmetry == "none"


def test_symmetries_are_found() -> None:
    with _registered("wave", np.sin, np.cos, second_derivative=lambda z: -np.sin(z)):
        assert [activation("wave", drop).symmetry for drop in (0, 1, 2, 3)] == ["odd"] * 4
    with _registered("lifted", lambda z: 1 + np.sin(z), np.cos):
        assert [activation("lifted", drop).symmetry for drop in (0, 1, 2)] == ["none", "odd", "odd"]
    with _registered("tilted", lambda z: z + np.cos(z), lambda z: 1 - np.sin(z)):
        assert [activation("tilted", drop).symmetry for drop in (0, 1, 2)] == ["none", "none", "even"]


@pytest.mark.parametrize(
    ("name", "function", "derivative", "why"),
    [
        ("My own", np.sin, np.cos, "is not a name"),
        ("tanh", np.sin, np.cos, "already"),
        ("wrong", np.sin, np.sin, r"derivative does not fit function: from z = .* it changes by .* the integral"),
        ("ramp", lambda z: np.maximum(z, 0), lambda z: 1.0 * (z > 0), r"converges too slowly: .* degrees leave \d"),
        ("cut", lambda z: np.abs(z - 0.3), lambda z: np.sign(z - 0.3), "does not fit function|converges too slowly"),
        ("steep", lambda z: np.tanh(20 * z), lambda z: 20 / np.cosh(np.clip(20 * z, -300, 300)) ** 2, "slowly"),
        ("faint", lambda z: 1e-200 * np.tanh(z), lambda z: 1e-200 / np.cosh(z) ** 2, "up to .*e-201: a multiple of it"),
        ("growing", lambda z: np.exp(0.1 * z * z), lambda z: 0.2 * z * np.exp(0.1 * z * z), "grows too fast: .* gives"),
        ("number", lambda z: 1.0, lambda z: 0.0, r"makes an array \(\) of an array"),
        ("root", lambda z: np.where(z < 0, np.nan, z), lambda z: 1 + 0 * z, "nan at z = -30"),
        ("mixing", lambda z: z - np.mean(z), lambda z: 1 + 0 * z, "entry by entry"),
        (
            "turning",
            lambda z: np.exp(1j * z),
            lambda z: 1j * np.exp(1j * z),
            "its values are complex, and must be real",
        ),
        (5, np.sin, np.cos, "5 is not a name"),
        ("complex", lambda z: np.sin(z) + 1j * z, np.cos, "are complex"),
        ("hole", lambda z: np.where(z == 0, np.nan, np.sin(z)), np.cos, "nan at z = 0"),
        ("null", np.sin, np.cos, "is not a name"),
        ("offset", lambda z: 1e3 + np.sin(z), lambda z: 1.000001 * np.cos(z), "derivative does not fit function"),
        ("plane", lambda z: np.sin(z) if z.ndim == 2 else z.nothing, np.cos, "AttributeError"),
        ("failing", lambda z: z.nothing, lambda z: z, "AttributeError"),
    ],
)
def test_what_has_no_accurate_series_is_refused(name: str, function: Any, derivative: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        register_activation(name, function, derivative)
    assert name == "tanh" or name not in registry.activation_names()
