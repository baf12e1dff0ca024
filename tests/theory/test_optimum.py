"""The optimum over measures: bounds that meet, a certificate that holds, atoms that move with λ."""

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.theory.activations import activation
from featlearn.theory.measures import DEGREE_ONE_KERNELS, Target
from featlearn.theory.optimum import certificate, certified_optimum
from featlearn.training import networks

DECAYS = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5]


def _plane_teacher(seed: int, width: int = 4, input_dim: int = 5) -> networks.Network:
    return networks.random_teacher(
        networks.generator(seed, "teacher"),
        input_dim=input_dim,
        width=width,
        rank=2,
        min_angle=25.0,
        magnitude=(0.7, 1.3),
        sign="random",
    )


@pytest.mark.parametrize("name", ["relu", "abs"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_bounds_meet_for_teachers_in_a_plane(name: str, seed: int) -> None:
    teacher = _plane_teacher(seed)
    phi = activation(name, 2)
    turns = np.linspace(0, np.pi, 100_000)
    _, _, basis = np.linalg.svd(teacher.first_layer)
    circle = np.cos(turns)[:, None] * basis[0] + np.sin(turns)[:, None] * basis[1]
    for decay in DECAYS:
        found = certified_optimum(phi, teacher.second_layer, teacher.first_layer, decay)
        assert found.certified
        assert found.upper - found.lower <= 1e-8 * found.upper
        eta = certificate(phi, teacher.second_layer, teacher.first_layer, found, circle)
        assert np.abs(eta).max() <= 1 + 1e-6
        at_atoms = certificate(phi, teacher.second_layer, teacher.first_layer, found, found.directions)
        np.testing.assert_allclose(at_atoms, np.sign(found.masses), atol=1e-6)


def test_no_network_is_below_the_lower_bound() -> None:
    teacher, phi, rng = _plane_teacher(0), activation("relu", 2), np.random.default_rng(0)
    found = certified_optimum(phi, teacher.second_layer, teacher.first_layer, 1e-2)
    arrays = teacher.second_layer[None], teacher.first_layer[None]
    for spread in (0.0, 1e-4, 1e-2, 1.0):
        masses = found.masses * (1 + spread * rng.standard_normal(found.masses.shape))
        rows = found.directions + spread * rng.standard_normal(found.directions.shape)
        lengths = np.linalg.norm(rows, axis=-1)
        loss = population.loss(phi, (masses / lengths)[None], rows[None], *arrays)[0]
        assert loss + 1e-2 * np.abs(masses).sum() >= found.lower * (1 - 1e-12)


@pytest.mark.parametrize("setting", DEGREE_ONE_KERNELS)
def test_the_hessian_is_the_slope_of_the_gradient(setting: tuple[str, int]) -> None:
    rng = np.random.default_rng(1)
    first = rng.standard_normal((3, 4))
    first /= np.linalg.norm(first, axis=-1, keepdims=True)
    target = Target(activation(*setting), rng.standard_normal(3), first, 0.1)
    signs, rows = np.array([1.0, -1.0, 1.0, 1.0]), rng.standard_normal((4, target.rank))
    rows[3] = rows[0] + 0.01 * rng.standard_normal(target.rank)
    shifts = 1e-6 * np.eye(rows.size).reshape(-1, *rows.shape)
    ends = target.slope(signs, rows + shifts) - target.slope(signs, rows - shifts)
    np.testing.assert_allclose(ends.reshape(rows.size, -1) / 2e-6, target.hessian(signs, rows), atol=1e-7)


@pytest.mark.parametrize(("decay", "width"), [(1e-7, 1e-5), (1e-9, 1e-6), (1e-30, 1e-7), (1e-200, 1e-7)])
def test_bounds_at_a_tiny_weight_decay(decay: float, width: float) -> None:
    teacher, phi = _plane_teacher(0), activation("relu", 2)
    found = certified_optimum(phi, teacher.second_layer, teacher.first_layer, decay)
    assert 0 < found.lower <= found.upper <= decay * np.abs(teacher.second_layer).sum() * (1 + 1e-12)
    assert found.upper - found.lower <= width * found.upper


def test_nothing_is_best_at_a_large_weight_decay() -> None:
    teacher, phi = _plane_teacher(0), activation("relu", 2)
    found = certified_optimum(phi, teacher.second_layer, teacher.first_layer, 10.0)
    norm = population.squared_norm(phi, teacher.second_layer[None], teacher.first_layer[None])[0]
    assert len(found.masses) == 0
    np.testing.assert_allclose([found.lower, found.upper], norm, rtol=1e-12)


def test_the_optimum_scales_with_the_teacher_and_ignores_rotations() -> None:
    teacher, phi = _plane_teacher(1), activation("relu", 2)
    found = certified_optimum(phi, teacher.second_layer, teacher.first_layer, 1e-2)
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((9, 5)))[0].T
    scaled = certified_optimum(phi, 500 * teacher.second_layer, 2 * teacher.first_layer @ rotation, 10.0)
    np.testing.assert_allclose(scaled.upper, 1e6 * found.upper, rtol=1e-9)
    np.testing.assert_allclose(scaled.masses, 1e3 * found.masses, rtol=1e-6)
    np.testing.assert_allclose(scaled.directions, found.directions @ rotation, atol=1e-6)


def test_what_has_no_optimum_is_refused() -> None:
    teacher = _plane_teacher(0)
    with pytest.raises(ValueError, match="homogeneous of degree 1"):
        certified_optimum(activation("erf", 2), teacher.second_layer, teacher.first_layer, 0.1)
    with pytest.raises(ValueError, match="above 0"):
        certified_optimum(activation("relu", 2), teacher.second_layer, teacher.first_layer, 0.0)
