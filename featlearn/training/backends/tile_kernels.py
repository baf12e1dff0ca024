"""Sums over pairs of neurons, tile by tile: eight neurons with eight others, each pair once.

A block is eight neurons, stored coordinate by coordinate: row i·d + x of ``v`` holds coordinate x of the neurons of
block i. All arrays are (rows, LANES), so that whatever is done to a row is one instruction. For the tile of blocks i
and j, with S the products of their neurons,

    S = V_iᵀ V_j,    P = ∂K/∂s at S,    G_j += V_i C_i P,    G_i += V_j C_j Pᵀ,

and the sums of K and ∂K/∂q likewise: all of it in the nearest cache, and most of it in registers, four rows at a time
(with eight, processors with sixteen registers would run out of them).
"""

from __future__ import annotations

from typing import Any

from featlearn.training.backends.layout import BIASES, DESK, INVERSE, LANES, NEURON_ROWS, PUSH, WEIGHT
from featlearn.training.backends.pair_kernels import Function
from featlearn.training.backends.vectors import (
    compiled,
    entry,
    even_lanes,
    even_pairs,
    first_halves,
    fma,
    in_part,
    load,
    odd_lanes,
    odd_pairs,
    rows_from,
    second_halves,
    spread,
    store,
)


@compiled
def _products(v, d, width, i, j, desk):
    """S = V_iᵀ V_j, into the tile, over the first ``width`` coordinates."""
    for u in range(0, LANES, 4):
        s0 = s1 = s2 = s3 = spread(0.0)
        for x in range(width):
            other = load(v, j * d + x)
            s0 = fma(entry(v, i * d + x, u), other, s0)
            s1 = fma(entry(v, i * d + x, u + 1), other, s1)
            s2 = fma(entry(v, i * d + x, u + 2), other, s2)
            s3 = fma(entry(v, i * d + x, u + 3), other, s3)
        store(desk, u, s0)
        store(desk, u + 1, s1)
        store(desk, u + 2, s2)
        store(desk, u + 3, s3)


@compiled
def _add_columns(v, d, width, neurons, i, j, desk, sums):
    """G_j += V_i C_i P, P being the tile, in the first ``width`` coordinates."""
    push = i * NEURON_ROWS + PUSH
    for u in range(0, LANES, 4):
        p0 = entry(neurons, push, u) * load(desk, u)
        p1 = entry(neurons, push, u + 1) * load(desk, u + 1)
        p2 = entry(neurons, push, u + 2) * load(desk, u + 2)
        p3 = entry(neurons, push, u + 3) * load(desk, u + 3)
        for x in range(width):
            total = fma(entry(v, i * d + x, u), p0, load(sums, j * d + x))
            total = fma(entry(v, i * d + x, u + 1), p1, total)
            total = fma(entry(v, i * d + x, u + 2), p2, total)
            store(sums, j * d + x, fma(entry(v, i * d + x, u + 3), p3, total))


@compiled
def transpose(desk, first):
    """Exchange rows and lanes of the eight rows from ``first`` on."""
    a, b, c, d = load(desk, first), load(desk, first + 1), load(desk, first + 2), load(desk, first + 3)
    e, f, g, h = load(desk, first + 4), load(desk, first + 5), load(desk, first + 6), load(desk, first + 7)
    a, b, c, d = even_lanes(a, b), odd_lanes(a, b), even_lanes(c, d), odd_lanes(c, d)
    e, f, g, h = even_lanes(e, f), odd_lanes(e, f), even_lanes(g, h), odd_lanes(g, h)
    a, b, c, d = even_pairs(a, c), even_pairs(b, d), odd_pairs(a, c), odd_pairs(b, d)
    e, f, g, h = even_pairs(e, g), even_pairs(f, h), odd_pairs(e, g), odd_pairs(f, h)
    store(desk, first, first_halves(a, e))
    store(desk, first + 1, first_halves(b, f))
    store(desk, first + 2, first_halves(c, g))
    store(desk, first + 3, first_halves(d, h))
    store(desk, first + 4, second_halves(a, e))
    store(desk, first + 5, second_halves(b, f))
    store(desk, first + 6, second_halves(c, g))
    store(desk, first + 7, second_halves(d, h))


@compiled
def _add_rows(desk, first, totals, row):
    """Add the sums of eight neurons, eight partial sums each, to a row with one lane for each."""
    transpose(desk, first)
    total = load(totals, row)
    for u in range(LANES):
        total = total + load(desk, first + u)
    store(totals, row, total)


def pairs_of(pair: Function) -> Any:
    """The compiled sums over the pairs of one tile, by what a pair contributes to them; see ``pair_kernels.Family``."""

    @compiled
    def pairs(kernel, neurons, i, j, kept, desk, totals):
        """Turn the tile from S into P; add K and ∂K/∂q to the totals of block j, and to those kept for block i."""
        weight, inverse = load(neurons, j * NEURON_ROWS + WEIGHT), load(neurons, j * NEURON_ROWS + INVERSE)
        by_a, by_q = load(totals, 2 * j), load(totals, 2 * j + 1)
        for u in range(LANES):
            s, own = load(desk, u), entry(neurons, i * NEURON_ROWS + WEIGHT, u)
            value, slope, through = pair(kernel, s, s * inverse * entry(neurons, i * NEURON_ROWS + INVERSE, u))
            store(desk, u, through)
            by_a, by_q = fma(own, value, by_a), fma(own, slope, by_q)
            store(desk, kept + u, fma(weight, value, load(desk, kept + u)))
            store(desk, kept + LANES + u, fma(weight, slope, load(desk, kept + LANES + u)))
        store(totals, 2 * j, by_a)
        store(totals, 2 * j + 1, by_q)

    return pairs


def panel_of(pairs: Function, biased: bool = False) -> Any:
    """The compiled sums over the pairs of one panel, by those of one tile.

    Args:
        biased: whether the last coordinate is a bias, whose sums Σ c_j ∂K/∂b are those of ``pairs``.
    """
    biases = 1 if biased else 0
    each = 2 + biases  # sums that are kept of a neuron

    @in_part
    def panel(run, share, first, last):
        """Add the pairs of blocks first … last−1 with all from themselves on to the sums of a share; see ``Run``."""
        v, d, neurons, students = run.v, run.d, run.neurons, run.students
        desk, totals = rows_from(run.desk, share * DESK), rows_from(run.totals, share * 2 * run.blocks)
        sums, width = rows_from(run.sums, share * students * d), d - biases
        for j in range(first, run.blocks):
            for i in range(first, min(last, j + 1)):
                kept = LANES * (1 + each * (i - first))
                if j >= run.meets:
                    _products(v, d, width, i, j, desk)
                    pairs(run.kernel, neurons, i, j, kept, desk, totals)
                    if j < students:
                        _add_columns(v, d, width, neurons, i, j, desk, sums)
                        if biased:
                            row = j * d + width
                            store(sums, row, load(sums, row) + load(desk, BIASES))
                if i == j:  # the first tile of block i, whose totals have it all: what is kept beside begins here
                    for row in range(kept, kept + each * LANES):
                        store(desk, row, 0.0)
                elif i < students and j >= run.meets:
                    transpose(desk, 0)
                    _add_columns(v, d, width, neurons, j, i, desk, sums)
        for i in range(first, last):
            kept = LANES * (1 + each * (i - first))
            _add_rows(desk, kept, totals, 2 * i)
            _add_rows(desk, kept + LANES, totals, 2 * i + 1)
            if biased and i < students:
                _add_rows(desk, kept + 2 * LANES, sums, i * d + width)

    return panel
