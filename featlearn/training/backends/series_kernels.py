"""Pairs of neurons whose kernel is a Hermite series, eight at a time, for any activation.

With the coefficients c, d, e of ``series_table`` at the norms x of two rows, t = s/(x_u x_v), and h_i = d_i/√(i + 1),
of which c_{i+1} = x h_i,

    K = c_0 c_0 + s Q(t),   ∂K/∂s = (t Q)′(t),   Q = Σ_i h_i(u) h_i(v) t^i,
    2 ∂K/∂q_u = e_0(u) c_0(v) + x_v t Σ_i e_{i+1}(u) h_i(v) t^i:

all finite where a row is zero, and two derivatives by one pass of Horner's rule. Of i = p + r·m the terms m are those
that the activation has: Q = Λ + t^p R(y) with y = t^r, where Λ is the share of a linear part beside an even function.

Before the sums over pairs all neurons of a run are expanded, with the table of the largest norm among them. The rows of
``Kernel.expansions`` are

    where the table of the run begins, and a norm that no table is there for, or 0;
    then of each block: the table that it is expanded by, scratch, the columns, and h of each term.
"""

from __future__ import annotations

from featlearn.training.backends.layout import (
    COLUMNS_ALONE,
    EXPANSION_HEAD,
    INVERSE,
    LANES,
    NEURON_ROWS,
    POWERS,
    SCALE,
    SERIES_HEAD,
    WEIGHT,
)
from featlearn.training.backends.moment_kernels import add_derivatives, cosines, degree_of, monomial
from featlearn.training.backends.tile_kernels import transpose
from featlearn.training.backends.vectors import compiled, entry, fma, load, number, spread, sqrt, store, where_above

_AT, _MISSING = range(EXPANSION_HEAD)  # rows of expansions: the table, and a norm that has none
_MADE, _SCRATCH, _COLUMNS = range(3)  # rows of a block: its table, scratch, and where its columns begin


@compiled
def ready(q, c):
    norm = sqrt(q)
    return norm, where_above(norm, 0.0, 1.0 / norm, 0.0), c, c


@compiled
def complete(factor, scale, inverse):
    return 1.0, 0.5, 1.0


@compiled
def not_expanded(kernel, j):
    """Note that the neurons of block j are new."""
    store(kernel.expansions, EXPANSION_HEAD + j * kernel.stride + _MADE, -1.0)


@compiled
def _table(run, scratch):
    """The first row of the table of the largest norm; the first norm that has none is told, after which nothing counts."""
    expansions, tail = run.kernel.expansions, run.kernel.tail
    largest = spread(0.0)
    for j in range(run.blocks):
        norm = load(run.neurons, j * NEURON_ROWS + SCALE)
        largest = where_above(norm, largest, norm, largest)
    store(expansions, scratch, largest)
    norm = entry(expansions, scratch, 0)
    for lane in range(1, LANES):
        norm = max(norm, entry(expansions, scratch, lane))
    at = 0
    while norm > number(tail, at * LANES):
        at += int(number(tail, at * LANES + 1))
    if number(tail, at * LANES + 3) == 0.0 and entry(expansions, _MISSING, 0) == 0.0:
        store(expansions, _MISSING, norm)
    return at


@compiled
def _interval(tail, ends, count, x):
    """The interval that a norm lies in, and where in it, −1 … 1."""
    place = 0
    while place + 1 < count and x > number(tail, ends + 3 * place):
        place += 1
    return place, (x - number(tail, ends + 3 * place + 1)) * number(tail, ends + 3 * place + 2)


