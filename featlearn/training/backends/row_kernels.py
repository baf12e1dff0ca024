"""What metrics rows ask of single neurons, compiled: how they lie to the teacher, and how far the tangent kernel moved.

It is ``alignment.neuron_metrics`` and ``tangent_kernel.tangent_kernel_distance`` for activations that are a broken
line, φ̃(z) = bend·|z| + slope·z − dropped·√q with q = ‖w‖², at as many inputs as four vectors hold. Lanes are neurons in
the first and inputs in the second; sums over neurons go from the first to the last.
"""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np
from numba import types

from featlearn.training.backends.layout import FOUND, INPUT_ROWS, INPUTS, LANES
from featlearn.training.backends.pair_kernels import arcsine
from featlearn.training.backends.vectors import (
    COUNT,
    ROWS,
    absolute,
    compiled,
    copysign,
    entry,
    fma,
    inlined,
    instruction,
    load,
    rows_from,
    spread,
    sqrt,
    store,
    sum_of_lanes,
    where_above,
)

_ROOT, _OUTER, _FIXED, _ALONG_ROW, _CROSSED = range(1, 6)  # rows of the desk, of a block of neurons; the first is free
ARGUMENTS = (types.CPointer(types.int64), *[ROWS] * 14)  # numba's types


@instruction(lambda _, builder, numbers, start: builder.gep(numbers, [start]), ROWS, (ROWS, COUNT))
def _from(numbers: np.ndarray, start: int) -> np.ndarray:
    """The array (…) without the numbers before ``start``."""
    return numbers[start:]


@inlined
def _larger(a, b):
    return where_above(a, b, a, b)


@compiled
def _largest_of(desk, value):
    store(desk, 0, value)
    largest = entry(desk, 0, 0)
    for lane in range(1, LANES):
        largest = max(largest, entry(desk, 0, lane))
    return largest


@compiled
def _across_and_along(units, teacher, start, d):
    """‖u − t‖ and ‖u + t‖ of eight unit rows u and one unit row t of the teacher, which begins at ``start``."""
    across, along = spread(0.0), spread(0.0)
    for k in range(d):
        u, t = load(units, k), teacher[start + k]
        less, more = u - t, u + t
        across, along = fma(less, less, across), fma(more, more, along)
    return sqrt(across), sqrt(along)


@compiled
def _inside(v, bases, d, blocks, j, dimensions):
    """‖P w‖² of the rows of block j, with P the projection on the span of orthonormal rows."""
    square = spread(0.0)
    for i in range(dimensions):
        product = spread(0.0)
        for k in range(d):
            product = fma(load(v, k * blocks + j), bases[i * d + k], product)
        square = fma(product, product, square)
    return square


