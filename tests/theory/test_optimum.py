"""The optimum over measures: bounds that meet, a certificate that holds, atoms that move with λ."""

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.theory.activations import Activation, activation
from featlearn.theory.alignment import angles, nearest_teacher
from featlearn.theory.certificate import network_certificate
from featlearn.theory.optimum import Optimum, certified_optimum
from featlearn.training import networks
from featlearn.training.networks import Network

DECAYS = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5]


def _teacher(seed: int, *, rank: int = 2, width: int = 4, min_angle: float = 25.0, input_dim: int = 5) -> Network:
    return networks.random_teacher(
        networks.generator(seed, "teacher"),
        input_dim=input_dim,
        width=width,
        rank=rank,
        min_angle=min_angle,
        magnitude=(0.7, 1.3),
        sign="random",
    )


def _twenty_teachers() -> list[Network]:
    """Ranks 2, 3 and 5, with as many neurons and up to 6; signs are random."""
    teachers = []
    for seed in range(20):
        rank = (2, 3, 5)[seed % 3]
        width = rank + (seed // 3) % (7 - rank)
        min_angle = min(25.0, 0.8 * 180 / width) if rank == 2 else 20.0
        teachers.append(_teacher(seed, rank=rank, width=width, min_angle=min_angle, input_dim=12))
    return teachers


TWENTY = _twenty_teachers()


@pytest.mark.slow
@pytest.mark.parametrize("decay", DECAYS)
@pytest.mark.parametrize("number", range(20))
def test_the_optimum_of_twenty_teachers_is_certified(number: int, decay: float) -> None:
    teacher, phi = TWENTY[number], activation("relu", 2)
    found = certified_optimum(phi, teacher.second_layer, teacher.first_layer, decay)
    assert found.upper - found.lower <= 1e-8 * found.upper
    assert found.largest_certificate <= 1 + 1e-6
    weights = (np.sign(found.masses) * np.sqrt(np.abs(found.masses)))[None]
    rows = np.sqrt(np.abs(found.masses))[None, :, None] * found.directions  # the atoms as a balanced network
    loss = population.loss(phi, weights, rows, teacher.second_layer[None], teacher.first_layer[None])[0]
    assert loss + 0.5 * decay * (np.sum(weights**2) + np.sum(rows**2)) == pytest.approx(found.upper, rel=1e-10)
    at_atoms = _eta(phi, teacher, found, found.directions)
    np.testing.assert_allclose(at_atoms, np.sign(found.masses), atol=1e-6)
    if np.linalg.matrix_rank(teacher.first_layer) == 2:
        eta = _eta(phi, teacher, found, _circle(teacher))
        assert np.abs(eta).max() <= 1 + 1e-6
    elsewhere = np.random.default_rng(number).standard_normal((20_000, 12))  # mostly outside the span
    elsewhere /= np.linalg.norm(elsewhere, axis=-1, keepdims=True)
    eta = _eta(phi, teacher, found, elsewhere)
    assert np.abs(eta).max() <= found.largest_certificate


def _eta(phi: Activation, teacher: Network, found: Optimum, directions: np.ndarray) -> np.ndarray:
    """The certificate of an optimum."""
    arrays = found.masses, found.directions, teacher.second_layer, teacher.first_layer
    return network_certificate(phi, *arrays, found.weight_decay, directions)


def _circle(teacher: Network) -> np.ndarray:
    turns = np.linspace(0, 2 * np.pi, 100_000)
    _, _, basis = np.linalg.svd(teacher.first_layer)
    return np.asarray(np.cos(turns)[:, None] * basis[0] + np.sin(turns)[:, None] * basis[1])


@pytest.mark.parametrize("setting", [("relu", 0), ("abs", 2), ("abs", 0), ("relu", 4), ("abs", 6)])
@pytest.mark.parametrize("seed", [0, 1])
def test_bounds_meet_for_other_activations(setting: tuple[str, int], seed: int) -> None:
    teacher, phi = _teacher(seed), activation(*setting)
    for decay in DECAYS:
        found = certified_optimum(phi, teacher.second_layer, teacher.first_layer, decay)
        assert found.certified
        eta = _eta(phi, teacher, found, _circle(teacher))
        assert np.abs(eta).max() <= 1 + 1e-6


def test_a_teacher_that_is_no_optimum_is_left() -> None:
    """Four neurons whose teacher-started atoms are a local optimum only: |η| is above 1 there, and below after."""
    teachers = [_teacher(seed, width=4, min_angle=20.0) for seed in range(12)]
    found = [certified_optimum(activation("relu", 2), t.second_layer, t.first_layer, 0.02) for t in teachers]
    assert any(optimum.rounds > 0 for optimum in found)
    assert all(optimum.certified for optimum in found)


RANGE = [1e-4, 3e-5, 1e-5, 3e-6]


@pytest.mark.slow
@pytest.mark.parametrize(("rank", "width"), [(2, 3), (2, 4), (3, 4), (5, 6)])
@pytest.mark.parametrize("seed", [0, 1])
def test_atoms_shrink_and_turn_in_proportion_to_the_decay(rank: int, width: int, seed: int) -> None:
    teacher, phi = _teacher(seed, rank=rank, width=width, min_angle=20.0, input_dim=8), activation("relu", 2)
    shrinkage, turns = [], []
    for decay in RANGE:
        found = certified_optimum(phi, teacher.second_layer, teacher.first_layer, decay)
        near = nearest_teacher("even", found.masses[None], found.directions[None], teacher.first_layer[None])
        side = (found.masses * near.sign[0])[:, None] * found.directions
        at = [near.index[0] == k for k in range(width)]
        shrinkage.append([abs(teacher.second_layer[k] - found.masses[at[k]].sum()) for k in range(width)])
        centres = np.stack([side[at[k]].sum(0) for k in range(width)]) * np.sign(teacher.second_layer)[:, None]
        to_line = np.diagonal(angles(centres[None], teacher.first_layer[None])[0])
        turns.append(to_line)
        if rank == 2:  # an atom for each line, so that its angle is that of the centre
            np.testing.assert_allclose(np.sort(near.angle[0]), np.sort(to_line), rtol=1e-6)
    for values in (shrinkage, turns):
        exponents = np.polyfit(np.log(RANGE), np.log(values), 1)[0]
        np.testing.assert_allclose(exponents, 1.0, atol=0.05)


def test_no_network_is_below_the_lower_bound() -> None:
    teacher, phi, rng = _teacher(0), activation("relu", 2), np.random.default_rng(0)
    found = certified_optimum(phi, teacher.second_layer, teacher.first_layer, 1e-2)
    arrays = teacher.second_layer[None], teacher.first_layer[None]
    for spread in (0.0, 1e-4, 1e-2, 1.0):
        masses = found.masses * (1 + spread * rng.standard_normal(found.masses.shape))
        rows = found.directions + spread * rng.standard_normal(found.directions.shape)
        lengths = np.linalg.norm(rows, axis=-1)
        loss = population.loss(phi, (masses / lengths)[None], rows[None], *arrays)[0]
        assert loss + 1e-2 * np.abs(masses).sum() >= found.lower * (1 - 1e-12)


@pytest.mark.parametrize(("decay", "width"), [(1e-7, 1e-5), (1e-9, 1e-6), (1e-30, 1e-7), (1e-200, 1e-7)])
def test_bounds_at_a_tiny_weight_decay(decay: float, width: float) -> None:
    teacher, phi = _teacher(0), activation("relu", 2)
    found = certified_optimum(phi, teacher.second_layer, teacher.first_layer, decay)
    assert 0 < found.lower <= found.upper <= decay * np.abs(teacher.second_layer).sum() * (1 + 1e-12)
    assert found.upper - found.lower <= width * found.upper


def test_nothing_is_best_at_a_large_weight_decay() -> None:
    teacher, phi = _teacher(0), activation("relu", 2)
    found = certified_optimum(phi, teacher.second_layer, teacher.first_layer, 10.0)
    norm = population.squared_norm(phi, teacher.second_layer[None], teacher.first_layer[None])[0]
    assert len(found.masses) == 0
    np.testing.assert_allclose([found.lower, found.upper], norm, rtol=1e-12)


def test_the_optimum_scales_with_the_teacher_and_ignores_rotations() -> None:
    teacher, phi = _teacher(1), activation("relu", 2)
    found = certified_optimum(phi, teacher.second_layer, teacher.first_layer, 1e-2)
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((9, 5)))[0].T
    scaled = certified_optimum(phi, 500 * teacher.second_layer, 2 * teacher.first_layer @ rotation, 10.0)
    np.testing.assert_allclose(scaled.upper, 1e6 * found.upper, rtol=1e-9)
    np.testing.assert_allclose(scaled.masses, 1e3 * found.masses, rtol=1e-6)
    np.testing.assert_allclose(scaled.directions, found.directions @ rotation, atol=1e-6)


