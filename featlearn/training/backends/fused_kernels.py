"""Gradient descent on population data by compiled code: many steps of many runs in one call.

Weights come as columns, and are laid out eight neurons to a row for ``step_kernels``. What is compiled is the family of
kernels that is used, when it is first used.

The order of operations of a run depends on its shape alone: bits depend neither on the other runs nor on threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from featlearn.theory.activations import Activation
from featlearn.training.backends import WIDE
from featlearn.training.backends.biased_constants import normal_constants, polynomial_constants
from featlearn.training.backends.fused_target import FusedTarget
from featlearn.training.backends.kernel_cache import address_of
from featlearn.training.backends.kernel_cache import kernel as compiled
from featlearn.training.backends.layout import (
    BIASED,
    BIASED_POLYNOMIAL,
    BIASED_ROWS,
    COUNTERS,
    DESK,
    EXPANSION_HEAD,
    LANES,
    NEURON_ROWS,
    PANEL,
    Sizes,
)
from featlearn.training.backends.series_table import level_of, levels_of, series_tables
from featlearn.training.backends.sharing import do_all
from featlearn.training.backends.tail_constants import tail_constants
from featlearn.training.methods.adam import BRANCH as ADAM
from featlearn.training.methods.gd import BRANCH as GD
from featlearn.training.methods.momentum import BRANCH as MOMENTUM

COLUMNS = LANES  # n is padded to a multiple of this
MOST_SHARES = 16  # of a wide run
METHODS = (GD, MOMENTUM, ADAM)
_NONE = np.zeros((0, LANES))


class Kernel(NamedTuple):
    """The kernel of an activation: its family and its numbers, see ``pair_kernels``; or the activation of a series.

    Of a polynomial with biases the constants are those of its derivatives at 0.
    """

    family: int
    factor: float
    half: float
    excess: float
    first: int
    series: Activation | None = None
    constants: tuple[float, ...] = ()


def advance_runs(
    kernel: Kernel,
    optimiser: tuple[int, float, float, bool, bool, bool, bool, bool],
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
    target: FusedTarget,
    threads: int = 1,
    slope_a: np.ndarray = _NONE,
    slope_w: np.ndarray = _NONE,
) -> None:
    """Take the steps of ``decay`` and ``size``, (runs, steps, 2) for both layers, on runs of m neurons, in place.

    Where the family of the kernel has biases, which are the last coordinate of rows, there are three layers.

    Args:
        kernel: of the activation.
        optimiser: (method, beta1, beta2, train the second layer, train the first layer, keep its rows on the unit
            sphere, descend on the correlation loss, train biases); ``seen`` means nothing on the correlation loss.
        stretch: (runs,) α² of a scaled student, 1 otherwise: the second layer, given as α a, takes steps of ``size``
            with the weight decay λ/α², the first layer steps of ``size``/α².
        v, a: (runs, d, n) and (runs, n): student and then teacher, the teacher's a negated, padded with zeros.
        multiplicity: (runs, n) of how many equal neurons each column stands for, all of which take the same steps.
        mean_a, square_a, mean_w, square_w: the optimiser's memory, (runs, n) and (runs, d·n) in the same layout, or of
            length 0.
        seen: (runs, looks, 2), filled with the loss and Σ|mass| of the weights at each look.
        done: steps already done, for adam.
        looks: how many of the steps are done at each look, rising, 0 … steps.
        target: what is learned beside the teacher in v and a; ``seen`` is without its squared norm.
        threads: how many share out the work of a single run.
        slope_a, slope_w: laid out like a and v, and filled with the gradient at the last weights where there is a look;
            of no length, or with several threads, they are left alone.
    """
    method, beta1, beta2, *trained = optimiser
    if method not in METHODS:
        raise ValueError(f"no branch takes the steps of method {method}")
    n = _of_kernel(_sizes(m, v.shape), kernel, target)._replace(
        steps=decay.shape[1], looks=len(looks), done=done, method=method, layers=decay.shape[2]
    )
    flags = ("train_a", "train_w", "unit_rows", "correlation", "train_b")
    n = n._replace(**{name: int(flag) for name, flag in zip(flags, trained, strict=True)})
    together = threads > 1 and n.runs == 1 and n.shares > 1
    n = n._replace(meets=n.correlation * (m // LANES), gradients=int(slope_a.size > 0 and not together))
    numbers, looked = np.array([*kernel[1:4], beta1, beta2]), np.zeros(seen.size)
    schedules = [np.ascontiguousarray(x).reshape(-1) for x in (stretch, decay, size)]
    weights = (slope_a, slope_w, v, a, mean_a, square_a, mean_w, square_w, multiplicity)
    advance = compiled(entry_name(n.lines > 0, together), kernel.family)

    def take(tail: np.ndarray, stride: int) -> list[np.ndarray]:
        counters, sizes = np.zeros(COUNTERS, np.int64), _with_stride(n, stride, kernel.series is not None)
        rows = _arranged(m, sizes, weights)
        given = [np.array(sizes, np.int64), numbers, np.ascontiguousarray(looks), counters, tail]
        given += [*_constants(target), *schedules, looked, *rows]
        do_all([lambda: advance(*given)] * (threads if together else 1), threads)
        return rows

    rows = _with_constants(kernel, target, v, take)
    seen[:] = looked.reshape(seen.shape)
    for columns, changed in zip(weights[:-1], rows, strict=False):
        _read_back(changed, columns, n)


def evaluate_runs(
    kernel: Kernel,
    m: int,
    v: np.ndarray,
    a: np.ndarray,
    multiplicity: np.ndarray,
    slope_a: np.ndarray,
    slope_w: np.ndarray,
    seen: np.ndarray,
    target: FusedTarget,
) -> None:
    """The gradients of the m neurons of each run as in ``advance_runs``, laid out like a and v; ``seen`` (runs, 2)."""
    n, looked = _of_kernel(_sizes(m, v.shape, looks=1, gradients=1), kernel, target), np.zeros(seen.size)
    look, nothing = np.zeros(1, np.int64), np.zeros(2 * n.runs)  # of both layers
    numbers, counters = np.array([*kernel[1:4], 0.0, 0.0]), np.zeros(COUNTERS, np.int64)

    def take(tail: np.ndarray, stride: int) -> list[np.ndarray]:
        sizes = _with_stride(n, stride, kernel.series is not None)
        rows = _arranged(m, sizes, (slope_a, slope_w, v, a, *[_NONE] * 4, multiplicity))
        given = [_as_array(sizes), numbers, look, counters, tail, *_constants(target)]
        compiled(entry_name(n.lines > 0), kernel.family)(*given, np.ones(n.runs), nothing, nothing, looked, *rows)
        return rows

    rows = _with_constants(kernel, target, v, take)
    seen[:] = looked.reshape(seen.shape)
    _read_back(rows[0], slope_a, n)
    _read_back(rows[1], slope_w, n)


def entry_name(polynomial: bool, together: bool = False) -> str:
    """The name of what ``entries`` has for a kind of target, for one thread or several together."""
    return "advance" + ("_to_polynomial" if polynomial else "") + ("_together" if together else "")


@lru_cache
def _sizes(m: int, shape: tuple[int, ...], looks: int = 0, gradients: int = 0) -> Sizes:
    """The sizes of runs of m neurons whose columns have the shape (runs, d, n)."""
    runs, d, n = shape
    students = -(-m // LANES)
    shares = 1 if m < WIDE else min(MOST_SHARES, -(-students // PANEL) // 2)
    parts = -(-n // (LANES * PANEL))
    return Sizes(runs, d, n // LANES, students, shares, parts=parts, before=parts, looks=looks, gradients=gradients)


@lru_cache
def _sizes_of(n: Sizes, first: int, terms: int, lines: int) -> Sizes:
    return n._replace(first=first, terms=terms, lines=lines)


@lru_cache
def _with_stride(n: Sizes, stride: int, expands: bool) -> Sizes:
    """The sizes with rows of expansions, which a task of their own fills where neurons are expanded."""
    return n._replace(before=2 * n.parts if expands else n.parts, stride=stride)


def _of_kernel(n: Sizes, kernel: Kernel, target: FusedTarget) -> Sizes:
    """The sizes with those of a kernel and a target."""
    return _sizes_of(n, kernel.first, len(target.coefficients), target.directions.shape[1])


def _constants(target: FusedTarget) -> list[np.ndarray]:
    """The numbers of a target that compiled code reads."""
    return [target.factors, target.coefficients, target.rows_of_directions()]


def _with_constants(
    kernel: Kernel, target: FusedTarget, v: np.ndarray, take: Callable[[np.ndarray, int], list[np.ndarray]]
) -> list[np.ndarray]:
    """What a call gives with the numbers of a kernel; of a series, with the tables of all norms that it meets.

    Args:
        take: the numbers and the rows of expansions of a block to the arrays of compiled code, from ``_arranged``.
    """
    if kernel.family == BIASED_POLYNOMIAL:
        return take(polynomial_constants(kernel.constants), 2 * len(kernel.constants) + 3)
    if kernel.family in BIASED:
        return take(normal_constants(), BIASED_ROWS)
    if kernel.series is None:
        return take(tail_constants(kernel.family, kernel.first), 0)
    levels = levels_of(v)
    while True:
        tail, stride = series_tables(kernel.series, frozenset(levels), target.degree)
        rows = take(tail, stride)
        beyond = float(rows[-1][1, 0])  # see ``series_kernels``
        if beyond == 0.0:
            return rows
        levels.add(level_of(beyond))


@lru_cache
def _as_array(n: Sizes) -> np.ndarray:
    """The same for compiled code, which only reads it."""
    return np.array(n, np.int64)


def _arranged(m: int, n: Sizes, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Arrays in columns, (runs, …·blocks·LANES), as rows of eight neurons; and the scratch of a ``step_kernels.Run``.

    Rows come run by run, in it block by block, and in a block coordinate by coordinate. They begin with a cache line:
    vectors that lie across two are loaded in twice the time.
    """
    places = _places(n, tuple(array.size // LANES for array in arrays))
    memory = np.zeros(LANES * (places[-1].stop + 1))
    start = -address_of(memory) % 64 // 8
    whole = memory[start : start + LANES * places[-1].stop].reshape(-1, LANES)
    rows = [whole[place] for place in places]
    for part, array in zip(rows, arrays, strict=False):
        if array.size:
            _in_columns(part, n)[:] = array.reshape(n.runs, -1, n.blocks, LANES)
    rows[len(arrays)].reshape(-1)[:m] = 1.0  # which of the neurons are students
    return rows


@lru_cache
def _places(n: Sizes, given: tuple[int, ...]) -> list[slice]:
    """Where in one array rows lie: those that are given, by their numbers, and the scratch."""
    counts = [*given, n.students, n.blocks * NEURON_ROWS]
    counts += [n.shares * 2 * n.blocks, n.shares * n.students * n.d, n.shares * DESK]
    counts += [n.blocks * (2 + 2 * n.lines)]
    counts += [EXPANSION_HEAD + n.blocks * n.stride]
    ends = accumulate(counts)
    return [slice(end - count, end) for count, end in zip(counts, ends, strict=True)]


def _in_columns(rows: np.ndarray, n: Sizes) -> np.ndarray:
    """A view of rows that is ordered like columns, (runs, d, blocks, LANES)."""
    return rows.reshape(n.runs, n.blocks, -1, LANES).swapaxes(1, 2)


def _read_back(rows: np.ndarray, columns: np.ndarray, n: Sizes) -> None:
    if columns.size:
        columns.reshape(n.runs, -1, n.blocks, LANES)[:] = _in_columns(rows, n)
