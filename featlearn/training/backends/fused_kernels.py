"""Compiled gradient descent on population data: many steps of many runs in one call.

This is the compiled code as the backend calls it: weights come as columns, and are laid out eight neurons to a row for
``step_kernels``. What is compiled is the family of kernels and the method that are used, when they are first used.

The order of operations of a run depends on its shape alone: bits depend neither on the other runs nor on threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from featlearn.training.backends import WIDE
from featlearn.training.backends.pair_kernels import ERF, HOMOGENEOUS, QUADRATIC
from featlearn.training.backends.step_kernels import Plan, Runs, Work, advance_of, evaluate_of, parts_of
from featlearn.training.backends.tile_kernels import DESK, NEURON_ROWS, PANEL
from featlearn.training.backends.vectors import LANES

__all__ = ["COLUMNS", "COORDINATES", "ERF", "HOMOGENEOUS", "QUADRATIC", "advance_runs", "evaluate_runs"]

COLUMNS, COORDINATES = LANES, 1  # n and d are padded to multiples of these
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
    """
    family, method = kernel[0], optimiser[0]
    memory = [_rows(x.reshape(len(v), -1, a.shape[1])) for x in (mean_a, square_a, mean_w, square_w)]
    runs = Runs(_rows(v), _rows(a[:, None]), _rows(multiplicity[:, None]), *memory, np.ascontiguousarray(stretch))
    plan = Plan(np.ascontiguousarray(decay), np.ascontiguousarray(size), looks, done, *optimiser[1:])
    looked = np.zeros(seen.shape)
    _advance(family, method)(kernel[1:], runs, plan, _work(m, v.shape), looked)
    seen[:] = looked
    v[:], a[:] = _columns(runs.v, v.shape[1]), _columns(runs.a, 1)[:, 0]
    for given, kept in zip((mean_a, square_a, mean_w, square_w), runs[3:7], strict=True):
        given[:] = _columns(kept, given.shape[1] // a.shape[1]).reshape(given.shape)


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
    none = np.zeros((len(v), 0, LANES))
    runs = Runs(_rows(v), _rows(a[:, None]), _rows(multiplicity[:, None]), none, none, none, none, np.ones(len(v)))
    by_a, by_v, looked = np.zeros(runs.a.shape), np.zeros(runs.v.shape), np.zeros(seen.shape)
    _evaluate(kernel[0])(kernel[1:], runs, _work(m, v.shape), by_a, by_v, looked)
    slope_a[:], slope_w[:], seen[:] = _columns(by_a, 1)[:, 0], _columns(by_v, v.shape[1]), looked


@cache
def _advance(family: int, method: int) -> Any:
    return advance_of(parts_of(family, method))


@cache
def _evaluate(family: int) -> Any:
    return evaluate_of(parts_of(family, 0))


def _rows(columns: np.ndarray) -> np.ndarray:
    """(runs, d, n) columns as (runs, n/LANES·d, LANES): block by block, and in a block coordinate by coordinate."""
    runs, d, n = columns.shape
    blocks = columns.reshape(runs, d, n // LANES, LANES).swapaxes(1, 2)
    return np.ascontiguousarray(blocks.reshape(runs, n // LANES * d, LANES))


def _columns(rows: np.ndarray, d: int) -> np.ndarray:
    """The columns of which ``_rows`` made rows."""
    runs, n = len(rows), rows.shape[1] // max(d, 1) * LANES
    return rows.reshape(runs, n // LANES, d, LANES).swapaxes(1, 2).reshape(runs, d, n)


def _work(m: int, shape: Sequence[int]) -> Work:
    """Scratch for runs of m neurons whose columns have the shape (runs, d, n)."""
    _, d, n = shape
    blocks, students = n // LANES, -(-m // LANES)
    shares = 1 if m < WIDE else min(MOST_SHARES, -(-students // PANEL) // 2)
    student = np.zeros((students, LANES))
    student.reshape(-1)[:m] = 1.0
    return Work(
        student,
        np.zeros((blocks * NEURON_ROWS, LANES)),
        np.zeros((shares, 2 * blocks, LANES)),
        np.zeros((shares, students * d, LANES)),
        np.zeros((shares, DESK, LANES)),
    )