@compiled
def alignment(n, numbers, v, output, counts, teacher, masses, bases, desk, found):
    """What ``row_measures`` makes the metrics of: ten numbers of one run, in the order of ``layout.FOUND``.

    Args:
        n: sizes of the call, see ``row_measures.measured``.
        numbers: see ``measure``.
        v: (d·blocks, LANES) rows; output, counts: (blocks, LANES) output weights and multiplicities.
        teacher, bases: (m*·d) unit rows and (dimensions·d) orthonormal ones; masses: (m*) of the teacher.
        desk: (1 + 2·m* + d, LANES) scratch: the mass that belongs to each teacher row, whether it is found, unit rows.
    """
    d, blocks, teachers, units = n[1], n[2], n[3], rows_from(desk, 1 + 2 * n[3])
    total = 0.0
    for k in range(teachers):
        total += abs(masses[k])
        store(desk, 1 + 2 * k, 0.0)
        store(desk, 2 + 2 * k, 0.0)
    least, near_by, aligned_below = numbers[3] * total, numbers[4], numbers[5]
    angle_max, misalignment, mass_sum, aligned = spread(-1.0), spread(0.0), spread(0.0), spread(0.0)
    alive_sum, balance, squares, inside = spread(0.0), spread(0.0), spread(0.0), spread(0.0)
    for j in range(blocks):
        q = spread(0.0)
        for k in range(d):
            x = load(v, k * blocks + j)
            q = fma(x, x, q)
        norm, weight, count = sqrt(q), load(output, j), load(counts, j)
        mass = absolute(weight) * norm
        length, alive = where_above(norm, 0.0, norm, nan), where_above(mass, least, 1.0, 0.0)
        for k in range(d):
            store(units, k, load(v, k * blocks + j) / length)
        nearest, farthest, index = spread(nan), spread(nan), spread(0.0)
        for k in range(teachers):
            across, along = _across_and_along(units, teacher, k * d, d)
            if n[5] == 1:  # a line is as near as the nearer of its two ends
                across, along = where_above(across, along, along, across), _larger(across, along)
            within = where_above(near_by * along, across, alive, 0.0)
            store(desk, 2 + 2 * k, _larger(within, load(desk, 2 + 2 * k)))
            if k == 0:
                nearest, farthest = across, along
            else:
                farthest = where_above(nearest, across, along, farthest)
                index = where_above(nearest, across, 1.0 * k, index)
                nearest = where_above(nearest, across, across, nearest)
        size = sqrt(fma(nearest, nearest, farthest * farthest))
        angle = 2.0 * arcsine(nearest / size, farthest / size)
        own = copysign(count * mass, weight)
        for k in range(teachers):
            belongs = where_above(0.5, absolute(index - 1.0 * k), own, 0.0)
            store(desk, 1 + 2 * k, load(desk, 1 + 2 * k) + belongs)
        mass = count * mass
        angle_max = where_above(alive, 0.5, _larger(angle, angle_max), angle_max)
        misalignment = misalignment + where_above(mass, 0.0, mass * (angle * angle), 0.0)
        mass_sum = mass_sum + mass
        aligned = aligned + where_above(aligned_below, angle, mass, 0.0)
        alive_sum = alive_sum + count * alive
        balance = _larger(absolute(absolute(weight) - norm), balance)
        squares = squares + count * q
        inside = inside + count * _inside(v, bases, d, blocks, j, n[4])
    found[0] = _largest_of(desk, angle_max)
    found[1] = sum_of_lanes(misalignment, desk)
    found[2] = sum_of_lanes(mass_sum, desk)
    found[3] = sum_of_lanes(aligned, desk)
    found[4] = sum_of_lanes(alive_sum, desk)
    recovered, error = 0.0, 0.0
    for k in range(teachers):
        recovered += _largest_of(desk, load(desk, 2 + 2 * k))
        error = max(error, abs(sum_of_lanes(load(desk, 1 + 2 * k), desk) - masses[k]))
    found[5] = recovered
    found[6] = error
    found[7] = _largest_of(desk, balance)
    found[8] = sum_of_lanes(squares, desk)
    found[9] = sum_of_lanes(inside, desk)


@compiled
def _values(n, numbers, v, second, counts, inputs, neurons, crossed, desk):
    """φ̃ and a ∂φ̃/∂z of each neuron at the inputs, each times √count; returns the sum of (a ∂φ̃/∂q 2‖w‖)²."""
    d, blocks = n[1], n[2]
    bend, slope, dropped = numbers[0], numbers[1], numbers[2]
    own = spread(0.0)
    for c in range(INPUT_ROWS):
        store(crossed, c, 0.0)
    for block in range(blocks):
        q = spread(0.0)
        for k in range(d):
            x = load(v, k * blocks + block)
            q = fma(x, x, q)
        root, norm = sqrt(load(counts, block)), sqrt(q)
        outer = root * load(second, block)
        pull = where_above(norm, 0.0, -dropped * outer, 0.0)
        own = fma(pull, pull, own)
        store(desk, _ROOT, root)
        store(desk, _OUTER, outer)
        store(desk, _FIXED, root * (dropped * norm))
        store(desk, _ALONG_ROW, where_above(norm, 0.0, pull / norm, 0.0))
        for lane in range(LANES):
            at = 2 * (block * LANES + lane) * INPUT_ROWS
            for c in range(INPUT_ROWS):
                z = spread(0.0)
                for k in range(d):
                    z = fma(load(inputs, k * INPUT_ROWS + c), entry(v, k * blocks + block, lane), z)
                side = where_above(z, 0.0, 1.0, where_above(0.0, z, -1.0, 0.0))
                steep = entry(desk, _OUTER, lane) * (bend * side + slope)
                value = bend * absolute(z) + slope * z
                store(neurons, at + c, entry(desk, _ROOT, lane) * value - entry(desk, _FIXED, lane))
                store(neurons, at + INPUT_ROWS + c, steep)
                store(crossed, c, fma(steep * z, entry(desk, _ALONG_ROW, lane), load(crossed, c)))
    return sum_of_lanes(own, desk)


