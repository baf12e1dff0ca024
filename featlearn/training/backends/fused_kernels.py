"""Gradient descent on population data by compiled code: many steps of many runs in one call.

Weights come as columns, and are laid out eight neurons to a row for ``step_kernels``, at addresses that are multiples of
a cache line. What is compiled is the family of kernels and the method that are used, when they are first used.

The order of operations of a run depends on its shape alone: bits depend neither on the other runs nor on threads.
"""

from __future__ import annotations

import numpy as np

from featlearn.training.backends import WIDE
from featlearn.training.backends.kernel_cache import kernel as compiled
from featlearn.training.backends.layout import COUNTERS, DESK, LANES, NEURON_ROWS, PANEL, Sizes
from featlearn.training.backends.sharing import do_all

COLUMNS = LANES  # n is padded to a multiple of this
MOST_SHARES = 16  # of a wide run

Kernel = tuple[int, float, float, float]


def advance_runs(
    kernel: Kernel,
    optimiser: tuple[int, float, float, bool, bool],
    m: int,
    stretch: np.ndarray,
    v: np.ndarray,
    a: np.ndarray,
    multiplicity: np.ndarray,
    decay: np.ndarray,
    size: np.ndarray,
    mean_a: np.ndarray,
    square_a: np.ndarray,
    mean_w: np.ndarray,
    square_w: np.ndarray,
    seen: np.ndarray,
    done: int,
    looks: np.ndarray,
    threads: int = 1,
) -> None:
    """Take the steps of ``decay`` and ``size``, (runs, steps), on runs of m neurons, in place.

    Args:
        kernel: (family, factor, half, excess) of the activation, see ``pair_kernels``.
        optimiser: (method, beta1, beta2, train the second layer, train the first layer).
        stretch: (runs,) α² of a scaled student, 1 otherwise: the second layer, given as α a, takes steps of ``size``
            with the weight decay λ/α², the first layer steps of ``size``/α².
        v, a: (runs, d, n) and (runs, n): student and then teacher, the teacher's a negated, padded with zeros.
        multiplicity: (runs, n) of how many equal neurons each column stands for, all of which take the same steps.
        mean_a, square_a, mean_w, square_w: the optimiser's memory, (runs, n) and (runs, d·n) in the same layout, or of
            length 0.
        seen: (runs, looks, 2), filled with the loss and Σ|mass| of the weights at each look.
        done: steps already done, for adam.
        looks: how many of the steps are done at each look, rising, 0 … steps.
        threads: how many share out the work of a single run.
    """
    method, beta1, beta2, train_a, train_w = optimiser
    runs, d, n = v.shape
    sizes = _sizes(m, v.shape)._replace(
        steps=decay.shape[1], looks=len(looks), done=done, train_a=int(train_a), train_w=int(train_w)
    )
    numbers = np.array([*kernel[1:], beta1, beta2])
    memory = (mean_a, square_a, mean_w, square_w)
    rows = [_rows(x.reshape(runs, -1, n)) for x in (v, a, multiplicity, *memory)]
    counters, looked = np.zeros(COUNTERS, np.int64), np.zeros(seen.size)
    given = [np.array(sizes, np.int64), numbers, np.ascontiguousarray(looks), counters]
    given += [np.ascontiguousarray(x).reshape(-1) for x in (stretch, decay, size)]
    arrays = [*given, looked, *rows, *_scratch(m, sizes)]
    together = threads > 1 and runs == 1 and sizes.shares > 1
    advance = compiled("advance_together" if together else "advance", kernel[0], method)
    do_all([lambda: advance(*arrays)] * (threads if together else 1), threads)
    seen[:] = looked.reshape(seen.shape)
    for columns, kept in zip((v, a, *memory), (*rows[:2], *rows[3:]), strict=True):
        columns[:] = _columns(kept, runs, n).reshape(columns.shape)


def evaluate_runs(
    kernel: Kernel,
    m: int,
    v: np.ndarray,
    a: np.ndarray,
    multiplicity: np.ndarray,
    slope_a: np.ndarray,
    slope_w: np.ndarray,
    seen: np.ndarray,
) -> None:
    """The gradients of the m neurons of each run as in ``advance_runs``, laid out like a and v; ``seen`` (runs, 2)."""
    runs, _, n = v.shape
    sizes = _sizes(m, v.shape)
    rows = [_rows(x.reshape(runs, -1, n)) for x in (v, a, multiplicity)]
    by_a, by_v, looked = _aligned(*rows[1].shape), _aligned(*rows[0].shape), np.zeros(seen.size)
    numbers = np.array(kernel[1:])
    given = [np.array(sizes, np.int64), numbers, looked, by_a, by_v]
    compiled("evaluate", kernel[0], 0)(*given, *rows, *_scratch(m, sizes))
    seen[:] = looked.reshape(seen.shape)
    for columns, slope in ((slope_a, by_a), (slope_w, by_v)):
        columns[:] = _columns(slope, runs, n).reshape(columns.shape)


def _sizes(m: int, shape: tuple[int, ...]) -> Sizes:
    """The sizes of runs of m neurons whose columns have the shape (runs, d, n)."""
    runs, d, n = shape
    students = -(-m // LANES)
    shares = 1 if m < WIDE else min(MOST_SHARES, -(-students // PANEL) // 2)
    return Sizes(runs, d, n // LANES, students, shares)


def _scratch(m: int, n: Sizes) -> list[np.ndarray]:
    """The arrays of a ``step_kernels.Run`` from ``student`` on."""
    student = _aligned(n.students, LANES)
    student.reshape(-1)[:m] = 1.0
    rows = (n.blocks * NEURON_ROWS, n.shares * 2 * n.blocks, n.shares * n.students * n.d, n.shares * DESK)
    return [student, *(_aligned(count, LANES) for count in rows)]


def _rows(columns: np.ndarray) -> np.ndarray:
    """(runs, d, n) columns as rows: run by run, in it block by block, and in a block coordinate by coordinate."""
    runs, d, n = columns.shape
    rows = _aligned(runs * d * (n // LANES), LANES)
    rows.reshape(runs, n // LANES, d, LANES)[:] = columns.reshape(runs, d, n // LANES, LANES).swapaxes(1, 2)
    return rows


def _columns(rows: np.ndarray, runs: int, n: int) -> np.ndarray:
    """The columns of which ``_rows`` made rows."""
    return rows.reshape(runs, n // LANES, -1, LANES).swapaxes(1, 2) if rows.size else rows


def _aligned(*shape: int) -> np.ndarray:
    """Zeros from a cache line's beginning on: vectors that lie across two are loaded in twice the time."""
    count = int(np.prod(shape))
    zeros = np.zeros(count + LANES)
    start = -zeros.ctypes.data % 64 // 8
    return zeros[start : start + count].reshape(shape)
