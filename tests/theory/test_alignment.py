"""Alignment metrics on networks small enough to do by hand, and angles where acos would be blind."""

from math import cos, pi, radians, sin

import numpy as np
import pytest

from featlearn.theory.activations import Symmetry
from featlearn.theory.alignment import (
    FOUND_ALIGNED,
    FOUND_LOSS,
    FOUND_MASS_ERROR,
    alignment_metrics,
    angles,
    finds_teacher,
    nearest_teacher,
    neuron_metrics,
    overlaps,
)
from tests.theory.exact import MP, Exact, number

EAST, NORTH = [1.0, 0.0], [0.0, 1.0]


def _direction(degrees: float, length: float = 1.0) -> list[float]:
    return [length * cos(radians(degrees)), length * sin(radians(degrees))]


def _metrics(
    symmetry: Symmetry,
    a: list[float],
    w: list[list[float]],
    teacher_a: list[float],
    teacher_w: list[list[float]],
    start: list[list[float]] | None = None,
) -> dict[str, float]:
    """The metrics of a single run."""
    arrays = [np.array([x], dtype=float) for x in (a, w, teacher_a, teacher_w, w if start is None else start)]
    return {name: column.item() for name, column in alignment_metrics(symmetry, *arrays).items()}


# --- angles -------------------------------------------------------------------------------------


def _exact_angle(u: np.ndarray, v: np.ndarray) -> Exact:
    """In the plane of the two rows, by fifty-digit arithmetic: atan2 of the perpendicular and the parallel part."""
    x, y = ([number(entry) for entry in row] for row in (u, v))
    dot = sum((p * q for p, q in zip(x, y, strict=True)), MP.zero)
    square_x, square_y = (sum((p * p for p in row), MP.zero) for row in (x, y))
    return MP.atan2(MP.sqrt(max(MP.zero, square_x * square_y - dot * dot)), dot)


@pytest.mark.parametrize("d", [2, 3, 50])
def test_angles_are_right_to_rounding_near_0_near_pi_and_between(d: int) -> None:
    rng = np.random.default_rng(d)
    for distance in (1e-12, 1e-9, 1e-5, 1e-2, 1.0):
        for sign in (1.0, -1.0):
            u = rng.standard_normal(d)
            v = 3.0 * sign * (u + distance * rng.standard_normal(d))
            error = abs(angles(u[None, None], v[None, None])[0, 0, 0] - _exact_angle(u, v))
            # unit vectors carry 1e-16 in each row, π another 2e-16
            assert error <= (5e-16 if sign < 0 or distance == 1.0 else 2e-16), (distance, sign)


def test_an_angle_of_a_billionth_of_a_radian_is_seen() -> None:
    u, v = np.array([[[1.0, 0.0]]]), np.array([[[1.0, 1e-9]]])
    assert angles(u, v)[0, 0, 0] == pytest.approx(1e-9, rel=1e-15)
    assert np.pi - angles(u, -v)[0, 0, 0] == pytest.approx(1e-9, rel=1e-6)
    assert angles(u, u)[0, 0, 0] == 0.0
    assert angles(u, -u)[0, 0, 0] == pytest.approx(pi, rel=1e-16)


def test_angles_do_not_depend_on_lengths_and_have_one_entry_a_pair() -> None:
    rng = np.random.default_rng(0)
    w, teacher = rng.standard_normal((2, 5, 3)), rng.standard_normal((2, 4, 3))
    every = angles(w, teacher)
    assert every.shape == (2, 5, 4)
    np.testing.assert_allclose(angles(1e-100 * w, 1e100 * teacher), every, rtol=1e-14)
    cosine = np.sum(w[1, 3] * teacher[1, 2]) / np.linalg.norm(w[1, 3]) / np.linalg.norm(teacher[1, 2])
    assert np.cos(every[1, 3, 2]) == pytest.approx(cosine, rel=1e-13)


