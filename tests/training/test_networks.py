"""Teachers of the geometry that was asked for, students that start where they should, and draws that stay apart."""

from itertools import combinations
from math import acos, degrees, sqrt
from typing import Any

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.theory.activations import DROP_SETTINGS, activation, activation_names
from featlearn.theory.alignment import angles
from featlearn.theory.conditioning import conditioning
from featlearn.training.networks import (
    InfeasibleTeacher,
    Network,
    SecondLayer,
    explicit_teacher,
    gaussian_student,
    generator,
    largest_min_angle,
    near_teacher_student,
    orthonormal_rows,
    random_teacher,
    symmetric_student,
)


def _teacher(seed: int = 0, **changes: Any) -> Network:
    request: dict[str, Any] = {
        "input_dim": 16,
        "width": 3,
        "rank": 2,
        "min_angle": 25.0,
        "magnitude": (0.7, 1.3),
        "sign": "random",
    }
    return random_teacher(generator(seed, "teacher"), **(request | changes))


def _smallest_line_angle(rows: np.ndarray) -> float:
    """Degrees, pair by pair."""
    return min(degrees(acos(min(1.0, abs(float(u @ v))))) for u, v in combinations(rows, 2))


@pytest.fixture
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests of many teachers need not draw 66 000 candidates for each."""
    monkeypatch.setattr("featlearn.training.networks._CHUNK_ENTRIES", 1000)


# --- teachers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("input_dim", "width", "rank", "min_angle"),
    [(16, 3, 2, 25.0), (5, 4, 3, 40.0), (8, 2, 2, 89.0), (3, 3, 3, 0.0), (1, 1, 1, 0.0)],
)
def test_random_teacher_has_the_rank_and_the_separation_that_were_asked_for(
    input_dim: int, width: int, rank: int, min_angle: float
) -> None:
    for seed in range(5):
        rows = _teacher(seed, input_dim=input_dim, width=width, rank=rank, min_angle=min_angle).first_layer
        assert rows.shape == (width, input_dim)
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, rtol=1e-15)
        assert np.linalg.matrix_rank(rows, tol=1e-9) == rank
        if width > 1:
            assert _smallest_line_angle(rows) >= min_angle - 1e-10


@pytest.mark.usefixtures("_small_chunks")
def test_separation_is_between_lines_not_directions() -> None:
    # two lines in a plane, 80° apart, need directions at 80° … 100°: a search among directions would accept 170°
    found = [_teacher(seed, width=2, min_angle=80.0).first_layer for seed in range(40)]
    cosines = np.array([rows[0] @ rows[1] for rows in found])
    assert (np.abs(cosines) <= np.cos(np.radians(80.0)) + 1e-12).all()
    assert (cosines < 0).any()
    assert (cosines > 0).any()


@pytest.mark.usefixtures("_small_chunks")
def test_random_subspaces_have_no_preferred_axis() -> None:
    rows = np.concatenate([_teacher(seed, input_dim=4, width=2, min_angle=0.0).first_layer for seed in range(400)])
    # E w_i² = 1/4, with a standard deviation of 0.19 of each w_i², rows of a teacher dependent: 5 σ
    np.testing.assert_allclose(np.mean(rows**2, axis=0), 0.25, atol=5 * 0.19 / np.sqrt(400))
    np.testing.assert_allclose(np.mean(rows, axis=0), 0.0, atol=5 * 0.5 / np.sqrt(400))


@pytest.mark.usefixtures("_small_chunks")
@pytest.mark.parametrize(
    ("sign", "allowed"),
    [
        ("positive", {(1.0, 1.0, 1.0)}),
        ("negative", {(-1.0, -1.0, -1.0)}),
        ("alternating", {(1.0, -1.0, 1.0)}),
        ("random", None),
    ],
)
def test_output_weights_have_their_magnitudes_and_signs(sign: str, allowed: set[tuple[float, ...]] | None) -> None:
    a = np.array([_teacher(seed, sign=sign, min_angle=0.0).second_layer for seed in range(60)])
    assert 0.7 <= np.abs(a).min() < 0.75
    assert 1.25 < np.abs(a).max() <= 1.3
    signs = {tuple(row) for row in np.sign(a)}
    assert signs == allowed if allowed else len(signs) == 8


def test_magnitudes_and_directions_do_not_depend_on_the_sign_rule() -> None:
    random, positive = _teacher(3), _teacher(3, sign="positive")
    np.testing.assert_array_equal(np.abs(random.second_layer), positive.second_layer)
    np.testing.assert_array_equal(random.first_layer, positive.first_layer)


@pytest.mark.parametrize(
    ("width", "rank", "limit"),
    [
        (1, 1, 90.0),
        (2, 2, 90.0),
        (5, 8, 90.0),
        (2, 1, 0.0),
        (3, 2, 60.0),
        (7, 2, 180.0 / 7),
        (4, 3, degrees(acos(1 / 3))),  # the diagonals of the cube
        (6, 3, degrees(acos(1 / sqrt(5)))),  # the diagonals of the icosahedron
        (16, 6, degrees(acos(1 / 3))),  # another equiangular set that meets the bound of Welch
    ],
)
def test_largest_min_angle_is_that_of_the_known_best_packings(width: int, rank: int, limit: float) -> None:
    assert largest_min_angle(width, rank) == pytest.approx(limit, rel=1e-13)


def test_an_impossible_separation_is_refused_with_the_limit() -> None:
    with pytest.raises(InfeasibleTeacher, match=r"61 degrees.*3 lines in 2 dimensions.*at most 60 degrees"):
        _teacher(min_angle=61.0)
    with pytest.raises(InfeasibleTeacher, match=r"at most 63\.43 degrees"):
        _teacher(width=6, rank=3, min_angle=63.5)
    with pytest.raises(InfeasibleTeacher, match="at most 0 degrees"):
        _teacher(width=2, rank=1, min_angle=1.0)


def test_a_separation_that_no_draw_meets_is_refused_with_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("featlearn.training.networks.MAX_DRAWS", 500)
    with pytest.raises(InfeasibleTeacher, match=r"found in 500 draws; the geometric limit is 60 degrees"):
        _teacher(min_angle=60.0)


def test_orthonormal_rows_have_no_preferred_axis_or_sign() -> None:
    rows = np.stack([orthonormal_rows(generator(seed, "teacher"), 3, 4) for seed in range(400)])
    np.testing.assert_allclose(rows @ rows.mT, np.broadcast_to(np.eye(3), (400, 3, 3)), atol=1e-14)
    np.testing.assert_allclose(np.mean(rows**2, axis=0), 0.25, atol=5 * 0.25 / np.sqrt(400))
    np.testing.assert_allclose(np.mean(rows, axis=0), 0.0, atol=5 * 0.5 / np.sqrt(400))


@pytest.mark.parametrize("min_angle", [0.0, 25.0])
def test_a_conditioned_teacher_has_the_conditioning_and_the_weights_of_one_that_is_not(min_angle: float) -> None:
    for seed in range(10):
        plain = _teacher(seed, width=4, rank=3, min_angle=min_angle)
        found = _teacher(seed, width=4, rank=3, min_angle=min_angle, min_conditioning=0.3)
        assert conditioning(found.second_layer, found.first_layer) >= 0.3 * (1 - 1e-12)
        assert _smallest_line_angle(found.first_layer) >= min_angle
        np.testing.assert_array_equal(found.second_layer, plain.second_layer)
        basis = np.linalg.svd(plain.first_layer)[2][:3]
        np.testing.assert_allclose(found.first_layer @ basis.T @ basis, found.first_layer, atol=1e-13)


def test_explicit_teacher_is_normalised_and_keeps_its_output_weights() -> None:
    teacher = explicit_teacher(np.array([[3, 4], [0, -2]]), np.array([2, -1]))
    np.testing.assert_allclose(teacher.first_layer, [[0.6, 0.8], [0.0, -1.0]], rtol=1e-15)
    np.testing.assert_array_equal(teacher.second_layer, [2.0, -1.0])
    assert teacher.second_layer.dtype == teacher.first_layer.dtype == np.float64


# --- generators ---------------------------------------------------------------------------------


def test_every_seed_and_purpose_has_a_generator_of_its_own() -> None:
    draws = {
        (seed, purpose): generator(seed, purpose).random()
        for seed in (0, 1, 2**40)
        for purpose in ("teacher", "student", "data")
    }
    assert len(set(draws.values())) == len(draws)
    assert generator(1, "teacher").random() == draws[1, "teacher"]


def test_changing_the_student_does_not_change_the_teacher() -> None:
    teachers = []
    for width in (4, 100):
        symmetric_student(generator(5, "student"), width=width, input_dim=16)
        teachers.append(_teacher(5))
    np.testing.assert_array_equal(teachers[0].first_layer, teachers[1].first_layer)
    assert not np.array_equal(_teacher(5).first_layer, _teacher(6).first_layer)


# --- students -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", activation_names())
@pytest.mark.parametrize("drop", DROP_SETTINGS)
def test_symmetric_student_is_the_zero_function(name: str, drop: int) -> None:
    teacher, student = _teacher(1), symmetric_student(generator(1, "student"), width=10, input_dim=16)
    entry = activation(name, drop)
    weights = [x[None] for x in (student.second_layer, student.first_layer, teacher.second_layer, teacher.first_layer)]
    size = population.squared_norm(entry, *weights[2:])[0]
    assert population.loss(entry, *weights)[0] == pytest.approx(size, rel=1e-13)


def test_symmetric_student_repeats_unit_rows_with_opposite_output_weights() -> None:
    student = symmetric_student(generator(2, "student"), width=50, input_dim=6)
    np.testing.assert_array_equal(student.first_layer[:25], student.first_layer[25:])
    np.testing.assert_array_equal(student.second_layer[:25], -student.second_layer[25:])
    np.testing.assert_allclose(np.linalg.norm(student.first_layer, axis=1), 1.0, rtol=1e-15)
    np.testing.assert_allclose(np.abs(student.second_layer), 1 / sqrt(50), rtol=1e-15)
    assert np.linalg.matrix_rank(student.first_layer) == 6


def test_gaussian_student_has_the_standard_deviation_of_each_layer() -> None:
    student = gaussian_student(
        generator(3, "student"), width=4000, input_dim=50, first_layer_std=0.3, second=SecondLayer("gaussian", 2.0)
    )
    assert student.first_layer.std() == pytest.approx(0.3, rel=5 / sqrt(2 * 200_000))
    assert student.second_layer.std() == pytest.approx(2.0, rel=5 / sqrt(2 * 4000))
    assert abs(student.first_layer.mean()) < 5 * 0.3 / sqrt(200_000)


@pytest.mark.parametrize("angle", [0.0, 1e-6, 5.0, 60.0, 90.0])
@pytest.mark.parametrize("homogeneous", [True, False])
def test_near_teacher_student_lies_at_the_angle_with_the_mass_of_each_teacher(angle: float, homogeneous: bool) -> None:
    teacher = _teacher(4)
    student = near_teacher_student(generator(4, "student"), teacher, width=11, angle=angle, homogeneous=homogeneous)
    every = np.degrees(angles(student.first_layer[None], teacher.first_layer[None]))[0]
    index = np.arange(11) % 3
    np.testing.assert_allclose(every[np.arange(11), index], angle, rtol=1e-9, atol=1e-13)
    norms = np.linalg.norm(student.first_layer, axis=1)
    mass = [np.sum((student.second_layer * norms)[index == k]) for k in range(3)]
    np.testing.assert_allclose(mass, teacher.second_layer, rtol=1e-13)
    if homogeneous:
        np.testing.assert_allclose(np.abs(student.second_layer), norms, rtol=1e-13)
    else:
        np.testing.assert_allclose(norms, 1.0, rtol=1e-13)


def test_near_teacher_students_lie_in_different_directions_around_their_line() -> None:
    teacher = _teacher(4, width=1, rank=1)
    student = near_teacher_student(generator(4, "student"), teacher, width=8, angle=10.0, homogeneous=False)
    assert np.linalg.matrix_rank(student.first_layer, tol=1e-6) == 8


@pytest.mark.parametrize("input_dim", [1, 16])
def test_near_teacher_student_at_angle_zero_is_the_teacher(input_dim: int) -> None:
    teacher = _teacher(4, input_dim=input_dim, width=1, rank=1) if input_dim == 1 else _teacher(4)
    student = near_teacher_student(generator(4, "student"), teacher, width=7, angle=0.0, homogeneous=True)
    weights = [x[None] for x in (student.second_layer, student.first_layer, teacher.second_layer, teacher.first_layer)]
    assert population.loss(activation("relu"), *weights)[0] < 1e-20