@compiled
def _columns(run, at, j, here):
    """The columns of the neurons of block j: of each neuron in one row, and then turned round."""
    expansions, tail = run.kernel.expansions, run.kernel.tail
    terms, count, groups = (
        int(number(tail, at * LANES + 2)),
        int(number(tail, at * LANES + 3)),
        int(number(tail, at * LANES + 7)),
    )
    ends = at + SERIES_HEAD + (terms + LANES - 1) // LANES
    polynomials = ends + (3 * count + LANES - 1) // LANES
    for u in range(0, LANES, 4):
        norms = j * NEURON_ROWS + SCALE
        place0, y0 = _interval(tail, ends * LANES, count, entry(run.neurons, norms, u))
        place1, y1 = _interval(tail, ends * LANES, count, entry(run.neurons, norms, u + 1))
        place2, y2 = _interval(tail, ends * LANES, count, entry(run.neurons, norms, u + 2))
        place3, y3 = _interval(tail, ends * LANES, count, entry(run.neurons, norms, u + 3))
        for group in range(groups):
            row0 = polynomials + (place0 * groups + group) * POWERS
            row1 = polynomials + (place1 * groups + group) * POWERS
            row2 = polynomials + (place2 * groups + group) * POWERS
            row3 = polynomials + (place3 * groups + group) * POWERS
            v0, v1, v2, v3 = load(tail, row0), load(tail, row1), load(tail, row2), load(tail, row3)
            for power in range(1, POWERS):
                v0 = fma(v0, y0, load(tail, row0 + power))
                v1 = fma(v1, y1, load(tail, row1 + power))
                v2 = fma(v2, y2, load(tail, row2 + power))
                v3 = fma(v3, y3, load(tail, row3 + power))
            store(expansions, here + group * LANES + u, v0)
            store(expansions, here + group * LANES + u + 1, v1)
            store(expansions, here + group * LANES + u + 2, v2)
            store(expansions, here + group * LANES + u + 3, v3)
    for group in range(groups):
        transpose(expansions, here + group * LANES)


@compiled
def expand(run, j):
    """Expand the neurons of block j, once all neurons are ready; returns whether they were not yet."""
    expansions, tail = run.kernel.expansions, run.kernel.tail
    block = EXPANSION_HEAD + j * run.kernel.stride
    at = _table(run, block + _SCRATCH)
    store(expansions, _AT, 1.0 * at)
    if entry(expansions, block + _MADE, 0) == 1.0 * at or number(tail, at * LANES + 3) == 0.0:
        return False
    store(expansions, block + _MADE, 1.0 * at)
    terms, r, p = (
        int(number(tail, at * LANES + 2)),
        int(number(tail, at * LANES + 4)),
        int(number(tail, at * LANES + 5)),
    )
    columns = block + _COLUMNS
    _columns(run, at, j, columns)
    norm, further = load(run.neurons, j * NEURON_ROWS + SCALE), columns + int(number(tail, at * LANES + 7)) * LANES
    for m in range(terms):
        i = p + r * m
        if i == 0:
            h = load(expansions, columns + 1)
        else:
            behind = columns + 2 if i == 1 else columns + COLUMNS_ALONE + m - 2 // r
            h = number(tail, (at + SERIES_HEAD) * LANES + m) * (norm * load(expansions, behind))
        store(expansions, further + m, h)
    return True


@compiled
def _series(kernel, at, i, j, u, t, y):
    """R(y), R′(y), and Σ e_{i+1} h_i y^m both ways, of neuron u of block i and those of block j."""
    expansions, tail = kernel.expansions, kernel.tail
    terms, first = int(number(tail, at * LANES + 2)), int(number(tail, at * LANES + 6))
    further = int(number(tail, at * LANES + 7)) * LANES - COLUMNS_ALONE
    one = EXPANSION_HEAD + i * kernel.stride + _COLUMNS + COLUMNS_ALONE
    other = EXPANSION_HEAD + j * kernel.stride + _COLUMNS + COLUMNS_ALONE
    value, slope, own, its = spread(0.0), spread(0.0), spread(0.0), spread(0.0)
    for m in range(terms - 1, first - 1, -1):
        h_u, h_v = entry(expansions, one + further + m, u), load(expansions, other + further + m)
        slope = fma(slope, y, value)
        value = fma(value, y, h_u * h_v)
        own = fma(own, y, entry(expansions, one + m, u) * h_v)
        its = fma(its, y, h_u * load(expansions, other + m))
    return value, slope, own, its