# --- the nearest teacher ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("symmetry", "index", "degrees", "sign"),
    [("even", 0, 10.0, -1.0), ("odd", 0, 10.0, -1.0), ("none", 1, 80.0, 1.0)],
)
def test_nearest_is_a_line_under_a_symmetry_and_a_direction_without(
    symmetry: Symmetry, index: int, degrees: float, sign: float
) -> None:
    w = np.array([[_direction(170.0, 2.0)]])
    near = nearest_teacher(symmetry, np.array([[-3.0]]), w, np.array([[EAST, NORTH]]))
    assert near.index.item() == index
    assert np.degrees(near.angle.item()) == pytest.approx(degrees, rel=1e-13)
    assert near.sign.item() == sign
    assert near.mass.item() == pytest.approx(6.0, rel=1e-15)


def test_a_zero_row_has_no_angle_and_no_mass() -> None:
    near = nearest_teacher("even", np.array([[2.0]]), np.zeros((1, 1, 2)), np.array([[EAST, NORTH]]))
    assert np.isnan(near.angle.item())
    assert near.mass.item() == 0.0


# --- the metrics, by hand -----------------------------------------------------------------------


def test_every_metric_of_a_small_even_network_is_the_one_worked_out_by_hand() -> None:
    # masses 2·1 at 3° off east, 1·1 at 6° off north (seen from its other side), 0.5·2 on east's far side
    a, w = [2.0, -1.0, 0.5], [_direction(3.0), _direction(276.0), _direction(180.0, 2.0)]
    start = [[0.0, 0.0], [0.0, 0.0], [-2.0, 3.0]]
    m = _metrics("even", a, w, [2.5, -1.5], [EAST, NORTH], start)
    misalignment = 2.0 * radians(3.0) ** 2 + 1.0 * radians(6.0) ** 2
    assert m["max_angle"] == pytest.approx(6.0, rel=1e-12)
    assert m["misalignment"] == pytest.approx(misalignment, rel=1e-12)
    assert m["mean_angle"] == pytest.approx(np.degrees(np.sqrt(misalignment / 4.0)), rel=1e-12)
    assert m["aligned_mass"] == pytest.approx(3.0 / 4.0, rel=1e-12)
    assert m["alive"] == 3
    assert m["recovered"] == 1  # north has only the neuron at 6°
    assert m["mass_error"] == pytest.approx(0.5, rel=1e-12)  # east: 2 + 1 − 2.5; north: −1 + 1.5
    assert m["balance"] == pytest.approx(1.5, rel=1e-12)
    assert m["subspace"] == pytest.approx(1.0, rel=1e-12)
    moved = np.linalg.norm(np.array(w) - np.array(start)) / np.sqrt(13.0)
    assert m["feature_motion"] == pytest.approx(moved, rel=1e-12)


def test_the_sign_of_a_neuron_on_the_far_side_counts_for_odd_and_not_for_even_activations() -> None:
    network = [3.0], [_direction(180.0)], [3.0], [EAST]
    assert _metrics("even", *network)["mass_error"] == pytest.approx(0.0, abs=1e-14)
    assert _metrics("odd", *network)["mass_error"] == pytest.approx(6.0)  # (3, −w*) is (−3, w*)
    assert _metrics("odd", [-3.0], *network[1:])["mass_error"] == pytest.approx(0.0, abs=1e-14)
    for symmetry, angle, recovered in [("even", 0.0, 1), ("odd", 0.0, 1), ("none", 180.0, 0)]:
        m = _metrics(symmetry, *network)  # type: ignore[arg-type]
        assert m["max_angle"] == pytest.approx(angle, abs=1e-13)
        assert m["recovered"] == recovered
        assert m["aligned_mass"] == recovered


def test_overlaps_are_the_best_cosines_of_the_living_whatever_their_sides() -> None:
    student = [1.0, 1.0, 1e-9], [_direction(60.0), _direction(150.0, 3.0), NORTH]
    for symmetry in ("even", "odd", "none"):
        m = _metrics(symmetry, *student, [1.0, 1.0], [EAST, NORTH])
        best = cos(radians(30.0))  # of the second with −EAST, of the first with NORTH: the third is dead
        assert m["overlap_min"] == pytest.approx(best, abs=1e-15)
        m = _metrics(symmetry, *student, [1.0, 1.0], [EAST, _direction(60.0)])
        assert m["overlap_mean"] == pytest.approx((best + 1) / 2, abs=1e-15)
        assert m["overlap_min"] <= m["overlap_mean"] <= 1


