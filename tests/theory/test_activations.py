"""One conformance suite for every entry of the registry: a new activation or drop setting gets these tests by itself.

Three independent truths: quadrature of the pointwise φ and φ′, fifty-digit closed forms (tests/theory/exact.py) over
the whole grid of hard points, and Monte Carlo as a smoke test.
"""

from math import pi

import numpy as np
import pytest
import torch

from featlearn.theory import double_double, quadrature
from featlearn.theory.activations import Activation, activation, activation_names, activations
from featlearn.theory.double_double import DoubleDouble
from tests.theory import exact
from tests.theory.exact import MP, Exact, number

ACCURACY = 1e-12  # claimed, times max(1, |value|)

ENTRIES = activations()
QUADRATIC = activation("quadratic", 0)
every_entry = pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: f"{e.name}-{e.drop_hermite_below}")

# Those whose kernels are Hermite series have a suite of their own (test_smooth.py) where this one asks for norms beyond
# their reach, or for more digits than a float has.
CLOSED = [entry for entry in ENTRIES if entry.series is None]
every_closed_form = pytest.mark.parametrize("entry", CLOSED, ids=lambda e: f"{e.name}-{e.drop_hermite_below}")

COSINES = [0.0] + [sign * t for t in (0.3, 0.999, 1 - 1e-6, 1 - 1e-12, 1.0) for sign in (1.0, -1.0)]
NORMS = [1e-6, 1e-3, 1.0, 4.0, 1e3]

# Where t = s/√(q_u q_v) → ±1 the derivatives are steep, ∂K/∂s ~ √(1 − t²): one rounding of n = √(q_u q_v) or of
# s = t·n then shows as its square root, 1e-8, whoever computes them. With q a power of 4, n is a power of 2 and s/n is
# t exactly, so that what is left to see is the formula.
EXACT_NORMS = [4.0**-10, 4.0**-5, 1.0, 4.0, 4.0**5]


