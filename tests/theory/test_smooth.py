"""Conformance of the activations whose kernels are Hermite series, a made-up one included, over their hard points."""

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from featlearn.theory import double_double, population, quadrature, tangents
from featlearn.theory.activations import Activation, activation, activations
from featlearn.theory.activations.series import HermiteSeries
from featlearn.theory.activations.smooth import smooth_activation
from featlearn.theory.double_double import DoubleDouble
from featlearn.theory.pairs import Pairs
from tests.theory import exact, smooth_truth
from tests.theory.exact import number
from tests.theory.points import generic


def _wave(z: np.ndarray, xp: object = np) -> np.ndarray:
    return xp.sin(z) * xp.exp(-0.25 * z * z) + 0.5 * z  # type: ignore[attr-defined]


def _wave_prime(z: np.ndarray, xp: object = np) -> np.ndarray:
    return (xp.cos(z) - 0.5 * z * xp.sin(z)) * xp.exp(-0.25 * z * z) + 0.5  # type: ignore[attr-defined]


MADE_UP = smooth_activation("wave", "sin(z) exp(−z²/4) + z/2", HermiteSeries((_wave, _wave_prime), "odd"))
SERIES = [*(entry for entry in activations() if entry.series is not None), MADE_UP(0), MADE_UP(2)]
NAMES = list(dict.fromkeys(entry.name for entry in SERIES if entry.name != "wave"))
every_entry = pytest.mark.parametrize("entry", SERIES, ids=lambda e: f"{e.name}-{e.drop_hermite_below}")

NORMS = [1e-6, 1e-3, 1.0, 4.0, 25.0]
COSINES = [0.0, 0.3, -0.999, 1 - 1e-6, -(1 - 1e-12), 1.0, -1.0]
PROPERTY = settings(max_examples=8, derandomize=True, deadline=None, database=None)


def _points() -> Iterator[tuple[float, float, float]]:
    for q_u, q_v, t in product(NORMS, NORMS, COSINES):
        yield q_u, q_v, t * (q_u * q_v) ** 0.5


def _series(entry: Activation) -> HermiteSeries:
    assert entry.series is not None
    return entry.series


@pytest.mark.parametrize("name", NAMES)
def test_kernels_and_derivatives_are_within_their_bound_over_the_hard_points(name: str) -> None:
    series = _series(activation(name, 0))
    for q_u, q_v in product(NORMS, NORMS):
        x, s = np.sqrt([q_u, q_v]), np.array(COSINES) * (q_u * q_v) ** 0.5
        degree = series.degree(float(x.max()))
        assert degree is not None
        bound = series.bound(x, degree)
        assert bound <= 1e-10
        for drop in (0, 2):  # which share what the truth of plain φ is
            found = activation(name, drop).kernel(np, np.full_like(s, q_u), np.full_like(s, q_v), s)
            for place, its in enumerate(s.tolist()):
                truth = exact.kernel(name, drop, number(q_u), number(q_v), number(its))
                for ours, theirs in zip(found, truth, strict=True):
                    error = abs(float(ours[place]) - float(theirs))
                    assert error <= bound + 2e-14 * max(1.0, x[0] * x[1]), (drop, q_u, q_v, its)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_kernels_and_derivatives_have_their_digits_beside_sums_in_thirty(name: str) -> None:
    for q_u, q_v, t in [(1.0, 0.25, 0.5), (4.0, 4.0, 1 - 2.0**-40), (25.0, 4.0**-8, -1.0), (25.0, 25.0, 1.0)]:
        truth = smooth_truth.kernel_in_thirty_digits(name, q_u, q_v, t)
        found = activation(name, 0).kernel(np, np.float64(q_u), np.float64(q_v), np.float64(t * np.sqrt(q_u * q_v)))
        reference = smooth_truth.kernel(name, q_u, q_v, t * np.sqrt(q_u * q_v))
        bound = _series(activation(name, 0)).level_bound(max(q_u, q_v) ** 0.5) or np.nan
        size = max(1.0, np.sqrt(q_u * q_v))
        for ours, other, theirs in zip(found, reference, truth, strict=True):
            assert abs(other - theirs) <= 2e-16 * size, (q_u, q_v, t)
            assert abs(float(ours) - theirs) <= bound + 5e-15 * size, (q_u, q_v, t)