def test_what_lives_is_told_by_the_mass_of_the_target() -> None:
    second, first, directions = np.array([[1e-5, 1.0]]), np.array([[EAST, NORTH]]), np.array([[EAST]])
    for mass, best in [(1.0, 1.0), (100.0, 0.0), (1e7, np.nan)]:
        np.testing.assert_equal(overlaps(second, first, directions, np.array([mass])).item(), best)


def test_a_teacher_line_without_neurons_is_missing_its_whole_mass() -> None:
    m = _metrics("even", [1.0], [EAST], [1.0, -0.8], [EAST, NORTH])
    assert m["mass_error"] == pytest.approx(0.8)
    assert m["recovered"] == 1


def test_a_neuron_between_two_close_lines_recovers_both() -> None:
    m = _metrics("even", [1.0], [_direction(2.0)], [1.0, 1.0], [EAST, _direction(5.0)])
    assert m["recovered"] == 2


def test_a_neuron_below_a_millionth_of_the_teacher_mass_is_dead() -> None:
    # Σ|a*| = 2: dead at 1.9e-6, alive at 2.1e-6; a dead one counts in no maximum, but in no hurry leaves the sums
    m = _metrics("even", [1.0, 1.9e-6], [EAST, NORTH], [-2.0], [EAST])
    assert (m["alive"], m["max_angle"]) == (1, 0.0)
    assert m["misalignment"] == pytest.approx(1.9e-6 * (pi / 2) ** 2)
    m = _metrics("even", [1.0, 2.1e-6], [EAST, NORTH], [-2.0], [EAST])
    assert (m["alive"], m["max_angle"]) == (2, pytest.approx(90.0))


def test_a_dead_neuron_does_not_recover_its_line() -> None:
    m = _metrics("even", [1.0, 1e-9], [EAST, NORTH], [1.0, 1.0], [EAST, NORTH])
    assert m["recovered"] == 1


def test_zero_rows_touch_no_metric_but_balance() -> None:
    a, w, teacher = [1.2, -0.7], [_direction(10.0), _direction(100.0)], ([1.0, -1.0], [EAST, NORTH])
    without = _metrics("even", a, w, *teacher)
    with_it = _metrics("even", [*a, 0.9], [*w, [0.0, 0.0]], *teacher)
    assert with_it.pop("balance") == pytest.approx(0.9)
    without.pop("balance")
    assert with_it == pytest.approx(without, rel=1e-14)


def test_a_dead_network_has_no_angles() -> None:
    m = _metrics("even", [0.0, 0.0], [[0.0, 0.0], [0.0, 0.0]], [1.0], [EAST], [EAST, NORTH])
    for name in ("max_angle", "mean_angle", "aligned_mass", "subspace"):
        assert np.isnan(m[name]), name
    assert (m["alive"], m["recovered"], m["misalignment"], m["mass_error"]) == (0, 0, 0.0, 1.0)
    assert m["feature_motion"] == pytest.approx(1.0)


def test_motion_from_a_zero_start_is_undefined() -> None:
    assert np.isnan(_metrics("even", [1.0], [EAST], [1.0], [EAST], [[0.0, 0.0]])["feature_motion"])


# --- subspace and invariances -------------------------------------------------------------------