def _grid(norms: list[float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """q_u, q_v and s over all pairs of norms and all cosines; |s| never above √(q_u q_v)."""
    q_u, q_v, t = (x.ravel() for x in np.meshgrid(norms, norms, COSINES, indexing="ij"))
    n = np.sqrt(q_u * q_v)
    return q_u, q_v, np.clip(t * n, -n, n)


def _exact(entry: Activation, q_u: float, q_v: float, s: float) -> tuple[Exact, Exact, Exact]:
    return exact.kernel(entry.name, entry.drop_hermite_below, number(q_u), number(q_v), number(s))


@every_closed_form
def test_kernel_is_right_over_the_hard_points(entry: Activation) -> None:
    q_u, q_v, s = _grid(NORMS)
    k = entry.kernel(np, q_u, q_v, s)[0]
    for point in zip(k, q_u, q_v, s, strict=True):
        truth = _exact(entry, *point[1:])[0]
        assert abs(point[0] - truth) <= ACCURACY * max(1, abs(truth)), point


@every_closed_form
@pytest.mark.parametrize("which", [1, 2], ids=["in s", "in q_u"])
def test_derivatives_are_right_over_the_hard_points(entry: Activation, which: int) -> None:
    q_u, q_v, s = _grid(EXACT_NORMS)
    slope = entry.kernel(np, q_u, q_v, s)[which]
    for point in zip(slope, q_u, q_v, s, strict=True):
        truth = _exact(entry, *point[1:])[which]
        assert abs(point[0] - truth) <= ACCURACY * max(1, abs(truth)), point


# q_u, q_v, t: a choice of the grid, for each costs a tenth of a second
QUADRATURE_POINTS = [
    (1.0, 1.0, 0.0),
    (1.0, 1.0, 1.0),
    (4.0, 4.0, -1.0),
    (1.0, 4.0, 0.3),
    (4.0**5, 1.0, -0.3),
    (4.0**5, 4.0**5, 0.999),
    (4.0**-5, 4.0**-5, -0.999),
    (4.0**-10, 4.0**5, 0.3),
    (4.0**5, 4.0**-10, -0.999),
    (1.0, 4.0, 1 - 1e-6),
    (4.0, 1.0, -(1 - 1e-12)),
]


@every_closed_form
def test_kernel_and_derivatives_are_the_expectations_of_the_pointwise_functions(entry: Activation) -> None:
    plain = activation(entry.name, 0)
    for q_u, q_v, t in QUADRATURE_POINTS:
        if entry.name == "sin" and max(q_u, q_v) > 64:  # too many waves for the nodes
            continue
        s = t * np.sqrt(q_u * q_v)
        k, k_s, k_q = (float(x) for x in entry.kernel(np, np.float64(q_u), np.float64(q_v), np.float64(s)))
        truth = quadrature.pair_kernel(entry, q_u, q_v, s)
        # quadrature is right to a fixed share of the norms of what it integrates: √(E φ² E φ²), and so on
        size = np.sqrt(plain.kernel(np, q_u, q_u, q_u)[0] * plain.kernel(np, q_v, q_v, q_v)[0])
        size_of_slope = np.sqrt(plain.kernel(np, q_u, q_u, q_u)[1] * plain.kernel(np, q_v, q_v, q_v)[1])
        assert k == pytest.approx(truth[0], rel=0, abs=ACCURACY * max(1.0, size))
        assert k_s == pytest.approx(truth[1], rel=0, abs=ACCURACY * max(1.0, size_of_slope))
        assert k_q == pytest.approx(truth[2], rel=0, abs=ACCURACY * max(1.0, 2 * size / q_u))


@every_closed_form
def test_derivatives_are_those_of_the_kernel(entry: Activation) -> None:
    # Price's theorem makes ∂K/∂s an expectation of its own: here both derivatives meet difference quotients, in digits
    # that leave 1e-20 of them
    step = 1e-11
    for q_u, q_v, t in [(1.0, 1.0, 0.3), (1e-3, 4.0, -0.9), (1e3, 1e-3, 0.999), (2.0, 0.7, 0.0)]:
        s = t * np.sqrt(q_u * q_v)
        _, k_s, k_q = entry.kernel(np, np.float64(q_u), np.float64(q_v), np.float64(s))
        for slope, along_q, unit in [(k_s, 0.0, np.sqrt(q_u * q_v)), (k_q, q_u, 0.0)]:
            ahead, behind = (
                entry.kernel(
                    double_double,
                    DoubleDouble(q_u) + DoubleDouble(sign * step * along_q),
                    DoubleDouble(q_v),
                    DoubleDouble(s) + DoubleDouble(sign * step * unit),
                )[0]
                for sign in (1.0, -1.0)
            )
            quotient = float((ahead - behind).to_float()) / (2 * step * (along_q + unit))
            assert float(slope) == pytest.approx(quotient, rel=1e-11, abs=1e-13)


@pytest.mark.parametrize("name", exact.CLOSED_NAMES)
def test_dropping_takes_the_mean_and_the_slope_out_of_the_kernel(name: str) -> None:
    plain, dropped = activation(name, 0), activation(name, 2)
    q_u, q_v, s = _grid(NORMS)
    rest = (
        plain.kernel(np, q_u, q_v, s)[0] - plain.mean(q_u) * plain.mean(q_v) - plain.slope(q_u) * plain.slope(q_v) * s
    )
    np.testing.assert_allclose(dropped.kernel(np, q_u, q_v, s)[0], rest, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", exact.CLOSED_NAMES)
@pytest.mark.parametrize("q", [1e-6, 0.25, 1.0, 7.0, 1e3])
def test_mean_and_slope_are_the_first_two_hermite_coefficients(name: str, q: float) -> None:
    if name == "sin" and q > 64:
        pytest.skip("too many waves for the nodes of the quadrature")
    entry = activation(name)
    scale = max(1.0, float(np.sqrt(activation(name, 0).kernel(np, q, q, q)[0])))
    assert entry.mean(np.array(q)) == pytest.approx(quadrature.mean(entry.phi, q), rel=0, abs=ACCURACY * scale)
    assert entry.slope(np.array(q)) == pytest.approx(quadrature.mean(entry.phi_prime, q), rel=0, abs=ACCURACY * scale)


@pytest.mark.parametrize("name", exact.CLOSED_NAMES)
@pytest.mark.parametrize("q", [1e-12, 1e-6, 0.25, 1.0, 7.0, 1e3, 1e12])
def test_derivatives_of_mean_and_slope_are_fifty_digit_difference_quotients(name: str, q: float) -> None:
    entry = activation(name)
    for which, found in enumerate((entry.mean_prime, entry.slope_prime)):
        step = number(q) * MP.mpf(10) ** -16
        above, below = (exact.means(name, number(q) + sign * step)[which] for sign in (1, -1))
        truth = float((above - below) / (2 * step))
        assert float(found(np.array(q))) == pytest.approx(truth, rel=1e-14, abs=0)


@pytest.mark.parametrize("name", activation_names())
def test_the_moments_of_a_zero_row_are_finite(name: str) -> None:
    entry, zero = activation(name), np.array([0.0, 1.0])
    for moment in (entry.mean, entry.slope, entry.mean_prime, entry.slope_prime):
        assert np.isfinite(moment(zero)).all()
    # with a kink at 0 it is the central difference of w ↦ μ0(‖w‖²), which is even: 0
    truth = 0.0 if 0.0 in entry.kinks else float(exact.means(name, MP.zero)[2])
    assert entry.mean_prime(zero)[0] == pytest.approx(truth, rel=1e-15, abs=0)


@pytest.mark.parametrize("name", exact.CLOSED_NAMES)
def test_the_moments_of_tensors_are_those_of_arrays(name: str) -> None:
    entry, q = activation(name), np.array([0.0, 1e-12, 0.3, 1.0, 1e6])
    for moment in (entry.mean, entry.slope, entry.mean_prime, entry.slope_prime):
        np.testing.assert_allclose(moment(torch.from_numpy(q)).numpy(), moment(q), rtol=1e-15)
        assert moment(torch.from_numpy(q.astype(np.float32))).dtype == torch.float32


@every_entry
@pytest.mark.parametrize("q", [0.25, 1.0, 9.0])
def test_dropped_function_is_orthogonal_to_constants_and_to_the_linear_function(entry: Activation, q: float) -> None:
    mean = quadrature.mean(lambda z: entry.pointwise(z, q), q)
    linear = quadrature.mean(lambda z: z * entry.pointwise(z, q), q) / q
    if entry.drop_hermite_below == 2:
        assert [mean, linear] == pytest.approx([0.0, 0.0], abs=1e-12)
    else:
        assert [mean, linear] == pytest.approx(
            [float(entry.mean(np.array(q))), float(entry.slope(np.array(q)))], abs=1e-12
        )


@every_entry
def test_pointwise_derivative_is_the_slope_of_the_pointwise_function(entry: Activation) -> None:
    z, q, h = np.array([-3.0, -0.7, -0.01, 0.2, 1.1, 4.0]), 1.7, 1e-6
    quotient = (entry.pointwise(z + h, q) - entry.pointwise(z - h, q)) / (2 * h)
    np.testing.assert_allclose(entry.pointwise_prime(z, q), quotient, rtol=1e-8, atol=1e-8)


@every_entry
def test_symmetry_is_the_one_of_the_pointwise_function(entry: Activation) -> None:
    z, q = np.linspace(-4, 4, 41), 2.3
    here, there = entry.pointwise(z, q), entry.pointwise(-z, q)
    even, odd = (np.allclose(there, sign * here, rtol=1e-13, atol=1e-13) for sign in (1, -1))
    assert entry.symmetry == ("even" if even else "odd" if odd else "none")


@every_entry
def test_homogeneous_degree_is_the_one_of_the_pointwise_function(entry: Activation) -> None:
    z, q, c = np.linspace(-4, 4, 41), 2.3, 1.9
    stretched, here = entry.pointwise(c * z, c * c * q), entry.pointwise(z, q)
    degrees = [k for k in range(5) if np.allclose(stretched, c**k * here, rtol=1e-12, atol=1e-12)]
    assert degrees == ([] if entry.homogeneous_degree is None else [entry.homogeneous_degree])


@every_entry
@pytest.mark.parametrize(("q_u", "q_v"), [(0.0, 2.0), (2.0, 0.0), (0.0, 0.0)])
def test_a_zero_row_has_the_kernel_of_a_constant_and_finite_derivatives(
    entry: Activation, q_u: float, q_v: float
) -> None:
    k, k_s, k_q = entry.kernel(np, np.array([q_u]), np.array([q_v]), np.array([0.0]))
    at_zero = float(entry.pointwise(np.array(0.0), 0.0))
    of_rest = entry.mean(np.array(max(q_u, q_v))) if entry.drop_hermite_below == 0 else 0.0
    assert k == pytest.approx(at_zero * of_rest, rel=1e-15, abs=0)
    assert np.isfinite(k_q).all()
    # the symmetric subgradient: Price's theorem with φ̃′(0) in the middle of its jump
    prime_at_zero = [float(entry.pointwise_prime(np.array(0.0), q)) for q in (q_u, q_v)]
    mean_prime = [
        quadrature.mean(lambda z, q=q: entry.pointwise_prime(z, q), q) if q else at_zero  # type: ignore[misc]
        for q, at_zero in zip((q_u, q_v), prime_at_zero, strict=True)
    ]
    assert float(k_s[0]) == pytest.approx(mean_prime[0] * mean_prime[1], abs=1e-12)


@every_closed_form
def test_kernel_does_not_care_which_row_comes_first(entry: Activation) -> None:
    q_u, q_v, s = _grid(NORMS)
    there, back = entry.kernel(np, q_u, q_v, s), entry.kernel(np, q_v, q_u, s)
    np.testing.assert_allclose(there[0], back[0], rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(there[1], back[1], rtol=1e-14, atol=1e-14)


@every_closed_form
def test_a_dot_product_rounded_above_the_norms_does_no_harm(entry: Activation) -> None:
    q = np.array([1.0, 1e-6, 1e3, 0.7])
    for sign in (1.0, -1.0):
        at, above = entry.kernel(np, q, q, sign * q), entry.kernel(np, q, q, sign * q * (1 + 4e-16))
        for x, y in zip(at, above, strict=True):
            np.testing.assert_allclose(y, x, rtol=1e-13, atol=1e-13)


@every_closed_form
def test_torch_kernel_is_the_numpy_kernel(entry: Activation) -> None:
    for norms in (NORMS, EXACT_NORMS):
        q_u, q_v, s = _grid(norms)
        ours = entry.kernel(np, q_u, q_v, s)
        theirs = entry.kernel(torch, *(torch.from_numpy(x) for x in (q_u, q_v, s)))
        # near t = ±1 even one unit in the last place of t is worth 1e-8 in the derivatives: at rounded norms, K only
        for x, y in list(zip(ours, theirs, strict=True))[: 1 if norms is NORMS else 3]:
            np.testing.assert_allclose(y.numpy(), x, rtol=1e-14, atol=1e-14)


@every_closed_form
def test_double_double_kernel_has_26_digits(entry: Activation) -> None:
    q_u, q_v, s = _grid(NORMS)
    k = entry.kernel(double_double, DoubleDouble(q_u), DoubleDouble(q_v), DoubleDouble(s))[0]
    for i in range(len(s)):
        # The constants π of the kernels are float64 numbers. The factor 1/2π or 2/π is the same for all pairs, and the
        # other, π/2 in plain relu, changes the loss by 3e-17 of E[(its linear part)²]: harmless, but not the truth.
        name, drop, at = entry.name, entry.drop_hermite_below, (number(q_u[i]), number(q_v[i]), number(s[i]))
        truth = exact.with_constants(name, drop, lambda name, drop=drop, at=at: exact.kernel(name, drop, *at)[0])  # type: ignore[misc]
        if (entry.name, entry.drop_hermite_below) == ("relu", 0):
            truth += number(s[i]) * (number(pi / 2) - MP.pi / 2) / number(2 * pi)
        scale = max(*(np.sqrt(x.rounding_scale(q_u[i]) * x.rounding_scale(q_v[i])) for x in (entry, QUADRATIC)))
        assert abs(exact.double_double(k[i]) - truth) <= 1e-26 * scale, (q_u[i], q_v[i], s[i])


@every_entry
def test_kernel_agrees_with_a_million_draws(entry: Activation) -> None:
    rng = np.random.default_rng(7)
    u, v = np.array([1.2, -0.4]), np.array([0.5, 0.9])
    x = rng.standard_normal((1_000_000, 2))
    draws = entry.pointwise(x @ u, u @ u) * entry.pointwise(x @ v, v @ v)
    error = draws.std() / np.sqrt(len(draws))
    assert abs(draws.mean() - entry.kernel(np, u @ u, v @ v, u @ v)[0]) <= 5 * error


@every_entry
def test_functions_of_tensors_are_those_of_arrays(entry: Activation) -> None:
    z = np.concatenate([np.linspace(-5, 5, 101), [1e-300, -1e-300, 1e3, -1e3, np.inf, -np.inf]])
    for function in (entry.phi, entry.phi_prime):
        with np.errstate(invalid="ignore"):
            ours = function(z)
        theirs = function(torch.from_numpy(z), torch)
        np.testing.assert_allclose(theirs.numpy(), ours, rtol=2e-15, atol=1e-300)
        assert function(torch.from_numpy(z.astype(np.float32)), torch).dtype == torch.float32


@every_entry
def test_kinks_are_where_the_derivative_jumps(entry: Activation) -> None:
    z, near = np.unique([*np.linspace(-4, 4, 81), *entry.kinks]), 1e-9
    left, at, right = entry.phi_prime(z - near), entry.phi_prime(z), entry.phi_prime(z + near)
    jumps = np.abs(right - left) > 1e-6
    assert tuple(z[jumps]) == entry.kinks
    np.testing.assert_allclose(at[jumps], 0.5 * (left + right)[jumps], atol=1e-6)


@every_entry
def test_the_parts_of_a_kernel_of_degree_one_make_it_up(entry: Activation) -> None:
    if entry.degree_one is None:
        assert entry.homogeneous_degree != 1 or not entry.kinks
        return
    assert entry.homogeneous_degree == 1
    q_u, q_v, s = _grid(EXACT_NORMS)
    n, t = np.sqrt(q_u * q_v), s / np.sqrt(q_u * q_v)
    slope, _, rest = entry.degree_one.parts(np, t, np.sqrt(1 - t * t), np.pi / 2 - np.arccos(t))
    expected = entry.degree_one.factor * n * (rest + slope * t)
    assert (np.abs(entry.kernel(np, q_u, q_v, s)[0] - expected) <= 1e-14 * n).all()


@every_closed_form
def test_second_derivatives_are_fifty_digit_difference_quotients(entry: Activation) -> None:
    if entry.second_derivatives is None:
        return
    step = MP.mpf(10) ** -18
    for q_u, q_v, t in [
        (1.0, 1.0, 0.3),
        (1e-6, 4.0, -0.9),
        (25.0, 25.0, 1 - 1e-12),
        (4.0, 1.0, -1.0),
        (0.25, 0.25, 0.0),
    ]:
        s = t * np.sqrt(q_u * q_v)
        found = entry.second_derivatives(np, *map(np.float64, (q_u, q_v, s)))
        at = [number(x) for x in (q_u, q_v, s)]

        def change(which: int, by: int, at: list[Exact] = at) -> Exact:
            """Of K, ∂K/∂s or ∂K/∂q_u by q_u, q_v or s."""
            ends = [[x + sign * step * (i == by) for i, x in enumerate(at)] for sign in (1, -1)]
            ahead, behind = (exact.kernel(entry.name, entry.drop_hermite_below, *x)[which] for x in ends)
            return (ahead - behind) / (2 * step)

        truth = [change(1, 2), change(1, 0), change(1, 1), change(2, 0), change(2, 1)]
        for x, y in zip(found, truth, strict=True):
            assert abs(x - y) <= 1e-12 * max(1, abs(y)), (q_u, q_v, t)
