"""The fused backend: population gradient descent on the CPU, compiled, many steps a call, without PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from math import pi
from typing import Any

import numba
import numpy as np

from featlearn.theory.activations import Activation
from featlearn.training.backends import fused_kernels as kernels
from featlearn.training.problem import Problem, State
from featlearn.training.stages import Stage

WIDE = 256  # neurons from which one run is spread over the cores, row block by row block

# family, factor, half, excess of each kernel: see fused_kernels._pairs
_KERNELS = {
    ("relu", 2): (kernels.HOMOGENEOUS, 1 / (2 * pi), 0.0, 1.0),
    ("relu", 0): (kernels.HOMOGENEOUS, 1 / (2 * pi), pi / 2, 0.0),
    ("abs", 2): (kernels.HOMOGENEOUS, 2 / pi, 0.0, 1.0),
    ("abs", 0): (kernels.HOMOGENEOUS, 2 / pi, 0.0, 0.0),
    ("erf", 2): (kernels.ERF, 2 / pi, 0.0, 1.0),
    ("erf", 0): (kernels.ERF, 2 / pi, 0.0, 0.0),
    ("quadratic", 2): (kernels.QUADRATIC, 1.0, 0.0, 1.0),
    ("quadratic", 0): (kernels.QUADRATIC, 1.0, 0.0, 0.0),
}
_METHODS = {"gd": kernels.GD, "momentum": kernels.MOMENTUM, "adam": kernels.ADAM}
_MOMENTS = {"gd": (), "momentum": ("velocity",), "adam": ("mean", "square")}  # names as in the torch backend
_COORDINATES, _BASIS = "span.coordinates", "span.basis"


def fused_kernel(activation: Activation) -> tuple[int, float, float, float]:
    """The compiled kernel of an activation. Raises ValueError for one that has none."""
    key = activation.name, activation.drop_hermite_below
    if key not in _KERNELS:
        raise ValueError(f"the fused backend has no kernel for {key}")
    return _KERNELS[key]


class FusedBackend:
    """gd, momentum and adam on population data, float64.

    Runs are shared out to threads whole, wide ones row block by row block: either way the order of operations of a run
    depends on its shape alone. When d exceeds m + m*, gd and momentum train the rows in coordinates of the span of
    start and teacher, which they never leave: the cost of a step then does not grow with d (docs/theory.md §6).
    """

    name = "fused"
    device = "cpu"

    def __init__(self) -> None:
        self.threads = numba.get_num_threads()
        self._pool = ThreadPoolExecutor(self.threads)

    def advance(self, problem: Problem, stages: Sequence[Stage], state: State, done: int, count: int) -> State:
        """See ``backends.Backend``."""
        if state.first_layer.dtype != np.float64:
            raise TypeError("the fused backend computes in float64")
        stage, m = stages[0], state.second_layer.shape[1]
        memory = dict(state.memory) or _first_memory(problem, stage, state)
        first, teacher = memory.get(_COORDINATES, state.first_layer), problem.teacher_first_layer
        if _BASIS in memory:
            teacher = teacher @ memory[_BASIS].mT
        v = _columns(first, teacher)
        c = np.zeros((len(v), v.shape[2]))
        c[:, :m], c[:, m : m + teacher.shape[1]] = state.second_layer, -problem.teacher_second_layer
        moments = _moments(memory, stage, v)
        steps = np.arange(done, done + count)
        decay = np.stack([s.weight_decay.at(steps) for s in stages])
        size = np.stack([s.step_size.at(steps) for s in stages if s.step_size is not None])
        kernel, optimiser = fused_kernel(problem.activation), _optimiser(stage)

        def walk(runs: slice) -> None:
            advance_in_place: Any = kernels.advance_wide_run if m >= WIDE else kernels.advance_runs
            advance_in_place(kernel, optimiser, m, *(x[runs] for x in (v, c, decay, size, *moments)), done)

        shares = len(stages) if m >= WIDE else min(self.threads, len(stages))
        ends = np.linspace(0, len(stages), shares + 1).astype(int)
        parts = list(map(slice, ends[:-1], ends[1:]))
        list(map(walk, parts) if m >= WIDE or shares == 1 else self._pool.map(walk, parts))

        first = v[:, : first.shape[2], :m].mT.copy()
        _remember(memory, stage, moments, v.shape)
        if _BASIS in memory:
            memory[_COORDINATES] = first
            first = first @ memory[_BASIS]
        return State(c[:, :m].copy(), first, memory)


def _first_memory(problem: Problem, stage: Stage, state: State) -> dict[str, np.ndarray]:
    """What a stage starts with: zero moments, and the span's basis and the rows' coordinates where they pay."""
    memory = {}
    first = state.first_layer
    runs, m, d = first.shape
    if d > m + problem.teacher_first_layer.shape[1] and stage.method != "adam":  # adam divides entry by entry
        spanning = np.concatenate([first, problem.teacher_first_layer], axis=1)
        memory[_BASIS] = np.linalg.qr(spanning.mT)[0].mT.copy()  # (runs, m + m*, d), orthonormal rows
        memory[_COORDINATES] = first = first @ memory[_BASIS].mT
    for layer in stage.train:
        shape = first.shape if layer == "first_layer" else (runs, m)
        memory |= {f"{layer}.{moment}": np.zeros(shape) for moment in _MOMENTS[stage.method]}
    return memory


def _columns(first: np.ndarray, teacher: np.ndarray) -> np.ndarray:
    """Student and teacher rows as the columns of (runs, d, n), padded with zeros as the compiled code wants them."""
    rows = np.concatenate([first, teacher], axis=1)
    runs, n, d = rows.shape
    v = np.zeros((runs, _padded(d, kernels.COORDINATES), _padded(n, kernels.COLUMNS)))
    v[:, :d, :n] = rows.mT
    return v


def _padded(count: int, multiple: int) -> int:
    return -(-count // multiple) * multiple


def _moments(memory: dict[str, np.ndarray], stage: Stage, v: np.ndarray) -> list[np.ndarray]:
    """The optimiser's memory laid out like c (runs, n), twice, and v (runs, d·n), twice; length 0 where none."""
    runs, d, n = v.shape
    second, first = [np.zeros((runs, 0))] * 2, [np.zeros((runs, 0))] * 2
    for i, moment in enumerate(_MOMENTS[stage.method]):
        if "second_layer" in stage.train:
            stored = memory[f"second_layer.{moment}"]
            second[i] = np.zeros((runs, n))
            second[i][:, : stored.shape[1]] = stored
        if "first_layer" in stage.train:
            stored = memory[f"first_layer.{moment}"].mT
            columns = np.zeros((runs, d, n))
            columns[:, : stored.shape[1], : stored.shape[2]] = stored
            first[i] = columns.reshape(runs, d * n)
    return second + first


def _remember(memory: dict[str, np.ndarray], stage: Stage, moments: list[np.ndarray], shape: tuple[int, ...]) -> None:
    """Store the optimiser's memory anew in the layout of the weights; ``shape`` is that of v."""
    for i, moment in enumerate(_MOMENTS[stage.method]):
        if "second_layer" in stage.train:
            name = f"second_layer.{moment}"
            memory[name] = moments[i][:, : memory[name].shape[1]].copy()
        if "first_layer" in stage.train:
            name = f"first_layer.{moment}"
            _, m, d = memory[name].shape
            memory[name] = moments[2 + i].reshape(shape)[:, :d, :m].mT.copy()


def _optimiser(stage: Stage) -> tuple[int, float, float, bool, bool]:
    beta1, beta2 = stage.betas if stage.method == "adam" else (stage.momentum, 0.0)
    return _METHODS[stage.method], beta1, beta2, "second_layer" in stage.train, "first_layer" in stage.train