def test_subspace_share_of_a_rank_deficient_teacher_counts_its_span_only() -> None:
    teacher = [[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [-0.8, 0.6, 0.0]]  # three lines in a plane
    m = _metrics("even", [1.0, 1.0], [[3.0, 0.0, 1.0], [0.0, 2.0, 2.0]], [1.0, 1.0, 1.0], teacher)
    assert m["subspace"] == pytest.approx(13.0 / 18.0, rel=1e-14)
    parallel = [[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]]
    m = _metrics("none", [1.0, 1.0], [[3.0, 0.0, 1.0], [0.0, 2.0, 2.0]], [1.0, 1.0], parallel)
    assert m["subspace"] == pytest.approx(9.0 / 18.0, rel=1e-14)


@pytest.mark.parametrize("symmetry", ["even", "odd", "none"])
def test_metrics_know_neither_rotation_nor_order_nor_company(symmetry: Symmetry) -> None:
    rng = np.random.default_rng(9)
    b, m, d, width = 3, 6, 4, 2
    a, w, teacher_a = rng.standard_normal((b, m)), rng.standard_normal((b, m, d)), rng.standard_normal((b, width))
    teacher_w, start = rng.standard_normal((b, width, d)), rng.standard_normal((b, m, d))
    teacher_w /= np.linalg.norm(teacher_w, axis=-1, keepdims=True)
    here = alignment_metrics(symmetry, a, w, teacher_a, teacher_w, start)
    rotation, _ = np.linalg.qr(rng.standard_normal((d, d)))
    order = rng.permutation(m)
    turned = alignment_metrics(symmetry, a, w @ rotation, teacher_a, teacher_w @ rotation, start @ rotation)
    mixed = alignment_metrics(
        symmetry, a[:, order], w[:, order], teacher_a[:, ::-1], teacher_w[:, ::-1], start[:, order]
    )
    flip = rng.choice([-1.0, 1.0], (b, m))
    flipped = alignment_metrics(
        symmetry,
        a * flip if symmetry == "odd" else a,
        w * flip[..., None],
        teacher_a,
        teacher_w,
        start * flip[..., None],
    )
    for name, column in here.items():
        assert column.shape == (b,)
        np.testing.assert_allclose(turned[name], column, rtol=1e-11, atol=1e-13, err_msg=name)
        np.testing.assert_allclose(mixed[name], column, rtol=1e-11, atol=1e-13, err_msg=name)
        if symmetry != "none":
            np.testing.assert_allclose(flipped[name], column, rtol=1e-11, atol=1e-13, err_msg=name)
    for run in range(b):
        one = slice(run, run + 1)
        alone = alignment_metrics(symmetry, a[one], w[one], teacher_a[one], teacher_w[one], start[one])
        for name, column in here.items():
            np.testing.assert_array_equal(alone[name][0], column[run], err_msg=name)


@pytest.mark.parametrize("symmetry", ["even", "odd", "none"])
def test_coinciding_neurons_may_be_counted_instead(symmetry: Symmetry) -> None:
    rng = np.random.default_rng(10)
    counts = np.array([[1, 2, 3], [2, 2, 2]])
    a, w = rng.standard_normal((2, 3)), rng.standard_normal((2, 3, 4))
    teacher = rng.standard_normal((2, 2)), rng.standard_normal((2, 2, 4))
    each = np.stack([np.repeat(np.arange(3), count) for count in counts])
    sign = np.ones(each.shape) if symmetry == "none" else rng.choice([-1.0, 1.0], each.shape)
    all_a, all_w = np.take_along_axis(a, each, 1), sign[..., None] * np.take_along_axis(w, each[..., None], 1)
    every = neuron_metrics(symmetry, all_a * sign if symmetry == "odd" else all_a, all_w, *teacher)
    counted = neuron_metrics(symmetry, a, w, *teacher, counts.astype(float))
    assert counted.keys() == every.keys()
    for name, column in every.items():
        np.testing.assert_allclose(counted[name], column, rtol=1e-13, err_msg=name)


# --- to find the teacher ------------------------------------------------------------------------

FOUND = {"recovered": 3.0, "aligned_mass": FOUND_ALIGNED, "mass_error": 0.7 * FOUND_MASS_ERROR, "loss": 2 * FOUND_LOSS}


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ({}, True),
        ({"recovered": 2.0}, False),
        ({"aligned_mass": 0.989}, False),
        ({"mass_error": 0.036}, False),
        ({"loss": 2.01e-5}, False),
        ({"loss": np.nan}, False),
    ],
)
def test_a_network_finds_its_teacher_when_lines_masses_and_loss_are_right(wrong: dict[str, float], found: bool) -> None:
    columns = {name: np.array([value]) for name, value in {**FOUND, **wrong}.items()}
    assert finds_teacher(columns, np.array([3]), np.array([0.7]), np.array([2.0])).tolist() == [found]
