"""Compiled steps of gradient descent on population data, for one family of kernels.

A round of a run is: (1) all neurons take the step of the round before and are made ready, and those of a series then
expanded; (2) the sums over their pairs, in shares that have arrays of their own; (3) the loss, where it is looked at.
What follows what within a share, and in which order shares are added, depends on the shape of the run alone, and so do
its bits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from featlearn.training.backends.biased_kernels import FAMILIES as WITH_BIASES
from featlearn.training.backends.biased_kernels import biased_pairs, biased_prepare
from featlearn.training.backends.biased_moment_kernels import biased_moments
from featlearn.training.backends.biased_polynomial_kernels import (
    polynomial_complete,
    polynomial_pairs,
    polynomial_prepare,
)
from featlearn.training.backends.layout import (
    BIASED,
    BIASED_POLYNOMIAL,
    EXPANSION_HEAD,
    INVERSE,
    NEURON_ROWS,
    PANEL,
    PUSH,
    SCALE,
    SERIES,
    WEIGHT,
)
from featlearn.training.backends.method_kernels import direction
from featlearn.training.backends.moment_kernels import moments_of, with_slope, with_value
from featlearn.training.backends.pair_kernels import FAMILIES, Kernel
from featlearn.training.backends.series_kernels import (
    expand,
    not_expanded,
    series_complete,
    series_moments,
    series_pairs,
    series_ready,
    series_size,
)
from featlearn.training.backends.tile_kernels import pairs_of, panel_of
from featlearn.training.backends.vectors import (
    absolute,
    compiled,
    fma,
    in_part,
    inlined,
    load,
    spread,
    sqrt,
    store,
    sum_of_lanes,
    where_above,
)


class Run(NamedTuple):
    """One run and what its steps need; arrays are (…, LANES), eight neurons to a row.

    Args:
        kernel: the numbers of the activation.
        target: a ``moment_kernels.Target``, which only steps to a polynomial have.
        d, blocks, students, shares: coordinates; blocks of eight neurons, and those of them that have students; shares
            of the sums over pairs.
        correlation, meets: see ``layout.Sizes``.
        v, a, multiplicity: (blocks·d) rows and twice (blocks): see ``fused_kernels.advance_runs``.
        mean_a, square_a, mean_w, square_w: the method's memory, laid out like a and v; of methods that have any.
        student: (students), 1 for a student and 0 for what else is in its block.
        neurons: (blocks·NEURON_ROWS), what is ready of each neuron.
        totals, sums, desk: (shares·2·blocks), (shares·students·d) and (shares·DESK): for each share, Σ K and Σ ∂K/∂q of
            each block, the sums of columns G, whose last coordinate is Σ ∂K/∂b where it is a bias, and scratch.
    """

    kernel: Kernel
    target: Any
    d: int
    blocks: int
    students: int
    shares: int
    correlation: int
    meets: int
    v: Any
    a: Any
    mean_a: Any
    square_a: Any
    mean_w: Any
    square_w: Any
    multiplicity: Any
    student: Any
    neurons: Any
    totals: Any
    sums: Any
    desk: Any


class Step(NamedTuple):
    """One step: the method and its numbers, weight decays and sizes for the layers, which are trained, and whether rows
    stay on the unit sphere; biases are the last coordinate where a family has them."""

    method: int
    beta1: float
    beta2: float
    unbias1: float
    unbias2: float
    decay_a: float
    decay_w: float
    size_a: float
    size_w: float
    train_a: int
    train_w: int
    unit_rows: int
    decay_b: float = 0.0
    size_b: float = 0.0
    train_b: int = 0


class Parts(NamedTuple):
    """The compiled parts of a round; ``expand`` is called for a series alone."""

    prepare: Any
    expand: Any
    add_up: Any
    look: Any
    move: Any
    gradient: Any


@inlined
def _sum_of_shares(run, rows, per_share, row, block):
    """A row of the arrays of all shares that reach a block; the arrays have ``per_share`` rows."""
    total = load(rows, row)
    for share in range(1, min(run.shares, block // PANEL + 1)):
        total = total + load(rows, share * per_share + row)
    return total


@inlined
def _mass(run, j):
    """What the neurons of block j count in the function that students learn from, in which those that learn on the
    correlation loss do not count themselves."""
    c = load(run.multiplicity, j) * load(run.a, j)
    if run.correlation == 1 and j < run.students:
        return where_above(load(run.student, j), 0.0, 0.0, c)
    return c


@compiled
def _on_unit_sphere(run, j, width, before, after):
    """Divide the students of block j by their norms, as ``sphere.unit_rows``; ‖v‖² is ``before`` and ``after``, of the
    first ``width`` coordinates."""
    scale = where_above(after, 0.0, 1.0 / sqrt(after) + (after - after), after)
    scale = where_above(before, 0.0, scale, before)
    scale = where_above(load(run.student, j), 0.0, scale, 1.0)
    for row in range(j * run.d, j * run.d + width):
        store(run.v, row, scale * load(run.v, row))


def parts_of(family: int, polynomial: bool) -> Parts:
    """The compiled parts of a round for a family of kernels, with or without a polynomial target."""
    if family == SERIES:
        complete, panel = series_complete, panel_of(series_pairs)
        prepare, expands, size = *_expanded(polynomial), series_size
    elif family == BIASED_POLYNOMIAL:
        complete, panel, size = polynomial_complete, panel_of(polynomial_pairs, True), _scale
        prepare = expands = _prepared_with_biases(polynomial_prepare, biased_moments(family), polynomial)
    elif family in BIASED:
        known, size = WITH_BIASES[family], _scale
        complete, panel = known.complete, panel_of(biased_pairs(known), True)
        moments = biased_moments(family)
        prepare = expands = _prepared_with_biases(biased_prepare(known), moments, polynomial)
    else:
        complete, panel = FAMILIES[family].complete, panel_of(pairs_of(FAMILIES[family].pair))
        moments = moments_of(FAMILIES[family].moment)
        prepare = expands = _prepared(FAMILIES[family].ready, moments, polynomial)
        size = _scale
    moves = _moves_of(*_slopes_of(complete, polynomial), family in BIASED)
    return Parts(prepare, expands, *_sums_of(panel, complete, size, polynomial), *moves)


@inlined
def _scale(run, j):
    return load(run.neurons, j * NEURON_ROWS + SCALE)


def _prepared(ready: Any, moments: Any, polynomial: bool) -> Any:
    """The compiled ``prepare`` of a family."""

    @in_part
    def prepare(run, j):
        """Make the neurons of block j ready."""
        q = spread(0.0)
        for row in range(j * run.d, (j + 1) * run.d):
            x = load(run.v, row)
            q = fma(x, x, q)
        scale, inverse, weight, push = ready(q, _mass(run, j))
        store(run.neurons, j * NEURON_ROWS + SCALE, scale)
        store(run.neurons, j * NEURON_ROWS + INVERSE, inverse)
        store(run.neurons, j * NEURON_ROWS + WEIGHT, weight)
        store(run.neurons, j * NEURON_ROWS + PUSH, push)
        if polynomial:
            moments(run.target, run.v, run.d, run.neurons, j)

    return prepare


def _prepared_with_biases(prepare_each: Any, moments: Any, polynomial: bool) -> Any:
    """The compiled ``prepare`` of a family with biases."""

    @in_part
    def prepare(run, j):
        prepare_each(run, j, _mass(run, j))
        if polynomial:
            moments(run, j)

    return prepare


def _expanded(polynomial: bool) -> tuple[Any, Any]:
    """The compiled ``prepare`` and ``expand`` of a series."""
    prepared = _prepared(series_ready, None, False)

    @compiled
    def prepare(run, j):
        prepared(run, j)
        not_expanded(run.kernel, j)

    @compiled
    def expand_with_moments(run, j):
        if expand(run, j):
            series_moments(run, j)

    return prepare, expand_with_moments if polynomial else expand


def _sums_of(panel: Any, complete: Any, size_of: Any, polynomial: bool) -> tuple[Any, Any]:
    """The compiled ``add_up`` and ``look`` of a family."""

    @compiled
    def add_up(run, share, last):
        """The sums of one share: those of its panels, which are dealt out forth and back, so that long meet short.

        Pairs of two blocks from ``last`` on are left out: steps do not need those of teachers among themselves.
        """
        blocks, shares, students = run.blocks, run.shares, run.students
        for row in range(2 * share * PANEL, 2 * blocks):
            store(run.totals, share * 2 * blocks + row, 0.0)
        for row in range(share * PANEL * run.d, students * run.d):
            store(run.sums, share * students * run.d + row, 0.0)
        for first in range(0, last, PANEL):
            turn = first // PANEL % (2 * shares)
            if turn == share or turn == 2 * shares - 1 - share:
                panel(run, share, first, min(first + PANEL, last))

    @in_part
    def look(run, seen, place):
        """Put Σ c_i c_j K(v_i, v_j), the loss, and Σ|c_i|ρ_i into ``seen``, once all pairs are added up.

        The ρ of a series is its ``size``.
        With a target beside the neurons the loss is without its squared norm.
        """
        loss, size = spread(0.0), spread(0.0)
        for j in range(run.blocks):
            c, scale = load(run.multiplicity, j) * load(run.a, j), load(run.neurons, j * NEURON_ROWS + SCALE)
            by_a, _, _ = complete(run.kernel.factor, scale, load(run.neurons, j * NEURON_ROWS + INVERSE))
            loss = fma(c, by_a * _sum_of_shares(run, run.totals, 2 * run.blocks, 2 * j, j), loss)
            if polynomial:
                loss = with_value(run.target, j, -2.0 * c, loss)
            size = size + absolute(c * size_of(run, j))
        seen[place], seen[place + 1] = sum_of_lanes(loss, run.desk), sum_of_lanes(size, run.desk)

    return add_up, look


def _slopes_of(complete: Any, polynomial: bool) -> tuple[Any, Any, Any]:
    """The compiled parts of the gradient of a family, with or without a polynomial target."""

    @in_part
    def slopes(run, j):
        """∂L/∂a of the neurons of block j, and what G and v count in ∂L/∂v; once all shares are added up."""
        scale, inverse = load(run.neurons, j * NEURON_ROWS + SCALE), load(run.neurons, j * NEURON_ROWS + INVERSE)
        by_a, by_q, by_s = complete(run.kernel.factor, scale, inverse)
        a = 2.0 * load(run.a, j)
        value = _sum_of_shares(run, run.totals, 2 * run.blocks, 2 * j, j)
        own = _sum_of_shares(run, run.totals, 2 * run.blocks, 2 * j + 1, j)
        slope = 2.0 * by_a * value
        if polynomial:
            slope = with_value(run.target, j, -2.0, slope)
        return slope, a * by_s, 2.0 * by_q * a * own

    @inlined
    def slope_by_row(run, by_sum, by_own, row, j):
        """∂L/∂v of one coordinate of the neurons of block j, no bias."""
        total = _sum_of_shares(run, run.sums, run.students * run.d, row, j)
        slope = fma(by_own, load(run.v, row), by_sum * total)
        if polynomial:
            slope = with_slope(run.target, run.v, run.d, j, row - j * run.d, -2.0 * load(run.a, j), slope)
        return slope

    @inlined
    def slope_by_bias(run, by_sum, row, j):
        """∂L/∂b of the neurons of block j, whose row is the last of them."""
        slope = by_sum * _sum_of_shares(run, run.sums, run.students * run.d, row, j)
        if polynomial:
            moment = load(run.kernel.expansions, EXPANSION_HEAD + (j + 1) * run.kernel.stride - 1)
            slope = fma(-2.0 * load(run.a, j), moment, slope)
        return slope

    return slopes, slope_by_row, slope_by_bias


def _moves_of(slopes: Any, slope_by_row: Any, slope_by_bias: Any, biased: bool) -> tuple[Any, Any]:
    """The compiled ``move`` and ``gradient`` of a family, whose last coordinates may be biases."""
    biases = 1 if biased else 0

    @in_part
    def move(run, step, j):
        """Let the neurons of block j take a step."""
        student, before, after = load(run.student, j), spread(0.0), spread(0.0)
        slope, by_sum, by_own = slopes(run, j)
        first, bias = j * run.d, (j + 1) * run.d - biases
        if step.train_w:
            for row in range(first, bias):
                old = load(run.v, row)
                downhill = fma(step.decay_w, old, slope_by_row(run, by_sum, by_own, row, j))
                downhill = direction(step, downhill, row, run.mean_w, run.square_w)
                new = where_above(student, 0.0, fma(-step.size_w, downhill, old), old)
                before, after = fma(old, old, before), fma(new, new, after)
                store(run.v, row, new)
        if step.unit_rows:
            _on_unit_sphere(run, j, bias - first, before, after)
        if biased and step.train_b:
            old = load(run.v, bias)
            downhill = fma(step.decay_b, old, slope_by_bias(run, by_sum, bias, j))
            downhill = direction(step, downhill, bias, run.mean_w, run.square_w)
            store(run.v, bias, where_above(student, 0.0, fma(-step.size_b, downhill, old), old))
        if step.train_a:
            old = load(run.a, j)
            downhill = direction(step, fma(step.decay_a, old, slope), j, run.mean_a, run.square_a)
            store(run.a, j, where_above(student, 0.0, fma(-step.size_a, downhill, old), old))

    @in_part
    def gradient(run, j, slope_a, slope_w):
        """The gradient by the neurons of block j, laid out like them."""
        slope, by_sum, by_own = slopes(run, j)
        store(slope_a, j, slope)
        bias = (j + 1) * run.d - biases
        for row in range(j * run.d, bias):
            store(slope_w, row, slope_by_row(run, by_sum, by_own, row, j))
        if biased:
            store(slope_w, bias, slope_by_bias(run, by_sum, bias, j))

    return move, gradient
