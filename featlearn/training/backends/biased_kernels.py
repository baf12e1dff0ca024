"""Pairs of neurons with biases, φ(w·x + b), eight at a time; rows (w, b) end with the bias. See docs/theory.md §16.

With h = b/ρ_u, k = c/ρ_v and the normal distributions at (h, k) with the correlation t = s/(ρ_u ρ_v):

    linear       α z + β max(z, 0), ρ = |w|: ``theory.activations.biased_linear`` says K and its derivatives;
    linear tail  the same without the degrees below 2: of b > 0 the neuron is taken as (−w, −b), as there;
    erf          ρ = √(1 + q): ``theory.activations.biased_erf``.

Both need what is known of each neuron alone (``Neuron``), which is made once a step: the rows of ``Kernel.expansions``
have it block by block.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from featlearn.training.backends.layout import (
    BIASED_ERF,
    BIASED_LINEAR,
    BIASED_LINEAR_TAIL,
    BIASES,
    EXPANSION_HEAD,
    INVERSE,
    LANES,
    NEURON_ROWS,
    PUSH,
    SCALE,
    WEIGHT,
)
from featlearn.training.backends.normal_kernels import bivariate, clipped, normal, threshold
from featlearn.training.backends.pair_kernels import Function
from featlearn.training.backends.vectors import (
    absolute,
    compiled,
    copysign,
    entry,
    fma,
    inlined,
    load,
    spread,
    sqrt,
    store,
    where_above,
)


class Neuron(NamedTuple):
    """What pairs need of a neuron: ρ, its bias b, h = b/ρ, the density φ(h), Φ(h), Φ(−|h|), and E max(w·x + b, 0)."""

    length: Any
    bias: Any
    h: Any
    density: Any
    below: Any
    tail: Any
    mean: Any


class Pair(NamedTuple):
    """What a pair adds to the sums of K, and of ∂K/∂s; of ∂K/∂q and ∂K/∂b of the one, and of the other."""

    value: Any
    through: Any
    own: Any
    bias: Any
    own_other: Any
    bias_other: Any


class Biased(NamedTuple):
    """The compiled parts of a family with biases, as of ``pair_kernels.Family``.

    Args:
        ready: (q, b, c) → ρ, 1/ρ (0 where ρ is), b as pairs take it, and the weight of a neuron in the sum of columns.
        size: (kernel, q, b) → what rounding errors scale with.
        pair: (kernel, s, one neuron, another, the normals of both, t) → a ``Pair``; t has the signs of both 1/ρ.
        complete: as there; what turns Σ c_j ∂K/∂s v_j right does so with Σ c_j ∂K/∂b.
    """

    ready: Function
    size: Function
    pair: Function
    complete: Function


# --- α z + β max(z, 0), with α and β the kernel's ``half`` and ``excess`` ----------------------------


@compiled
def _ready_linear(q, b, c):
    norm = sqrt(q)
    return norm, where_above(norm, 0.0, 1.0 / norm, 0.0), b, c


@compiled
def _size_linear(kernel, q, b):
    return kernel.factor * sqrt(fma(b, b, q))


@compiled
def _one_way(kernel, u, v, t, root, both, given_u, given_v):
    """2 x ∂K/∂q and ∂K/∂b of u; ``given_u`` are the normals of the other variable given z = h of u."""
    alpha, beta = kernel.half, kernel.excess
    along = v.length * t
    at_kink = v.bias - along * u.h  # the mean of v·x + c where u·x + b = 0
    relu_at_kink = fma(at_kink, given_u.below, v.length * root * given_u.density)
    slid = along * u.density
    shared = v.bias * both + (v.length * v.density * given_v.below + slid * given_u.below)
    mixed = v.mean + fma(v.bias, u.below, slid)
    own = beta * u.density * (alpha * at_kink + beta * relu_at_kink)
    return own, alpha * alpha * v.bias + alpha * beta * mixed + beta * beta * shared


@compiled
def _both(u, v, normals):
    """Φ₂, between 0 and the lesser of Φ(h) and Φ(k)."""
    both, least = 0.5 * (u.below + v.below) + normals.rest, where_above(u.below, v.below, v.below, u.below)
    return where_above(both, least, least, where_above(both, 0.0, both, 0.0))


@compiled
def _pair_linear(kernel, s, u, v, normals, t):
    alpha, beta = kernel.half, kernel.excess
    both = _both(u, v, normals)
    own, bias = _one_way(kernel, u, v, t, normals.root, both, normals.given_h, normals.given_k)
    other, bias_other = _one_way(kernel, v, u, t, normals.root, both, normals.given_k, normals.given_h)
    through = alpha * alpha + alpha * beta * (u.below + v.below) + beta * beta * both
    return Pair(fma(u.bias, bias, fma(s, through, u.length * own)), through, own, bias, other, bias_other)


@compiled
def _complete_linear(factor, scale, inverse):
    return 1.0, 0.5 * inverse, 1.0


@compiled
def _ready_linear_tail(q, b, c):
    """Of b > 0 with 1/ρ, the bias and the weight of the other sign."""
    norm, sign = sqrt(q), where_above(b, 0.0, -1.0, spread(1.0))
    return norm, sign * where_above(norm, 0.0, 1.0 / norm, 0.0), sign * b, sign * c


@compiled
def _one_way_tail(kernel, u, v, t, root, both, given_u, given_v):
    """As ``_one_way``, less what degrees 0 and 1 are."""
    beta2, along = kernel.excess * kernel.excess, v.length * t
    relu_at_kink = fma(v.bias - along * u.h, given_u.below, v.length * root * given_u.density)
    slid, low = along * u.density, v.mean - along * (u.h * v.below)
    shared = v.bias * both + (v.length * v.density * given_v.below + slid * given_u.below)
    own = beta2 * u.density * (relu_at_kink - low)
    return own, beta2 * (shared - fma(u.below, v.mean, slid * v.below))


@compiled
def _pair_linear_tail(kernel, s, u, v, normals, t):
    both = _both(u, v, normals)
    own, bias = _one_way_tail(kernel, u, v, t, normals.root, both, normals.given_h, normals.given_k)
    other, bias_other = _one_way_tail(kernel, v, u, t, normals.root, both, normals.given_k, normals.given_h)
    through = kernel.excess * kernel.excess * (both - u.below * v.below)
    value = fma(u.bias, bias, u.length * fma(v.length * t, through, own))
    return Pair(value, through, own, bias, other, bias_other)


@compiled
def _complete_linear_tail(factor, scale, inverse):
    return 1.0, 0.5 * absolute(inverse), copysign(spread(1.0), inverse)


# --- erf(z/√2) = 2Φ(z) − 1 ------------------------------------------------------------------------


@compiled
def _ready_erf(q, b, c):
    scale = sqrt(1.0 + q)
    return scale, 1.0 / scale, b, c / scale


@compiled
def _size_erf(kernel, q, b):
    return sqrt(1.0 + q)


@compiled
def _pair_erf(kernel, s, u, v, normals, t):
    rise = 4.0 * u.density * normals.given_h.density / normals.root
    bias = 2.0 * u.density * fma(2.0, normals.given_h.below, -1.0)
    other = 2.0 * v.density * fma(2.0, normals.given_k.below, -1.0)
    slope = t * rise
    return Pair(fma(4.0, normals.rest, 1.0), rise, fma(u.h, bias, slope), bias, fma(v.h, other, slope), other)


@compiled
def _complete_erf(factor, scale, inverse):
    return 1.0, -0.5 * inverse * inverse, inverse


FAMILIES = {
    BIASED_LINEAR: Biased(_ready_linear, _size_linear, _pair_linear, _complete_linear),
    BIASED_ERF: Biased(_ready_erf, _size_erf, _pair_erf, _complete_erf),
    BIASED_LINEAR_TAIL: Biased(_ready_linear_tail, _size_linear, _pair_linear_tail, _complete_linear_tail),
}


# --- neurons and tiles ----------------------------------------------------------------------------


@inlined
def _block(kernel, j):
    """The first row of block j."""
    return EXPANSION_HEAD + j * kernel.stride


def biased_prepare(family: Biased) -> Any:
    """The compiled ``prepare`` of a family, see ``step_kernels.Parts``, but for the weight of neurons."""
    ready, size = family.ready, family.size

    @compiled
    def prepare(run, j, c):
        """Make the neurons of block j ready, each of which counts c in sums."""
        q, kernel = spread(0.0), run.kernel
        for row in range(j * run.d, (j + 1) * run.d - 1):
            x = load(run.v, row)
            q = fma(x, x, q)
        b = load(run.v, (j + 1) * run.d - 1)
        length, inverse, bias, push = ready(q, b, c)
        h = threshold(bias, length)
        at_h = normal(kernel.tail, h)
        neurons = j * NEURON_ROWS
        store(run.neurons, neurons + SCALE, size(kernel, q, b))
        store(run.neurons, neurons + INVERSE, inverse)
        store(run.neurons, neurons + WEIGHT, c)
        store(run.neurons, neurons + PUSH, push)
        first = _block(kernel, j)
        store(kernel.expansions, first, length)
        store(kernel.expansions, first + 1, bias)
        store(kernel.expansions, first + 2, h)
        store(kernel.expansions, first + 3, at_h.density)
        store(kernel.expansions, first + 4, at_h.below)
        store(kernel.expansions, first + 5, at_h.tail)
        store(kernel.expansions, first + 6, fma(bias, at_h.below, length * at_h.density))

    return prepare


@inlined
def _neurons(rows, first):
    """The neurons of a block."""
    return Neuron(
        load(rows, first),
        load(rows, first + 1),
        load(rows, first + 2),
        load(rows, first + 3),
        load(rows, first + 4),
        load(rows, first + 5),
        load(rows, first + 6),
    )


@inlined
def _neuron(rows, first, u):
    """One neuron of a block, in all lanes."""
    return Neuron(
        spread(entry(rows, first, u)),
        spread(entry(rows, first + 1, u)),
        spread(entry(rows, first + 2, u)),
        spread(entry(rows, first + 3, u)),
        spread(entry(rows, first + 4, u)),
        spread(entry(rows, first + 5, u)),
        spread(entry(rows, first + 6, u)),
    )


def biased_pairs(family: Biased) -> Any:
    """The compiled sums over the pairs of one tile, as those of ``tile_kernels.pairs_of``."""
    pair = family.pair

    @compiled
    def pairs(kernel, neurons, i, j, kept, desk, totals):
        """Those by ∂K/∂b of block j are left in a row of the desk, those of block i are behind those of ∂K/∂q."""
        weight, inverse = load(neurons, j * NEURON_ROWS + WEIGHT), load(neurons, j * NEURON_ROWS + INVERSE)
        by_a, by_q, by_b = load(totals, 2 * j), load(totals, 2 * j + 1), spread(0.0)
        other = _neurons(kernel.expansions, _block(kernel, j))
        for u in range(LANES):
            s, own = load(desk, u), entry(neurons, i * NEURON_ROWS + WEIGHT, u)
            one = _neuron(kernel.expansions, _block(kernel, i), u)
            t = clipped(s * inverse * entry(neurons, i * NEURON_ROWS + INVERSE, u), 1.0)
            root = sqrt((1.0 - t) * (1.0 + t))
            normals = bivariate(kernel.tail, one.h, one.tail, other.h, other.tail, t, root)
            found = pair(kernel, s, one, other, normals, t)
            store(desk, u, found.through)
            by_a, by_q, by_b = (
                fma(own, found.value, by_a),
                fma(own, found.own_other, by_q),
                fma(own, found.bias_other, by_b),
            )
            store(desk, kept + u, fma(weight, found.value, load(desk, kept + u)))
            store(desk, kept + LANES + u, fma(weight, found.own, load(desk, kept + LANES + u)))
            store(desk, kept + 2 * LANES + u, fma(weight, found.bias, load(desk, kept + 2 * LANES + u)))
        store(totals, 2 * j, by_a)
        store(totals, 2 * j + 1, by_q)
        store(desk, BIASES, by_b)

    return pairs