@compiled
def pairs(kernel, neurons, i, j, kept, desk, totals):
    """As in ``tile_kernels.pairs_of``."""
    expansions, tail = kernel.expansions, kernel.tail
    at = int(entry(expansions, _AT, 0))
    r, p, first = (
        int(number(tail, at * LANES + 4)),
        int(number(tail, at * LANES + 5)),
        int(number(tail, at * LANES + 6)),
    )
    linear = number(tail, (at + 1) * LANES)
    row_u, row_v = EXPANSION_HEAD + i * kernel.stride + _COLUMNS, EXPANSION_HEAD + j * kernel.stride + _COLUMNS
    c_v, e_v = load(expansions, row_v), load(expansions, row_v + 2)
    weight, inverse = load(neurons, j * NEURON_ROWS + WEIGHT), load(neurons, j * NEURON_ROWS + INVERSE)
    by_a, by_q = load(totals, 2 * j), load(totals, 2 * j + 1)
    for u in range(LANES):
        s, inverse_u = load(desk, u), entry(neurons, i * NEURON_ROWS + INVERSE, u)
        c_u, e_u, weight_u = (
            entry(expansions, row_u, u),
            entry(expansions, row_u + 2, u),
            entry(neurons, i * NEURON_ROWS + WEIGHT, u),
        )
        t = s * inverse * inverse_u
        y = where_above(1.0 * r, 1.5, t * t, t)
        power = t if p == 1 else spread(1.0)
        for _ in range(first):
            power = power * y
        value, slope, own, its = _series(kernel, at, i, j, u, t, y)
        q = power * value
        through = linear + fma(1.0 * (1 + p + r * first), q, r * (power * y * slope))
        k = fma(s, linear + q, c_u * c_v)
        own = fma(s * inverse_u, power * own, e_u * c_v)
        its = fma(s * inverse, power * its, c_u * e_v)
        store(desk, u, through)
        by_a, by_q = fma(weight_u, k, by_a), fma(weight_u, its, by_q)
        store(desk, kept + u, fma(weight, k, load(desk, kept + u)))
        store(desk, kept + LANES + u, fma(weight, own, load(desk, kept + LANES + u)))
    store(totals, 2 * j, by_a)
    store(totals, 2 * j + 1, by_q)


@compiled
def size(run, j):
    """The norm of the neurons of block j with all degrees, which the errors of coefficients scale with."""
    expansions, tail = run.kernel.expansions, run.kernel.tail
    at = int(entry(expansions, _AT, 0))
    terms = int(number(tail, at * LANES + 2))
    columns = EXPANSION_HEAD + j * run.kernel.stride + _COLUMNS
    further = columns + int(number(tail, at * LANES + 7)) * LANES
    total = spread(number(tail, (at + 1) * LANES))
    for m in range(terms):
        h = load(expansions, further + m)
        total = fma(h, h, total)
    norm, constant = load(run.neurons, j * NEURON_ROWS + SCALE), load(expansions, columns)
    return sqrt(fma(norm * norm, total, constant * constant))


@compiled
def moments(run, j):
    """As in ``moment_kernels.moments_of``: Σ_α c_α √k! c_k T^α, k = |α|, and its gradient.

    The latter is Σ_α c_α √k! (h_{k−1} Σ_i ∂_i T^α v_i + e_k T^α w); the coefficients of the target have the √k! in them.
    """
    expansions, tail, target = run.kernel.expansions, run.kernel.tail, run.target
    at = int(entry(expansions, _AT, 0))
    r, p = int(number(tail, at * LANES + 4)), int(number(tail, at * LANES + 5))
    columns = EXPANSION_HEAD + j * run.kernel.stride + _COLUMNS
    further = columns + int(number(tail, at * LANES + 7)) * LANES
    norm, first = load(run.neurons, j * NEURON_ROWS + SCALE), j * (2 + 2 * target.lines)
    cosines(target, run.v, run.d, load(run.neurons, j * NEURON_ROWS + INVERSE), j)
    value, along, place = spread(0.0), spread(0.0), 0
    for term in range(target.terms):
        count, coefficient = target.factors[place], number(target.coefficients, term)
        i = degree_of(target, place) - 1
        if i < 0:
            value = fma(coefficient, load(expansions, columns), value)
            along = fma(coefficient, load(expansions, columns + 2), along)
        else:
            h, bend = spread(0.0), spread(0.0)
            if i >= p and (i - p) % r == 0:
                m = (i - p) // r
                h, bend = load(expansions, further + m), load(expansions, columns + COLUMNS_ALONE + m)
            elif i == 0:
                h = load(expansions, columns + 1)
            add_derivatives(target, first, coefficient * h, place + 1, count)
            power = monomial(target, first, spread(coefficient), place + 1, count)
            value, along = fma(norm * h, power, value), fma(bend, power, along)
        place += 1 + 2 * count
    store(target.moments, first, value)
    store(target.moments, first + 1, along)