@compiled
def kernel_distance(n, numbers, v, second, counts, inputs, products, other, neurons, desk):
    """The square of ``tangent_kernel_distance`` of one run; arrays in rows of LANES.

    Args:
        v, second, counts: as in ``alignment``, but the plain weights of the second layer.
        inputs: (d·INPUT_ROWS) coordinate by coordinate; products, other: (INPUTS·INPUT_ROWS).
        neurons: (2·blocks·LANES·INPUT_ROWS) and desk: (DESK_ROWS) scratch.
    """
    crossed = rows_from(desk, _CROSSED)
    own = _values(n, numbers, v, second, counts, inputs, neurons, crossed, desk)
    total = spread(0.0)
    for p in range(0, INPUTS, 2):
        row, lane = p // LANES, p % LANES
        for c in range(row, INPUT_ROWS):  # the kernel is symmetric
            value_0, value_1, steep_0, steep_1 = spread(0.0), spread(0.0), spread(0.0), spread(0.0)
            for j in range(n[2] * LANES):
                at = 2 * j * INPUT_ROWS
                x, y = load(neurons, at + c), load(neurons, at + INPUT_ROWS + c)
                value_0 = fma(x, entry(neurons, at + row, lane), value_0)
                value_1 = fma(x, entry(neurons, at + row, lane + 1), value_1)
                steep_0 = fma(y, entry(neurons, at + INPUT_ROWS + row, lane), steep_0)
                steep_1 = fma(y, entry(neurons, at + INPUT_ROWS + row, lane + 1), steep_1)
            beside = load(crossed, c) + own
            here = p * INPUT_ROWS + c
            gap = fma(steep_0, load(products, here), value_0) + (beside + entry(crossed, row, lane))
            gap = gap - load(other, here)
            square = gap * gap
            here += INPUT_ROWS
            gap = fma(steep_1, load(products, here), value_1) + (beside + entry(crossed, row, lane + 1))
            gap = gap - load(other, here)
            square = fma(gap, gap, square)
            total = total + (square if c == row else 2.0 * square)
    return sum_of_lanes(total, desk)


def measure(_: int) -> Any:
    """Both for many runs. ``numbers``: bend, slope, dropped, and the three thresholds of ``row_measures``."""

    def measures_of_runs(
        n, numbers, v, second, output, counts, teacher, masses, bases, inputs, products, other, neurons, desk, found
    ):
        d, blocks, teachers = n[1], n[2], n[3]
        for i in range(n[0]):
            rows, weights = rows_from(v, i * d * blocks), rows_from(counts, i * blocks)
            if teachers > 0:
                alignment(
                    n, numbers, rows, rows_from(output, i * blocks), weights, _from(teacher, i * teachers * d),
                    _from(masses, i * teachers), _from(bases, i * n[4] * d), desk, _from(found, i * FOUND),
                )  # fmt: skip
            if n[6] == 1:
                square = i * INPUTS * INPUT_ROWS
                found[(i + 1) * FOUND - 1] = kernel_distance(
                    n, numbers, rows, rows_from(second, i * blocks), weights, rows_from(inputs, i * d * INPUT_ROWS),
                    rows_from(products, square), rows_from(other, square), neurons, desk,
                )  # fmt: skip

    return measures_of_runs
