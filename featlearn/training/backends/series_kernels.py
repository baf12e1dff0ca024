"""Pairs of neurons whose kernel is a Hermite series, eight at a time, for any activation.

With the coefficients c, d, e of ``series_table`` at the norms x of two rows, t = s/(x_u x_v), and h_i = d_i/√(i + 1),
of which c_{i+1} = x h_i,

    K = c_0 c_0 + s Q(t),   ∂K/∂s = (t Q)′(t),   Q = Σ_i h_i(u) h_i(v) t^i,
    2 ∂K/∂q_u = e_0(u) c_0(v) + x_v t Σ_i e_{i+1}(u) h_i(v) t^i:

all finite where a row is zero, and both derivatives of Q by one pass of Horner's rule. Of i = p + r·m the terms m are
those that the activation has: Q = Λ + t^p R(y) with y = t^r, where Λ is the share of a linear part beside an even
function.

Before the sums over pairs all neurons of a run are expanded, with the table of the largest norm among them. The rows of
``Kernel.expansions`` are where that table begins, and a norm that no table is there for, or 0; then of each block the
table that it is expanded by, scratch, the columns of the table, and h of each term.
"""

from __future__ import annotations

from featlearn.training.backends.layout import (
    COLUMNS_ALONE,
    EXPANSION_HEAD,
    FIRST,
    GROUPS,
    INTERVALS,
    INVERSE,
    LANES,
    LARGEST,
    LENGTH,
    NEURON_ROWS,
    PARITY,
    POWERS,
    SCALE,
    SERIES_HEAD,
    STRIDE,
    TERMS,
    WEIGHT,
)
from featlearn.training.backends.moment_kernels import add_term, cosines, degree_of, monomial
from featlearn.training.backends.tile_kernels import transpose
from featlearn.training.backends.vectors import (
    compiled,
    entry,
    fma,
    inlined,
    load,
    number,
    spread,
    sqrt,
    store,
    where_above,
)

_AT, _MISSING = range(EXPANSION_HEAD)  # rows of expansions
_MADE, _SCRATCH, _COLUMNS = range(3)  # rows of a block
_MEAN, _SIZE, _SLOPE, _BEND = range(COLUMNS_ALONE)  # columns that no term has: c_0, the size, d_0, e_0


@inlined
def _told(tail, at, place):
    """A whole number of the head of the table that begins at a row."""
    return int(number(tail, at * LANES + place))


@inlined
def _block(kernel, j):
    """The first row of block j."""
    return EXPANSION_HEAD + j * kernel.stride


@inlined
def _table(kernel):
    """The first row of the table of the run."""
    return int(entry(kernel.expansions, _AT, 0))


@compiled
def series_ready(q, c):
    norm = sqrt(q)
    return norm, where_above(norm, 0.0, 1.0 / norm, 0.0), c, c


@compiled
def series_complete(factor, scale, inverse):
    return 1.0, 0.5, 1.0


@compiled
def not_expanded(kernel, j):
    """Note that the neurons of block j are new."""
    store(kernel.expansions, _block(kernel, j) + _MADE, -1.0)


# --- coefficients -------------------------------------------------------------------------------


@compiled
def _table_of_largest(run, scratch):
    """The first row of the table of the largest norm. The first norm without one is noted; what follows is not used."""
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
    while norm > number(tail, at * LANES + LARGEST):
        at += _told(tail, at, LENGTH)
    if _told(tail, at, INTERVALS) == 0 and entry(expansions, _MISSING, 0) == 0.0:
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
def _fill_columns(run, at, j, here):
    """The columns of the neurons of block j, from the row ``here`` on: each neuron in a row, and then turned round."""
    expansions, tail, norms = run.kernel.expansions, run.kernel.tail, j * NEURON_ROWS + SCALE
    count, groups = _told(tail, at, INTERVALS), _told(tail, at, GROUPS)
    first = at + SERIES_HEAD + (_told(tail, at, TERMS) + LANES - 1) // LANES
    ends, first = first * LANES, first + (3 * count + LANES - 1) // LANES
    for u in range(0, LANES, 4):
        place0, y0 = _interval(tail, ends, count, entry(run.neurons, norms, u))
        place1, y1 = _interval(tail, ends, count, entry(run.neurons, norms, u + 1))
        place2, y2 = _interval(tail, ends, count, entry(run.neurons, norms, u + 2))
        place3, y3 = _interval(tail, ends, count, entry(run.neurons, norms, u + 3))
        for group in range(groups):
            row0 = first + (place0 * groups + group) * POWERS
            row1 = first + (place1 * groups + group) * POWERS
            row2 = first + (place2 * groups + group) * POWERS
            row3 = first + (place3 * groups + group) * POWERS
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
    """Expand the neurons of block j, once all neurons are ready; returns whether they were not expanded before."""
    expansions, tail, block = run.kernel.expansions, run.kernel.tail, _block(run.kernel, j)
    at = _table_of_largest(run, block + _SCRATCH)
    store(expansions, _AT, 1.0 * at)
    if entry(expansions, block + _MADE, 0) == 1.0 * at or _told(tail, at, INTERVALS) == 0:
        return False
    store(expansions, block + _MADE, 1.0 * at)
    columns, norm = block + _COLUMNS, load(run.neurons, j * NEURON_ROWS + SCALE)
    _fill_columns(run, at, j, columns)
    r, p, further = _told(tail, at, STRIDE), _told(tail, at, PARITY), columns + LANES * _told(tail, at, GROUPS)
    for m in range(_told(tail, at, TERMS)):
        i = p + r * m
        if i == 0:
            h = load(expansions, columns + _SLOPE)
        else:
            behind = columns + _BEND if i == 1 else columns + COLUMNS_ALONE + m - 2 // r
            h = number(tail, (at + SERIES_HEAD) * LANES + m) * (norm * load(expansions, behind))
        store(expansions, further + m, h)
    return True


