"""What is compiled to be called from outside: the steps and the gradients of runs, and the steps of one wide run by
several threads together.

The arguments are the addresses of arrays, as in C. Of many runs, arrays hold one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from numba import types

from featlearn.training.backends.layout import CLAIMED, DONE, PANEL, Sizes
from featlearn.training.backends.step_kernels import Parts, Run, Step, parts_of
from featlearn.training.backends.turns import add, wait_for
from featlearn.training.backends.vectors import ROWS, compiled, rows_from

COUNTS = types.CPointer(types.int64)


class Entry(NamedTuple):
    """A function to compile.

    Args:
        function: what it is in Python, for a family and a method.
        arguments: their numba types.
    """

    function: Callable[[int, int], Callable[..., None]]
    arguments: tuple[types.Type, ...]


@compiled
def _sizes(sizes):
    return Sizes(sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5], sizes[6], sizes[7], sizes[8], sizes[9])


@compiled
def _run(i, n, numbers, v, a, mean_a, square_a, mean_w, square_w, multiplicity, student, neurons, totals, sums, desk):
    """Run i of those that the arrays hold."""
    block, row = i * n.blocks, i * n.blocks * n.d
    return Run(
        numbers[0],
        numbers[1],
        numbers[2],
        n.d,
        n.blocks,
        n.students,
        n.shares,
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
def _step(i, run, n, numbers, stretch, decay, size):
    """Step i of a run; the second layer of a scaled student is trained as α a, ``stretch`` being α²."""
    decay, size, stretch = decay[run * n.steps + i], size[run * n.steps + i], stretch[run]
    done = n.done + i + 1
    return Step(decay / stretch, decay, size, size / stretch, numbers[3], numbers[4], done, n.train_a, n.train_w)


@compiled
def _parts(n):
    """In how many parts neurons take their step, so many of PANEL blocks."""
    return (n.blocks + PANEL - 1) // PANEL


def _task_of(parts: Parts) -> Any:
    """The compiled tasks of a round: parts of the step, shares of the sums, and the loss."""
    move, prepare, add_up, look, _ = parts

    @compiled
    def task(number, run, n, step, moving, going_on, due, seen, place):
        """Do one of the tasks of a round.

        Args:
            step: the step before, which is taken if ``moving`` is 1.
            going_on, due: 1 if another step follows, and if the loss goes into ``seen`` at ``place``.
        """
        if number < _parts(n):
            for j in range(number * PANEL, min(number * PANEL + PANEL, n.blocks)):
                if moving == 0:
                    prepare(run, j)
                elif j < n.students:
                    move(run, step, j)
                    prepare(run, j)
        elif number < _parts(n) + n.shares:
            if going_on + due > 0:
                add_up(run, number - _parts(n), n.blocks if due == 1 else n.students)
        elif due == 1:
            look(run, seen, place)

    return task


def advance(family: int, method: int) -> Callable[..., None]:
    """Steps of runs; see ``fused_kernels.advance_runs`` and ``step_kernels.Run`` for the arrays."""
    task = _task_of(parts_of(family, method))

    def steps_of_runs(
        sizes, numbers, looks, counters, stretch, decay, size, seen,
        v, a, mean_a, square_a, mean_w, square_w, multiplicity, student, neurons, totals, sums, desk,
    ):
        n = _sizes(sizes)
        for i in range(n.runs):
            run = _run(
                i, n, numbers, v, a, mean_a, square_a, mean_w, square_w, multiplicity, student, neurons, totals, sums, desk
            )
            looked = 0
            for done in range(n.steps + 1):
                due = 1 if looked < n.looks and looks[looked] == done else 0
                step = _step(max(done - 1, 0), i, n, numbers, stretch, decay, size)
                for number in range(_parts(n) + n.shares + 1):
                    task(
                        number, run, n, step, min(done, 1), min(n.steps - done, 1), due, seen, 2 * (i * n.looks + looked)
                    )
                looked += due

    return steps_of_runs


def advance_together(family: int, method: int) -> Callable[..., None]:
    """As ``advance`` for one run, whatever thread calls it: all that do share out the tasks of its rounds."""
    task = _task_of(parts_of(family, method))

    def steps_of_run(
        sizes, numbers, looks, counters, stretch, decay, size, seen,
        v, a, mean_a, square_a, mean_w, square_w, multiplicity, student, neurons, totals, sums, desk,
    ):
        n = _sizes(sizes)
        run = _run(
            0, n, numbers, v, a, mean_a, square_a, mean_w, square_w, multiplicity, student, neurons, totals, sums, desk
        )
        parts, looked = _parts(n), 0
        in_round = parts + n.shares + 1
        claimed = add(counters, CLAIMED, 1)
        while claimed < (n.steps + 1) * in_round:
            done, number = claimed // in_round, claimed % in_round
            while looked < n.looks and looks[looked] < done:
                looked += 1
            due = 1 if looked < n.looks and looks[looked] == done else 0
            first = 0 if number < parts else parts if number < parts + n.shares else parts + n.shares
            wait_for(counters, done * in_round + first)
            step = _step(max(done - 1, 0), 0, n, numbers, stretch, decay, size)
            task(number, run, n, step, min(done, 1), min(n.steps - done, 1), due, seen, 2 * looked)
            add(counters, DONE, 1)
            claimed = add(counters, CLAIMED, 1)

    return steps_of_run


def evaluate(family: int, method: int) -> Callable[..., None]:
    """The losses and gradients of runs, laid out like the weights."""
    _, prepare, add_up, look, gradient = parts_of(family, method)

    def gradients_of_runs(
        sizes, numbers, seen, v, a, multiplicity, slope_a, slope_w, student, neurons, totals, sums, desk
    ):
        n = _sizes(sizes)
        for i in range(n.runs):
            run = _run(i, n, numbers, v, a, a, a, a, a, multiplicity, student, neurons, totals, sums, desk)
            for j in range(n.blocks):
                prepare(run, j)
            for share in range(n.shares):
                add_up(run, share, n.blocks)
            look(run, seen, 2 * i)
            for j in range(n.students):
                gradient(run, j, rows_from(slope_a, i * n.blocks), rows_from(slope_w, i * n.blocks * n.d))

    return gradients_of_runs


_STEPS = (COUNTS, ROWS, COUNTS, COUNTS, *[ROWS] * 16)
ENTRIES = {
    "advance": Entry(advance, _STEPS),
    "advance_together": Entry(advance_together, _STEPS),
    "evaluate": Entry(evaluate, (COUNTS, *[ROWS] * 12)),
}