@every_entry
def test_kernel_and_derivatives_are_the_expectations_of_the_pointwise_functions(entry: Activation) -> None:
    for q_u, q_v, t in [(1.0, 1.0, 0.0), (0.25, 4.0, 0.3), (9.0, 1.0, -0.999), (1e-4, 2.0, 1.0)]:
        s = t * np.sqrt(q_u * q_v)
        found = [float(x) for x in entry.kernel(np, np.float64(q_u), np.float64(q_v), np.float64(s))]
        truth = quadrature.pair_kernel(entry, q_u, q_v, s)
        assert found == pytest.approx(truth, rel=0, abs=2e-12 * max(1.0, q_u, 1e-2 / q_u))


@every_entry
@pytest.mark.parametrize("xp", [torch, double_double], ids=["torch", "double-double"])
def test_the_kernel_is_the_same_in_every_type(entry: Activation, xp: object) -> None:
    given = [np.array(x) for x in zip(*(its for its in _points() if max(its[:2]) <= 4), strict=True)]
    ours = entry.kernel(np, *given)
    for mine, theirs in zip(ours, entry.kernel(xp, *(_as(xp, x) for x in given)), strict=True):
        other = theirs.to_float() if isinstance(theirs, DoubleDouble) else theirs.numpy()
        np.testing.assert_allclose(other, mine, rtol=1e-13, atol=2e-14)


def _as(xp: object, x: np.ndarray) -> object:
    return torch.from_numpy(x.copy()) if xp is torch else DoubleDouble(x)


@every_entry
def test_a_single_precision_kernel_has_its_digits(entry: Activation) -> None:
    q = np.array([0.25, 1.0, 2.0])
    ours = entry.kernel(np, q, q[::-1].copy(), 0.3 * q)
    theirs = entry.kernel(torch, *(torch.tensor(x, dtype=torch.float32) for x in (q, q[::-1].copy(), 0.3 * q)))
    for mine, other in zip(ours, theirs, strict=True):
        assert other.dtype == torch.float32
        np.testing.assert_allclose(other.numpy(), mine, rtol=0, atol=3e-6)


@every_entry
def test_the_first_row_does_not_matter_and_zero_rows_are_finite(entry: Activation) -> None:
    q_u, q_v, s = (np.array(x) for x in zip(*_points(), strict=True))
    there, back = entry.kernel(np, q_u, q_v, s), entry.kernel(np, q_v, q_u, s)
    for which in (0, 1):
        np.testing.assert_allclose(there[which], back[which], rtol=1e-13, atol=1e-14)
    zero, one = np.zeros(2), np.array([0.0, 1.0])
    k, k_s, k_q = entry.kernel(np, zero, one, zero)
    constant = float(entry.pointwise(np.zeros(1), 0.0)[0])
    np.testing.assert_allclose(k, constant * np.array([constant, _mean(entry)]), atol=1e-15)
    assert np.isfinite(k_s).all()
    assert np.isfinite(k_q).all()


def _mean(entry: Activation) -> float:
    return float(entry.mean(1.0)) if entry.drop_hermite_below == 0 else 0.0


@every_entry
def test_rows_beyond_the_reach_are_told_by_nan_and_leave_the_other_runs_alone(entry: Activation) -> None:
    q = np.array([1.0, 1e8, 2.0])[:, None, None]
    k, _, _ = entry.kernel(np, q, q, 0.5 * q)
    assert np.isnan(k[1]).all()
    for run in (0, 2):
        alone = entry.kernel(np, q[run : run + 1], q[run : run + 1], 0.5 * q[run : run + 1])
        assert k[run] == alone[0][0]


