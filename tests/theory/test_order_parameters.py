"""Means of online steps: the products of slopes in thirty digits and by enumeration, and the changes of Q and M."""

from itertools import product
from math import pi

import mpmath
import numpy as np
import pytest

from featlearn.theory import population
from featlearn.theory.activations import Activation, activation, activations
from featlearn.theory.order_parameters import OnlineDescent, rows_of

MP = mpmath.mp.clone()
MP.dps = 30
CLOSED = [entry for entry in activations() if entry.slope_products is not None]


def named(entry: Activation) -> str:
    return f"{entry.name}-{entry.drop_hermite_below}"


def products(entry: Activation, gram: np.ndarray, c: np.ndarray, width: int, dim: int, noise: float) -> np.ndarray:
    assert entry.slope_products is not None
    return entry.slope_products(gram, c, width, dim, noise)


def grid(dim: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes (n, dim) and weights (n,) for means over N(0, I)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    weights = weights / np.sum(weights)
    points = np.array(list(product(nodes, repeat=dim)))
    return points, np.prod(list(product(weights, repeat=dim)), axis=1)


def slopes(entry: Activation, rows: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The gradients of φ̃(w_j·x) by the rows, (n, m, d)."""
    z, q = x @ rows.T, np.sum(rows * rows, -1)
    by_square = entry.pointwise_by_square(z, q) if entry.drop_hermite_below else 0 * z
    by_square = np.broadcast_to(by_square, z.shape)
    return entry.pointwise_prime(z, q)[:, :, None] * x[:, None, :] + 2 * by_square[:, :, None] * rows


def residual(entry: Activation, c: np.ndarray, rows: np.ndarray, x: np.ndarray) -> np.ndarray:
    return entry.pointwise(x @ rows.T, np.sum(rows * rows, -1)) @ c


@pytest.mark.parametrize("entry", CLOSED, ids=named)
def test_products_of_slopes_are_those_of_quadrature(entry: Activation) -> None:
    rng = np.random.default_rng(0)
    x, weights = grid(3, 60)
    for rows in (0.6 * rng.standard_normal((4, 3)), np.array([[0.7, 0, 0], [0.7, 0, 0], [-0.7, 0, 0], [0, 0, 0]])):
        c = rng.standard_normal(4)
        each = slopes(entry, rows[:3], x)
        squares = residual(entry, c, rows, x) ** 2 + 0.3
        wanted = np.einsum("n,njd,nkd->jk", weights * squares, each, each)
        found = products(entry, rows @ rows.T, c, 3, 3, 0.3)
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9 * np.abs(wanted).max())


# --- erf in thirty digits -----------------------------------------------------------------------


def four_erf(gram: mpmath.matrix, u: int, v: int, w: int, z: int) -> mpmath.mpf:
    """E[φ′(u) φ′(v) φ(w) φ(z)] of erf, as an integral over the covariance of w and z.

    Its derivative by that covariance is E[φ′φ′φ′φ′] = (2/π)² det(1 + C)^{−1/2}, and it is 0 where w and z are
    uncorrelated under the weight φ′(u)φ′(v), because φ is odd.
    """
    at = (u, v, w, z)
    c = MP.matrix(4, 4)
    for i, j in product(range(4), repeat=2):
        c[i, j] = gram[at[i], at[j]] + (i == j)
    first, cross = c[:2, :2], c[2:, :2]
    uncorrelated = (cross * first**-1 * cross.T)[0, 1]

    def rise(rho: mpmath.mpf) -> mpmath.mpf:
        c[2, 3] = c[3, 2] = rho
        return (2 / MP.pi) ** 2 / MP.sqrt(MP.det(c))

    return MP.quad(rise, [uncorrelated, gram[w, z]])


def exact_product(gram: np.ndarray, c: np.ndarray, j: int, k: int, dim: int, noise: float) -> mpmath.mpf:
    """d F + dF/ds of F(s² C) at s = 1."""
    at, n = MP.matrix(gram.tolist()), len(c)

    def mean(s: mpmath.mpf) -> mpmath.mpf:
        scaled = s**2 * at
        total = sum(
            (1 if i == m else 2) * MP.mpf(c[i]) * MP.mpf(c[m]) * four_erf(scaled, j, k, i, m)
            for i in range(n)
            for m in range(i, n)
            if c[i] and c[m]
        )
        det = (1 + scaled[j, j]) * (1 + scaled[k, k]) - scaled[j, k] ** 2
        return total + MP.mpf(noise) * (2 / MP.pi) / MP.sqrt(det)

    h = MP.mpf(10) ** -6
    slope = (8 * (mean(1 + h) - mean(1 - h)) - (mean(1 + 2 * h) - mean(1 - 2 * h))) / (12 * h)
    return dim * mean(MP.mpf(1)) + slope


RNG = np.random.default_rng(1)
ROWS = RNG.standard_normal((4, 5))
HARD = {
    "generic": ROWS,
    "all nearly parallel": ROWS[:1] + 1e-6 * ROWS,
    "parallel": np.array([1.0, 2.0, 0.5, 1.0])[:, None] * ROWS[:1],
    "antiparallel": np.array([1.0, -1.0, 1.0, -2.0])[:, None] * ROWS[:1],
    "large": 10 * ROWS,
    "tiny": 1e-3 * ROWS,
    "tiny and large": np.array([1e-3, 10.0, 1e-3, 10.0])[:, None] * ROWS,
    "orthogonal": np.eye(4),
    "rows of zeros": np.array([1.0, 0.0, 0.0, 1.0])[:, None] * ROWS,
}


@pytest.mark.parametrize("rows", HARD.values(), ids=HARD)
def test_products_of_erf_in_thirty_digits(rows: np.ndarray) -> None:
    gram, c = rows @ rows.T, np.array([0.0, 0.0, 1.5, -0.5])
    found = products(activation("erf", 0), gram, c, 2, 200, 0.25)
    for j, k in ((0, 0), (0, 1)):
        wanted = exact_product(gram, c, j, k, 200, 0.25)
        assert abs(found[j, k] - wanted) <= 1e-11 * abs(wanted), (j, k)


# --- quadratic by enumeration -------------------------------------------------------------------


def isserlis(gram: np.ndarray, forms: tuple[int, ...]) -> float:
    """E of a product of Gaussian variables: the sum over all pairings."""
    if not forms:
        return 1.0
    first, *rest = forms
    return sum(
        gram[first, other] * isserlis(gram, (*rest[:i], *rest[i + 1 :]))
        for i, other in enumerate(rest)
        if gram[first, other]
    )


def test_products_of_plain_quadratics_are_sums_over_pairings() -> None:
    rows = RNG.standard_normal((3, 2))
    c, noise = np.array([0.7, -1.2, 0.4]), 0.3
    every = np.concatenate([rows, np.eye(2)])
    gram = every @ every.T
    found = products(activation("quadratic", 0), rows @ rows.T, c, 2, 2, noise)
    for j, k in ((0, 0), (0, 1), (1, 1)):
        wanted = sum(
            4 * c[i] * c[m] * isserlis(gram, (i, i, m, m, j, k, x, x))
            for i, m, x in product(range(3), range(3), (3, 4))
        ) + sum(4 * noise * isserlis(gram, (j, k, x, x)) for x in (3, 4))
        assert found[j, k] == pytest.approx(wanted, rel=1e-12)


# --- changes in a step --------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("drop", [0, 2])
def test_a_step_has_the_mean_of_all_batches(drop: int, batch: int) -> None:
    """Quadratic: the mean over the nodes of a quadrature that is exact for its polynomials, batch by batch."""
    entry, eta, decay, alpha = activation("quadratic", drop), 0.01, 0.2, 0.5
    a, w = np.array([0.8, -0.4]), RNG.standard_normal((2, 2))
    b, teacher = np.array([1.3]), np.array([[0.6, 0.8]])
    x, weights = grid(2, 6)
    c = np.concatenate([alpha * a, -b])
    r = residual(entry, c, np.concatenate([w, teacher]), x)
    each_a = 2 * alpha * r[:, None] * entry.pointwise(x @ w.T, np.sum(w * w, -1))
    each_w = 2 * alpha * a[:, None] * r[:, None, None] * slopes(entry, w, x)
    change_a, change_q, change_m = np.zeros(2), np.zeros((2, 2)), np.zeros((2, 1))
    for nodes in product(range(len(x)), repeat=batch):
        chosen = list(nodes)
        share = float(np.prod(weights[chosen]))
        after = w - eta * (each_w[chosen].mean(0) + decay * w)
        change_a += share * -eta * (each_a[chosen].mean(0) + decay * a)
        change_q += share * (after @ after.T - w @ w.T)
        change_m += share * (after - w) @ teacher.T
    rows = np.concatenate([w, teacher])
    descent = OnlineDescent(entry, b, alpha, 2, batch, 0.0, True, True)
    by_a, by_gram = descent.change(a, rows @ rows.T, eta, decay)
    np.testing.assert_allclose(by_a, change_a, rtol=1e-11)
    np.testing.assert_allclose(by_gram[:2, :2], change_q, rtol=1e-11)
    np.testing.assert_allclose(by_gram[:2, 2:], change_m, rtol=1e-11)
    np.testing.assert_allclose(by_gram, by_gram.T, atol=1e-15)
    assert not by_gram[2:, 2:].any()


def test_only_what_is_trained_moves() -> None:
    gram, a = ROWS[:3] @ ROWS[:3].T, np.ones(2)
    for second, first in ((True, False), (False, True)):
        descent = OnlineDescent(activation("erf", 0), np.ones(1), 1.0, 5, 1, 0.0, second, first)
        by_a, by_gram = descent.change(a, gram, 0.1, 0.0)
        assert (bool(by_a.any()), bool(by_gram.any())) == (second, first)


def test_without_noise_of_batches_rows_take_the_step_of_the_population() -> None:
    entry = activation("erf", 0)
    a, b = np.array([0.7, -1.1]), np.array([1.0])
    w, teacher = ROWS[:2], ROWS[2:3]
    slope = population.gradient(entry, a[None], w[None], b[None], teacher[None])
    after = w - 0.1 * (slope.first_layer[0] + 0.3 * w)
    rows = np.concatenate([w, teacher])
    descent = OnlineDescent(entry, b, 1.0, 5, 10**16, 0.5, True, True)
    by_a, by_gram = descent.change(a, rows @ rows.T, 0.1, 0.3)
    moved = np.concatenate([after, teacher])
    np.testing.assert_allclose(rows @ rows.T + by_gram, moved @ moved.T, atol=1e-13)
    np.testing.assert_allclose(by_a, -0.1 * (slope.second_layer[0] + 0.3 * a), rtol=1e-13)


def test_steps_of_the_order_of_1_over_d_are_those_of_saad_and_solla() -> None:
    """Their equations for dR/dα and dQ/dα with their I₃ and I₄, for the loss ½(f − f*)² and steps η/N."""

    def i_3(c: np.ndarray) -> float:
        lam = (1 + c[0, 0]) * (1 + c[2, 2]) - c[0, 2] ** 2
        return float(2 / pi / np.sqrt(lam) * (c[1, 2] * (1 + c[0, 0]) - c[0, 1] * c[0, 2]) / (1 + c[0, 0]))

    def i_4(c: np.ndarray) -> float:
        one, two = 1 + c[0, 0], 1 + c[1, 1]
        l_4 = one * two - c[0, 1] ** 2
        l_0 = l_4 * c[2, 3] - c[1, 2] * c[1, 3] * one - c[0, 2] * c[0, 3] * two
        l_0 += c[0, 1] * c[0, 2] * c[1, 3] + c[0, 1] * c[0, 3] * c[1, 2]
        l_1 = l_4 * (1 + c[2, 2]) - c[1, 2] ** 2 * one - c[0, 2] ** 2 * two + 2 * c[0, 1] * c[0, 2] * c[1, 2]
        l_2 = l_4 * (1 + c[3, 3]) - c[1, 3] ** 2 * one - c[0, 3] ** 2 * two + 2 * c[0, 1] * c[0, 3] * c[1, 3]
        return float(4 / pi**2 / np.sqrt(l_4) * np.arcsin(l_0 / np.sqrt(l_1 * l_2)))

    gram, signs, eta, dim = ROWS @ ROWS.T / 5, np.array([-1.0, -1.0, 1.0, 1.0]), 0.7, 10**9
    every = range(4)

    def delta(i: int, n: int) -> float:  # ⟨δ_i v_n⟩
        return sum(signs[k] * i_3(gram[np.ix_([i, n, k], [i, n, k])]) for k in every)

    def deltas(i: int, k: int) -> float:  # ⟨δ_i δ_k⟩
        return sum(signs[n] * signs[m] * i_4(gram[np.ix_([i, k, n, m], [i, k, n, m])]) for n in every for m in every)

    descent = OnlineDescent(activation("erf", 0), np.ones(2), 1.0, dim, 1, 0.0, False, True)
    _, found = descent.change(np.ones(2), gram, eta / (2 * dim), 0.0)
    for i, n in product(range(2), range(2, 4)):
        assert dim * found[i, n] == pytest.approx(eta * delta(i, n), rel=1e-10)
    for i, k in product(range(2), range(2)):
        wanted = eta * (delta(i, k) + delta(k, i)) + eta**2 * deltas(i, k)
        assert dim * found[i, k] == pytest.approx(wanted, abs=1e-8)


def test_rows_have_the_products_that_were_asked_for() -> None:
    gram = ROWS @ ROWS.T
    np.testing.assert_allclose(rows_of(gram) @ rows_of(gram).T, gram, atol=1e-13)
    assert np.isfinite(rows_of(gram - 1e-3 * np.eye(4) - gram)).all()
