"""An activation that was registered a moment ago works everywhere, though no module of the package names it.

The networks here have two inputs and polynomial neurons, so that a Gauss–Hermite grid gives exact expectations: the
truth below knows the pointwise φ alone.
"""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from docs import generate as docs
from featlearn import load_config, run_batch
from featlearn.theory import population, quadrature
from featlearn.theory.activations import Activation
from featlearn.theory.linear_floors import random_features_floor, tangent_floor
from featlearn.theory.pairs import Pairs
from featlearn.theory.tangents import tangent_products, value_tangent_products
from featlearn.training.backends import BackendError, make_backend
from featlearn.training.backends.torch_samples import loss_and_gradient
from tests.theory import made_up

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(12)
GRID = np.array(list(product(_NODES, _NODES)))
DENSITY = np.outer(_WEIGHTS, _WEIGHTS).ravel() / (2 * np.pi)

every_record = pytest.mark.parametrize("act", made_up.ALL, ids=lambda x: f"{x.name}-{x.drop_hermite_below}")


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    with made_up.registered(*made_up.CUBIC), made_up.registered(*made_up.SQUARE_AND_CUBE):
        yield


DOCUMENT: dict[str, Any] = {
    "seed": 3,
    "teacher": {"directions": [[1.0, 0.0], [0.6, 0.8]], "output_weights": [1.0, -0.5]},
    "student": {"width": 6, "init": {"kind": "gaussian", "first_layer_std": 0.4, "second_layer_std": 0.4}},
    "log": {"points": 6, "snapshots": 2},
}


def run(folder: Path, act: Activation, late: dict[str, Any], **changes: Any) -> Any:
    """The run of one stage with the activation."""
    stages = {"late": {"train": ["first_layer", "second_layer"], "weight_decay": 0.01} | late}
    (folder / "config.yaml").write_text(yaml.safe_dump(DOCUMENT | {"stages": stages} | changes))
    known = load_config(folder / "config.yaml")
    choice: dict[str, Any] = {"name": act.name, "drop_hermite_below": act.drop_hermite_below}
    # The configuration knows the names that the package had when it was loaded, and would refuse this one.
    activation = type(known.activation).model_construct(**choice)
    config = known.model_copy(update={"activation": activation, "backend": "auto"})
    return run_batch([config])[0]


TEACHER = np.array([1.0, -0.5]), np.array([[1.0, 0.0], [0.6, 0.8]])


def values_of(act: Activation, second: np.ndarray, first: np.ndarray) -> np.ndarray:
    """f on the grid."""
    return act.pointwise(GRID @ first.T, np.sum(first * first, -1)) @ second


def exact_loss(act: Activation, second: np.ndarray, first: np.ndarray) -> float:
    return float(DENSITY @ (values_of(act, second, first) - values_of(act, *TEACHER)) ** 2)


@every_record
def test_its_closed_forms_are_right(act: Activation) -> None:
    for q_u, q_v, t in [(1.0, 1.0, 0.3), (0.25, 4.0, -0.9), (2.0, 0.5, 1.0)]:
        s = t * np.sqrt(q_u * q_v)
        found = act.kernel(np, np.float64(q_u), np.float64(q_v), np.float64(s))
        np.testing.assert_allclose(found, quadrature.pair_kernel(act, q_u, q_v, s), rtol=1e-11, atol=1e-11)
    u, v, h, k = np.random.default_rng(0).standard_normal((4, 2))

    def moved(i: int, j: int, step: float) -> float:
        one, other = u + i * step * h, v + j * step * k
        return float(act.kernel(np, one @ one, other @ other, one @ other)[0])

    pairs, step = Pairs.of_rows(u[None], v[None]), 1e-4
    first = (moved(0, 1, step) - moved(0, -1, step)) / (2 * step)
    mixed = sum(i * j * moved(i, j, step) for i in (1, -1) for j in (1, -1)) / (4 * step**2)
    assert value_tangent_products(act, pairs, k @ u, k @ v).item() == pytest.approx(first, rel=1e-6)
    assert tangent_products(act, pairs, h @ u, h @ v, k @ u, k @ v, h @ k).item() == pytest.approx(mixed, rel=1e-6)


METHODS: dict[str, dict[str, Any]] = {
    "gd": {"method": "gd", "step_size": 0.004, "steps": 300},
    "momentum": {"method": "momentum", "step_size": 0.0005, "steps": 300},
    "adam": {"method": "adam", "step_size": 0.01, "steps": 300},
    "lbfgs": {"method": "lbfgs", "steps": 30},
    "flow": {"method": "flow", "step_size": 0.5, "steps": 3},
    "ridge": {"method": "ridge", "train": ["second_layer"]},
}


@every_record
@pytest.mark.parametrize("method", METHODS)
def test_it_trains_on_the_population(method: str, act: Activation, tmp_path: Path) -> None:
    found = run(tmp_path, act, METHODS[method])
    assert found.status == "done"
    assert found.rows[-1]["objective"] < 0.7 * found.rows[0]["objective"]
    assert found.rows[-1]["loss"] == pytest.approx(exact_loss(act, found.second_layer, found.first_layer), rel=1e-9)
    assert found.rows[-1]["gap"] is None
    assert found.rows[0]["kernel_motion"] == 0
    assert np.isfinite(found.rows[-1]["kernel_motion"])