@every_entry
def test_the_bits_of_a_run_do_not_depend_on_the_others(entry: Activation) -> None:
    arrays = generic(3, m=5, d=4, width=3, runs=4)
    arrays[1][2] *= 2.5  # of another level
    together = [*population.gradient(entry, *arrays), population.loss_float64(entry, *arrays)[0]]
    for run in range(4):
        a, w, teacher_a, teacher_w = (x[run : run + 1] for x in arrays)
        alone = a, w, teacher_a, teacher_w
        apart = [*population.gradient(entry, *alone), population.loss_float64(entry, *alone)[0]]
        for one, other in zip(together, apart, strict=True):
            np.testing.assert_array_equal(one[run], other[0])


@every_entry
@PROPERTY
@given(seed=st.integers(0, 10**6))
def test_the_gradient_is_the_slope_of_the_loss(entry: Activation, seed: int) -> None:
    a, w, teacher_a, teacher_w = generic(seed)
    rng = np.random.default_rng(seed)
    along_a, along_w = rng.standard_normal(a.shape), rng.standard_normal(w.shape)
    slope = population.gradient(entry, a, w, teacher_a, teacher_w)
    step = 1e-5
    ahead, behind = (
        population.loss_float64(entry, a + sign * step * along_a, w + sign * step * along_w, teacher_a, teacher_w)[0][0]
        for sign in (1, -1)
    )
    told = np.sum(slope.second_layer * along_a) + np.sum(slope.first_layer * along_w)
    assert (ahead - behind) / (2 * step) == pytest.approx(told, rel=1e-7, abs=1e-7 * max(1.0, ahead))


@every_entry
@PROPERTY
@given(seed=st.integers(0, 10**6))
def test_neurons_may_be_permuted_and_inputs_turned(entry: Activation, seed: int) -> None:
    a, w, teacher_a, teacher_w = generic(seed)
    rng = np.random.default_rng(seed)
    turn, order = np.linalg.qr(rng.standard_normal((3, 3)))[0], rng.permutation(a.shape[1])
    here = population.loss_float64(entry, a, w, teacher_a, teacher_w)[0]
    there = population.loss_float64(entry, a[:, order], w[:, order] @ turn, teacher_a, teacher_w @ turn)[0]
    assert there == pytest.approx(here, rel=1e-12, abs=1e-12 * np.sum(np.abs(a)) ** 2)


@every_entry
@PROPERTY
@given(q_u=st.floats(0.05, 6.0), q_v=st.floats(0.05, 6.0), t=st.floats(-0.99, 0.99))
def test_derivatives_are_difference_quotients(entry: Activation, q_u: float, q_v: float, t: float) -> None:
    """Price's theorem: ∂K/∂s is the kernel of φ′, ∂K/∂q_u half that of φ″ and φ, and so on."""
    s, step = t * np.sqrt(q_u * q_v), 1e-4 * min(1.0, q_u, q_v)
    assert entry.second_derivatives is not None
    second = entry.second_derivatives(np, *(np.array([x]) for x in (q_u, q_v, s)))
    first = _quotients(entry, q_u, q_v, s, step)
    _, k_s, k_q = entry.kernel(np, *(np.array([x]) for x in (q_u, q_v, s)))
    found = [k_s, k_q, second.ss, second.s_qu, second.s_qv, second.qu_qu, second.qu_qv]
    for ours, theirs in zip(found, first, strict=True):
        assert float(ours[0]) == pytest.approx(theirs, rel=2e-5, abs=2e-6 / min(1.0, q_u))


