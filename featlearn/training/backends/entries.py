"""What is compiled to be called from outside: steps of runs, their losses and gradients, by one thread, or by several
together for one wide run; and what metrics rows ask of neurons.

The arguments are the addresses of arrays, as in C. Of many runs, arrays hold one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from numba import types

from featlearn.training.backends.layout import CLAIMED, DONE, LANES, PANEL, Sizes
from featlearn.training.backends.moment_kernels import Target
from featlearn.training.backends.pair_kernels import Kernel
from featlearn.training.backends.row_kernels import ARGUMENTS as OF_ROWS
from featlearn.training.backends.row_kernels import measure
from featlearn.training.backends.step_kernels import Parts, Run, Step, parts_of
from featlearn.training.backends.turns import add, wait_for
from featlearn.training.backends.vectors import ROWS, compiled, rows_from
from featlearn.training.methods.adam import BRANCH as ADAM

COUNTS = types.CPointer(types.int64)


@compiled
def _sizes(sizes):
    return Sizes(
        sizes[0],
        sizes[1],
        sizes[2],
        sizes[3],
        sizes[4],
        sizes[5],
        sizes[6],
        sizes[7],
        sizes[8],
        sizes[9],
        sizes[10],
        sizes[11],
        sizes[12],
        sizes[13],
        sizes[14],
        sizes[15],
        sizes[16],
        sizes[17],
        sizes[18],
        sizes[19],
        sizes[20],
        sizes[21],
        sizes[22],
    )


@compiled
def _run(
    i, n, numbers, tail, target,
    v, a, mean_a, square_a, mean_w, square_w, multiplicity,
    student, neurons, totals, sums, desk, expansions,
):  # fmt: skip
    """Run i of those that the arrays hold."""
    block, row = i * n.blocks, i * n.blocks * n.d
    return Run(
        Kernel(numbers[0], numbers[1], numbers[2], n.first, tail, expansions, n.stride),
        target,
        n.d,
        n.blocks,
        n.students,
        n.shares,
        n.correlation,
        n.meets,
        rows_from(v, row),
        rows_from(a, block),
        rows_from(mean_a, block),
        rows_from(square_a, block),
        rows_from(mean_w, row),
        rows_from(square_w, row),
        rows_from(multiplicity, block),
        student,
        neurons,
        totals,
        sums,
        desk,
    )


@compiled
def _power(base, exponent):
    """The base to a positive exponent, as numba computes it."""
    if exponent > 0x10000:
        return base ** float(exponent)
    power = 1.0
    while exponent != 0:
        if exponent & 1:
            power *= base
        exponent >>= 1
        base *= base
    return power


@compiled
def _step(i, run, n, numbers, stretch, decay, size):
    """Step i of a run; the second layer of a scaled student is trained as α a, ``stretch`` being α²."""
    beta1, beta2, unbias1, unbias2 = numbers[3], numbers[4], 1.0, 1.0
    if n.method == ADAM:
        unbias1, unbias2 = 1.0 - _power(beta1, n.done + i + 1), 1.0 - _power(beta2, n.done + i + 1)
    at, stretch = n.layers * (run * n.steps + i), stretch[run]  # first layer, second layer, and maybe biases
    weighed, last = (decay[at + 1] / stretch, decay[at], size[at + 1], size[at] / stretch), at + n.layers - 1
    trained = n.train_a, n.train_w, n.unit_rows
    of_biases = decay[last], size[last] / stretch, n.train_b
    return Step(n.method, beta1, beta2, unbias1, unbias2, *weighed, *trained, *of_biases)


@compiled
def _target(i, n, factors, coefficients, directions, moments):
    """The target of run i."""
    rows = (n.lines * n.d + LANES - 1) // LANES
    return Target(n.terms, n.lines, factors, coefficients, rows_from(directions, i * rows), moments)


def _task_of(parts: Parts) -> Any:
    """The compiled tasks of a round: parts of the step, and of expansions, shares of the sums, and the loss."""
    prepare, expand, add_up, look, move, _ = parts

    @compiled
    def task(number, run, n, step, moving, going_on, due, seen, place):
        """Do one of the tasks of a round.

        Args:
            step: the step before, which is taken if ``moving`` is 1.
            going_on, due: 1 if another step follows, and if the loss goes into ``seen`` at ``place``.
        """
        if number < n.parts:
            for j in range(number * PANEL, min(number * PANEL + PANEL, n.blocks)):
                if moving == 0:
                    prepare(run, j)
                elif j < n.students:
                    move(run, step, j)
                    prepare(run, j)
        elif number < n.before:
            if going_on + due > 0:
                for j in range((number - n.parts) * PANEL, min((number - n.parts + 1) * PANEL, n.blocks)):
                    expand(run, j)
        elif number < n.before + n.shares:
            if going_on + due > 0:
                add_up(run, number - n.before, n.blocks if due == 1 else n.students)
        elif due == 1:
            look(run, seen, place)

    return task


def advance(family: int, polynomial: bool = False) -> Callable[..., None]:
    """Steps of runs; see ``fused_kernels.advance_runs`` and ``step_kernels.Run`` for the arrays."""
    parts = parts_of(family, polynomial)
    task, gradient = _task_of(parts), parts.gradient

    def steps_of_runs(
        sizes, numbers, looks, counters, tail, factors, coefficients, directions,
        stretch, decay, size, seen, slope_a, slope_w, v, a, mean_a, square_a, mean_w, square_w, multiplicity,
        student, neurons, totals, sums, desk, moments, expansions,
    ):  # fmt: skip
        n = _sizes(sizes)
        for i in range(n.runs):
            target = 0
            if polynomial:  # else not compiled
                target = _target(i, n, factors, coefficients, directions, moments)
            run = _run(
                i, n, numbers, tail, target,
                v, a, mean_a, square_a, mean_w, square_w, multiplicity,
                student, neurons, totals, sums, desk, expansions,
            )  # fmt: skip
            looked = 0
            for done in range(n.steps + 1):
                due = 1 if looked < n.looks and looks[looked] == done else 0
                step = _step(max(done - 1, 0), i, n, numbers, stretch, decay, size)
                place = 2 * (i * n.looks + looked)
                for number in range(n.before + n.shares + 1):
                    task(number, run, n, step, min(done, 1), min(n.steps - done, 1), due, seen, place)
                looked += due
            if n.gradients == 1:
                for j in range(n.students):
                    gradient(run, j, rows_from(slope_a, i * n.blocks), rows_from(slope_w, i * n.blocks * n.d))

    return steps_of_runs


def advance_together(family: int, polynomial: bool = False) -> Callable[..., None]:
    """As ``advance`` for one run without gradients: all threads that call it share out the tasks of its rounds."""
    task = _task_of(parts_of(family, polynomial))

    def steps_of_run(
        sizes, numbers, looks, counters, tail, factors, coefficients, directions,
        stretch, decay, size, seen, slope_a, slope_w, v, a, mean_a, square_a, mean_w, square_w, multiplicity,
        student, neurons, totals, sums, desk, moments, expansions,
    ):  # fmt: skip
        n = _sizes(sizes)
        target = 0
        if polynomial:  # else not compiled
            target = _target(0, n, factors, coefficients, directions, moments)
        run = _run(
            0, n, numbers, tail, target,
            v, a, mean_a, square_a, mean_w, square_w, multiplicity,
            student, neurons, totals, sums, desk, expansions,
        )  # fmt: skip
        looked, in_round = 0, n.before + n.shares + 1
        claimed = add(counters, CLAIMED, 1)
        while claimed < (n.steps + 1) * in_round:
            done, number = claimed // in_round, claimed % in_round
            while looked < n.looks and looks[looked] < done:
                looked += 1
            due = 1 if looked < n.looks and looks[looked] == done else 0
            first = 0
            for end in (n.parts, n.before, n.before + n.shares):
                if number >= end:
                    first = end
            wait_for(counters, done * in_round + first)
            step = _step(max(done - 1, 0), 0, n, numbers, stretch, decay, size)
            task(number, run, n, step, min(done, 1), min(n.steps - done, 1), due, seen, 2 * looked)
            add(counters, DONE, 1)
            claimed = add(counters, CLAIMED, 1)

    return steps_of_run


_OF_STEPS = (COUNTS, ROWS, COUNTS, COUNTS, ROWS, COUNTS, *[ROWS] * 22)  # numba's types
_STEPS: dict[str, Callable[..., Callable[..., None]]] = {
    "advance": advance,
    "advance_together": advance_together,
    "advance_to_polynomial": partial(advance, polynomial=True),
    "advance_to_polynomial_together": partial(advance_together, polynomial=True),
}
ENTRIES = _STEPS | {"measure": measure}
ARGUMENTS = dict.fromkeys(_STEPS, _OF_STEPS) | {"measure": OF_ROWS}