@every_record
def test_a_step_of_gradient_descent_is_a_difference_quotient_of_the_loss(act: Activation, tmp_path: Path) -> None:
    start = run(tmp_path, act, METHODS["gd"] | {"steps": 1, "step_size": 0.0})
    after = run(tmp_path, act, METHODS["gd"] | {"steps": 1, "weight_decay": 0.0})
    step, eta = 1e-5, 0.004
    for layer in ("second_layer", "first_layer"):
        weights = {"second": start.second_layer.copy(), "first": start.first_layer.copy()}
        moving = weights[layer.removesuffix("_layer")]
        for index in np.ndindex(moving.shape):
            kept, ends = moving[index], []
            for sign in (1, -1):
                moving[index] = kept + sign * step
                ends.append(exact_loss(act, weights["second"], weights["first"]))
            moving[index] = kept
            slope = (ends[0] - ends[1]) / (2 * step)
            assert getattr(after, layer)[index] == pytest.approx(kept - eta * slope, abs=1e-9)


@every_record
def test_the_gradient_on_a_sample_is_a_difference_quotient_of_its_loss(act: Activation) -> None:
    rng = np.random.default_rng(2)
    weights = {"second": rng.standard_normal(4), "first": rng.standard_normal((4, 2))}
    inputs, labels = rng.standard_normal((50, 2)), rng.standard_normal(50)

    def loss() -> float:
        rows = weights["first"]
        return float(
            np.mean((act.pointwise(inputs @ rows.T, np.sum(rows * rows, -1)) @ weights["second"] - labels) ** 2)
        )

    second, first = torch.from_numpy(weights["second"].copy()), torch.from_numpy(weights["first"].copy())
    value, slopes = loss_and_gradient(act, second, first, torch.from_numpy(inputs), torch.from_numpy(labels))
    assert value.item() == pytest.approx(loss(), rel=1e-12)
    for moving, slope in zip(weights.values(), slopes, strict=True):
        for index in np.ndindex(moving.shape):
            kept, ends = moving[index], []
            for step in (1e-5, -1e-5):
                moving[index] = kept + step
                ends.append(loss())
            moving[index] = kept
            assert slope[index].item() == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6, abs=1e-6)


@every_record
@pytest.mark.parametrize("method", ["gd", "lbfgs", "flow", "ridge"])
def test_it_trains_on_a_sample(method: str, act: Activation, tmp_path: Path) -> None:
    data = {"kind": "empirical", "samples": 400, "noise_std": 0.1}
    found = run(tmp_path, act, METHODS[method], data=data)
    assert found.status == "done"
    assert found.rows[-1]["train_loss"] < 0.9 * found.rows[0]["train_loss"]


@every_record
def test_it_trains_on_new_inputs_at_every_step(act: Activation, tmp_path: Path) -> None:
    data = {"kind": "online", "batch_size": 64, "noise_std": 0.1}
    found = run(tmp_path, act, METHODS["gd"] | {"step_size": 0.001}, data=data)
    assert found.status == "done"
    assert found.rows[-1]["loss"] < 0.95 * found.rows[0]["loss"]


@every_record
def test_its_floors_are_those_of_least_squares_on_the_grid(act: Activation) -> None:
    rng = np.random.default_rng(1)
    second, first = rng.standard_normal(2), rng.standard_normal((2, 2))
    z, q = GRID @ first.T, np.sum(first * first, -1)
    values = act.pointwise(z, q)
    moved = np.zeros_like(z) if act.drop_hermite_below == 0 else act.mean_prime(q) + act.slope_prime(q) * z
    slopes = act.pointwise_prime(z, q)[..., None] * GRID[:, None] - 2 * moved[..., None] * first
    root = np.sqrt(DENSITY)

    def least(features: np.ndarray) -> float:
        aim = root * values_of(act, *TEACHER)
        solution = np.linalg.lstsq(root[:, None] * features, aim, rcond=1e-12)[0]
        return float(np.sum((root[:, None] * features @ solution - aim) ** 2))

    size = population.squared_norm(act, TEACHER[0][None], TEACHER[1][None])[0]
    tangents = np.concatenate([values, slopes.reshape(len(GRID), -1)], 1)
    assert random_features_floor(act, first, *TEACHER) == pytest.approx(least(values), rel=1e-8, abs=1e-9 * size)
    assert tangent_floor(act, second, first, *TEACHER) == pytest.approx(least(tangents), rel=1e-8, abs=1e-9 * size)
    assert least(values) > 1e-3 * size


@every_record
def test_auto_takes_torch_for_it_and_fused_is_refused(act: Activation) -> None:
    assert make_backend("auto", "auto", "float64", activation=act).name == "torch"
    with pytest.raises(BackendError, match=f"no compiled kernel of {act.name}; use the torch backend"):
        make_backend("fused", "auto", "float64", activation=act)


def test_it_stands_in_the_table_of_activations() -> None:
    lines = docs.activations().splitlines()
    assert [line for line in lines if "`cubic`" in line] == [
        "| `cubic` | z³ | ≥ 2 (`drop_hermite_below: 2`) | (a, w) and (−a, −w) | 3 |",
        "| `cubic` | z³ | all (`drop_hermite_below: 0`) | (a, w) and (−a, −w) | 3 |",
    ]
    assert sum("z² + z³" in line for line in lines) == 2