def _quotients(entry: Activation, q_u: float, q_v: float, s: float, step: float) -> list[float]:
    """∂_s and ∂_q_u of K, then of ∂K/∂s in s, q_u, q_v, and of ∂K/∂q_u in q_u and q_v."""

    def slope(which: int, direction: tuple[float, float, float]) -> float:
        ahead, behind = (
            entry.kernel(np, *(np.array([x + sign * step * y]) for x, y in zip((q_u, q_v, s), direction, strict=True)))
            for sign in (1, -1)
        )
        return float((ahead[which] - behind[which])[0]) / (2 * step)

    of_s, of_u, of_v = (0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)
    wanted = [(0, of_s), (0, of_u), (1, of_s), (1, of_u), (1, of_v), (2, of_u), (2, of_v)]
    return [slope(which, direction) for which, direction in wanted]


@every_entry
def test_tangents_are_second_derivatives(entry: Activation) -> None:
    rng = np.random.default_rng(2)
    u, v, h, k = rng.standard_normal((4, 1, 3))
    step = 1e-3

    def kernel(u: np.ndarray, v: np.ndarray) -> float:
        return float(tangents.value_products(entry, Pairs.of_rows(u, v))[0, 0])

    signs = list(product((1, -1), repeat=2))
    quotient = sum(i * j * kernel(u + i * step * h, v + j * step * k) for i, j in signs) / (4 * step * step)
    products = [(x @ y.T) for x, y in ((h, u), (h, v), (k, u), (k, v), (h, k))]
    found = tangents.tangent_products(entry, Pairs.of_rows(u, v), *products)
    assert float(found[0, 0]) == pytest.approx(quotient, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize(("name", "drop"), list(product(NAMES, (0, 2))))
@pytest.mark.parametrize("distance", [1e-6, 1e-10])
def test_the_loss_next_to_the_teacher_has_eight_digits(name: str, drop: int, distance: float) -> None:
    entry = activation(name, drop)
    a, w = np.array([[1.3]]), np.array([[[0.8, -0.5]]])
    near_a, near_w = a + 0.7 * distance, w + distance * np.array([0.6, 0.8])
    truth = _loss_of_one(name, drop, (near_a, near_w), (a, w))
    assert population.loss(entry, near_a, near_w, a, w)[0] == pytest.approx(truth, rel=1e-8, abs=0)


def _loss_of_one(name: str, drop: int, *networks: tuple[np.ndarray, np.ndarray]) -> float:
    """E (f − f*)² of two networks of one neuron each, by the trapezoid rule on the residual in thirty digits."""
    mp, function = smooth_truth.MP, smooth_truth.FUNCTIONS[name]
    parts = []
    for a, w in networks:
        row = [mp.mpf(float(x)) for x in w[0, 0]]
        q = sum(x * x for x in row)
        low = [smooth_truth.moment(name, k, q) if k < drop else mp.zero for k in range(2)]
        parts.append((mp.mpf(float(a[0, 0])), row, low))
    step, total = mp.mpf(1) / 3, mp.zero
    nodes = [step * i for i in range(-22, 23)]
    for x, y in product(nodes, nodes):
        values = []
        for a, row, low in parts:
            z = row[0] * x + row[1] * y
            values.append(a * (function(z)[0] - low[0] - low[1] * z))
        total += mp.exp(-(x * x + y * y) / 2) * (values[0] - values[1]) ** 2
    return float(total * step * step / (2 * mp.pi))


@pytest.mark.parametrize("name", NAMES)
def test_moments_are_those_of_many_digits(name: str) -> None:
    entry = activation(name)
    for q in (0.0, 1e-6, 0.25, 7.0):
        for k, found in enumerate((entry.mean(q), entry.slope(q), 2 * entry.mean_prime(q), 2 * entry.slope_prime(q))):
            assert float(found) == pytest.approx(float(smooth_truth.moment(name, k, number(q))), rel=1e-13, abs=1e-15)
        if q:
            assert entry.hermite is not None
            assert entry.projection(5, q) == pytest.approx(
                float(smooth_truth.moment(name, 5, number(q)) * number(q) ** 2.5), rel=1e-12, abs=3e-14
            )
    tensor = torch.tensor([[0.25, 7.0]], dtype=torch.float32)
    assert entry.mean(tensor).dtype == torch.float32
    assert entry.mean(tensor).shape == (1, 2)