@compiled
def series_size(run, j):
    """What the rounding errors of the neurons of block j scale with."""
    return load(run.kernel.expansions, _block(run.kernel, j) + _COLUMNS + _SIZE)


# --- sums ---------------------------------------------------------------------------------------


@compiled
def _sums(kernel, at, i, j, u, y):
    """R(y), R′(y), and Σ e_{i+1} h_i y^m both ways, of neuron u of block i and those of block j."""
    expansions, tail = kernel.expansions, kernel.tail
    one = _block(kernel, i) + _COLUMNS + COLUMNS_ALONE
    other = _block(kernel, j) + _COLUMNS + COLUMNS_ALONE
    further = LANES * _told(tail, at, GROUPS) - COLUMNS_ALONE
    value, slope, own, its = spread(0.0), spread(0.0), spread(0.0), spread(0.0)
    for m in range(_told(tail, at, TERMS) - 1, _told(tail, at, FIRST) - 1, -1):
        h_u, h_v = entry(expansions, one + further + m, u), load(expansions, other + further + m)
        slope = fma(slope, y, value)
        value = fma(value, y, h_u * h_v)
        own = fma(own, y, entry(expansions, one + m, u) * h_v)
        its = fma(its, y, h_u * load(expansions, other + m))
    return value, slope, own, its


@compiled
def series_pairs(kernel, neurons, i, j, kept, desk, totals):
    """As those of ``tile_kernels.pairs_of``."""
    expansions, tail, at = kernel.expansions, kernel.tail, _table(kernel)
    r, p, first = _told(tail, at, STRIDE), _told(tail, at, PARITY), _told(tail, at, FIRST)
    linear, risen = number(tail, (at + 1) * LANES), 1.0 + p + r * first
    row_u, row_v = _block(kernel, i) + _COLUMNS, _block(kernel, j) + _COLUMNS
    c_v, e_v = load(expansions, row_v + _MEAN), load(expansions, row_v + _BEND)
    weight, inverse = load(neurons, j * NEURON_ROWS + WEIGHT), load(neurons, j * NEURON_ROWS + INVERSE)
    by_a, by_q = load(totals, 2 * j), load(totals, 2 * j + 1)
    for u in range(LANES):
        s, inverse_u = load(desk, u), entry(neurons, i * NEURON_ROWS + INVERSE, u)
        c_u, e_u = entry(expansions, row_u + _MEAN, u), entry(expansions, row_u + _BEND, u)
        weight_u = entry(neurons, i * NEURON_ROWS + WEIGHT, u)
        t = s * inverse * inverse_u
        y = t * t if r == 2 else t
        power = t if p == 1 else spread(1.0)
        for _ in range(first):
            power = power * y
        value, slope, own, its = _sums(kernel, at, i, j, u, y)
        q = power * value
        k = fma(s, linear + q, c_u * c_v)
        own = fma(s * inverse_u, power * own, e_u * c_v)
        its = fma(s * inverse, power * its, c_u * e_v)
        store(desk, u, linear + fma(risen, q, r * 1.0 * (power * y * slope)))
        by_a, by_q = fma(weight_u, k, by_a), fma(weight_u, its, by_q)
        store(desk, kept + u, fma(weight, k, load(desk, kept + u)))
        store(desk, kept + LANES + u, fma(weight, own, load(desk, kept + LANES + u)))
    store(totals, 2 * j, by_a)
    store(totals, 2 * j + 1, by_q)


@compiled
def series_moments(run, j):
    """As those of ``moment_kernels.moments_of``: Σ_α c_α √k! c_k T^α with k = |α|, and its gradient

        Σ_α c_α √k! (h_{k−1} Σ_i ∂_i T^α v_i + e_k T^α w).

    The coefficients of the target have the √k! in them, and all terms up to its degree are expanded.
    """
    expansions, tail, target, at = run.kernel.expansions, run.kernel.tail, run.target, _table(run.kernel)
    r, p, columns = _told(tail, at, STRIDE), _told(tail, at, PARITY), _block(run.kernel, j) + _COLUMNS
    further = columns + LANES * _told(tail, at, GROUPS)
    norm, first = load(run.neurons, j * NEURON_ROWS + SCALE), j * (2 + 2 * target.lines)
    cosines(target, run.v, run.d, load(run.neurons, j * NEURON_ROWS + INVERSE), j)
    value, along, place = spread(0.0), spread(0.0), 0
    for term in range(target.terms):
        count, coefficient = target.factors[place], number(target.coefficients, term)
        i = degree_of(target, place) - 1
        if i < 0:
            value = fma(coefficient, load(expansions, columns + _MEAN), value)
            along = fma(coefficient, load(expansions, columns + _BEND), along)
        else:
            h, bend = spread(0.0), spread(0.0)
            if i >= p and (i - p) % r == 0:
                m = (i - p) // r
                h, bend = load(expansions, further + m), load(expansions, columns + COLUMNS_ALONE + m)
            elif i == 0:
                h = load(expansions, columns + _SLOPE)
            value = fma(norm, add_term(target, first, coefficient * h, place + 1, count), value)
            along = along + monomial(target, first, coefficient * bend, place + 1, count)
        place += 1 + 2 * count
    store(target.moments, first, value)
    store(target.moments, first + 1, along)
