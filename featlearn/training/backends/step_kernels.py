"""Compiled steps of gradient descent on population data, for one family of kernels and one method.

A round of a run is: (1) all neurons take the step of the round before and are made ready; (2) the sums over their
pairs, in shares that have arrays of their own; (3) the loss, where it is looked at. What follows what within a share,
and in which order shares are added, depends on the shape of the run alone, and so do its bits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from featlearn.training.backends.method_kernels import DIRECTIONS
from featlearn.training.backends.pair_kernels import FAMILIES, compiled
from featlearn.training.backends.tile_kernels import INVERSE, NEURON_ROWS, PANEL, PUSH, SCALE, WEIGHT, panel_of
from featlearn.training.backends.vectors import LANES, absolute, fma, load, spread, store, where_above


class Runs(NamedTuple):
    """Runs of one shape, eight neurons to a row: see ``fused_kernels.advance_runs``.

    Args:
        v, a, multiplicity: (runs, blocks·d, LANES) and twice (runs, blocks, LANES).
        mean_a, square_a, mean_w, square_w: the method's memory, likewise, or without rows.
        stretch: (runs,).
    """

    v: np.ndarray
    a: np.ndarray
    multiplicity: np.ndarray
    mean_a: np.ndarray
    square_a: np.ndarray
    mean_w: np.ndarray
    square_w: np.ndarray
    stretch: np.ndarray


class Plan(NamedTuple):
    """What is done with them: see ``fused_kernels.advance_runs``."""

    decay: np.ndarray
    size: np.ndarray
    looks: np.ndarray
    done: int
    beta1: float
    beta2: float
    train_a: bool
    train_w: bool


class Work(NamedTuple):
    """Scratch of one run.

    Args:
        student: (students, LANES), 1 for a student and 0 for a teacher or padding; its length is the number of blocks that
            have students.
        neurons: (blocks·NEURON_ROWS, LANES), what is ready of each neuron.
        totals, sums: (shares, 2·blocks, LANES) and (shares, students·d, LANES), the sums over pairs.
        desk: (shares, DESK, LANES).
    """

    student: np.ndarray
    neurons: np.ndarray
    totals: np.ndarray
    sums: np.ndarray
    desk: np.ndarray


class Parts(NamedTuple):
    """The compiled parts of a round."""

    move: Any
    prepare: Any
    add_up: Any
    look: Any
    gradient: Any


@compiled
def _sum_of_shares(arrays, row, block):
    """A row of the arrays of all shares that reach a block."""
    total = load(arrays[0], row)
    for share in range(1, min(arrays.shape[0], block // PANEL + 1)):
        total = total + load(arrays[share], row)
    return total


@compiled
def _sum_of_lanes(value, desk):
    store(desk, 0, value)
    total = desk[0, 0]
    for lane in range(1, LANES):
        total += desk[0, lane]
    return total


def parts_of(family: int, method: int) -> Parts:
    """The compiled parts of a round for a family of ``FAMILIES`` and a method of ``DIRECTIONS``."""
    ready, _, complete = FAMILIES[family]
    direction, panel = DIRECTIONS[method], panel_of(FAMILIES[family])

    @compiled
    def prepare(runs, run, work, j):
        """What is ready of the neurons of block j."""
        v, d = runs.v[run], runs.v.shape[1] // runs.a.shape[1]
        q = spread(0.0)
        for x in range(d):
            coordinate = load(v, j * d + x)
            q = fma(coordinate, coordinate, q)
        c = load(runs.multiplicity[run], j) * load(runs.a[run], j)
        scale, inverse, weight, push = ready(q, c)
        store(work.neurons, j * NEURON_ROWS + SCALE, scale)
        store(work.neurons, j * NEURON_ROWS + INVERSE, inverse)
        store(work.neurons, j * NEURON_ROWS + WEIGHT, weight)
        store(work.neurons, j * NEURON_ROWS + PUSH, push)

    @compiled
    def add_up(kernel, runs, run, work, share):
        """The sums of one share: those of its panels, which are dealt out forth and back, the long to the short."""
        v, blocks = runs.v[run], runs.a.shape[1]
        d, shares, students = v.shape[0] // blocks, work.desk.shape[0], work.student.shape[0]
        desk, totals, sums = work.desk[share], work.totals[share], work.sums[share]
        for row in range(2 * share * PANEL, 2 * blocks):
            store(totals, row, 0.0)
        for row in range(share * PANEL * d, students * d):
            store(sums, row, 0.0)
        for first in range(0, students, PANEL):
            turn = first // PANEL % (2 * shares)
            if turn in (share, 2 * shares - 1 - share):
                last = min(first + PANEL, students)
                panel(kernel, v, d, work.neurons, first, last, blocks, students, desk, totals, sums)

    @compiled
    def look(kernel, runs, run, work, seen):
        """Put the loss Σ c_i c_j K(v_i, v_j) and Σ|c_i|ρ_i into ``seen``, once all shares are added up."""
        v, blocks = runs.v[run], runs.a.shape[1]
        d, students, desk = v.shape[0] // blocks, work.student.shape[0], work.desk[0]
        for first in range(students, blocks, PANEL):  # the pairs of teachers, which steps do not need
            last = min(first + PANEL, blocks)
            panel(kernel, v, d, work.neurons, first, last, blocks, students, desk, work.totals[0], work.sums[0])
        loss, size = spread(0.0), spread(0.0)
        for j in range(blocks):
            c = load(runs.multiplicity[run], j) * load(runs.a[run], j)
            scale, inverse = load(work.neurons, j * NEURON_ROWS + SCALE), load(work.neurons, j * NEURON_ROWS + INVERSE)
            by_a, _, _ = complete(kernel[0], scale, inverse)
            loss = fma(c, by_a * _sum_of_shares(work.totals, 2 * j, j), loss)
            size = size + absolute(c * scale)
        seen[0], seen[1] = _sum_of_lanes(loss, desk), _sum_of_lanes(size, desk)

    @compiled
    def slopes(kernel, runs, run, work, j):
        """∂L/∂a of the neurons of block j, and the factors of G and of v in ∂L/∂v; once all shares are added up."""
        scale, inverse = load(work.neurons, j * NEURON_ROWS + SCALE), load(work.neurons, j * NEURON_ROWS + INVERSE)
        by_a, by_q, by_s = complete(kernel[0], scale, inverse)
        a = 2.0 * load(runs.a[run], j)
        own = by_q * _sum_of_shares(work.totals, 2 * j + 1, j)
        return 2.0 * by_a * _sum_of_shares(work.totals, 2 * j, j), a * by_s, 2.0 * a * own

    @compiled
    def move(kernel, runs, run, work, plan, i, j):
        """Step i of the neurons of block j."""
        v, a = runs.v[run], runs.a[run]
        d, student, stretch = v.shape[0] // a.shape[0], load(work.student, j), runs.stretch[run]
        decay, size, step = plan.decay[run, i], plan.size[run, i], plan.done + i + 1
        slope, by_sum, by_own = slopes(kernel, runs, run, work, j)
        if plan.train_a:
            old, mean, square = load(a, j), runs.mean_a[run], runs.square_a[run]
            downhill = direction(fma(decay / stretch, old, slope), j, mean, square, plan.beta1, plan.beta2, step)
            store(a, j, where_above(student, 0.0, fma(-size, downhill, old), old))
        if plan.train_w:
            mean, square = runs.mean_w[run], runs.square_w[run]
            for row in range(j * d, (j + 1) * d):
                old = load(v, row)
                slope = fma(by_own, old, by_sum * _sum_of_shares(work.sums, row, j))
                downhill = direction(fma(decay, old, slope), row, mean, square, plan.beta1, plan.beta2, step)
                store(v, row, where_above(student, 0.0, fma(-size / stretch, downhill, old), old))

    @compiled
    def gradient(kernel, runs, run, work, j, slope_a, slope_w):
        """The gradient by the neurons of block j, laid out like them."""
        v, d = runs.v[run], runs.v.shape[1] // runs.a.shape[1]
        slope, by_sum, by_own = slopes(kernel, runs, run, work, j)
        store(slope_a, j, slope)
        for row in range(j * d, (j + 1) * d):
            store(slope_w, row, fma(by_own, load(v, row), by_sum * _sum_of_shares(work.sums, row, j)))

    return Parts(move, prepare, add_up, look, gradient)


def evaluate_of(parts: Parts) -> Any:
    """The compiled loss and gradient of runs."""
    _, prepare, add_up, look, gradient = parts

    @compiled
    def evaluate(kernel, runs, work, slope_a, slope_w, seen):
        """Fill slope_a, slope_w and seen, (runs, blocks, LANES), (runs, blocks·d, LANES) and (runs, 2)."""
        for run in range(runs.a.shape[0]):
            for j in range(runs.a.shape[1]):
                prepare(runs, run, work, j)
            for share in range(work.desk.shape[0]):
                add_up(kernel, runs, run, work, share)
            look(kernel, runs, run, work, seen[run])
            for j in range(work.student.shape[0]):
                gradient(kernel, runs, run, work, j, slope_a[run], slope_w[run])

    return evaluate


def advance_of(parts: Parts) -> Any:
    """The compiled steps of runs, by one thread."""
    move, prepare, add_up, look, _ = parts

    @compiled
    def advance(kernel, runs, plan, work, seen):
        """Take the steps of the plan, in place, and fill seen, (runs, looks, 2)."""
        steps, blocks, students = plan.decay.shape[1], runs.a.shape[1], work.student.shape[0]
        for run in range(runs.a.shape[0]):
            looked = 0
            for i in range(steps + 1):
                for j in range(students if i > 0 else blocks):
                    if i > 0:
                        move(kernel, runs, run, work, plan, i - 1, j)
                    prepare(runs, run, work, j)
                due = looked < plan.looks.shape[0] and plan.looks[looked] == i
                if i < steps or due:
                    for share in range(work.desk.shape[0]):
                        add_up(kernel, runs, run, work, share)
                if due:
                    look(kernel, runs, run, work, seen[run, looked])
                    looked += 1

    return advance