@pytest.mark.slow
def test_a_narrow_maximum_of_the_certificate_is_not_missed() -> None:
    """Plain relu: a first search with few ascents calls an optimum certified whose |η| is 1.21 elsewhere."""
    rng = np.random.default_rng(0)
    first = rng.standard_normal((5, 4)) @ np.linalg.qr(rng.standard_normal((6, 4)))[0].T
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = rng.uniform(0.5, 1.5, 5) * rng.choice([-1, 1], 5)
    phi = activation("relu", 0)
    found = certified_optimum(phi, second, first, 1e-3)
    points = np.random.default_rng(1).standard_normal((100_000, 4)) @ np.linalg.svd(first)[2][:4]
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    assert np.abs(_eta(phi, Network(second, first), found, points)).max() <= found.largest_certificate
    assert found.upper == pytest.approx(0.0046143708, rel=1e-7)  # of a search with 400 ascents in every round


def test_teachers_that_do_not_count_change_nothing() -> None:
    teacher, phi = _teacher(0), activation("relu", 2)
    second = np.append(teacher.second_layer, [0.0, 1e-200])
    first = np.concatenate([teacher.first_layer, np.eye(5)[:2]])
    alone = certified_optimum(phi, teacher.second_layer, teacher.first_layer, 1e-2)
    assert certified_optimum(phi, second, first, 1e-2).upper == pytest.approx(alone.upper, rel=1e-12)
    with pytest.raises(ValueError, match="other than zero"):
        certified_optimum(phi, np.zeros(2), first[:2], 1e-2)


def test_what_has_no_optimum_is_refused() -> None:
    teacher = _teacher(0)
    with pytest.raises(ValueError, match="homogeneous of degree 1"):
        certified_optimum(activation("erf", 2), teacher.second_layer, teacher.first_layer, 0.1)
    with pytest.raises(ValueError, match="above 0"):
        certified_optimum(activation("relu", 2), teacher.second_layer, teacher.first_layer, 0.0)
