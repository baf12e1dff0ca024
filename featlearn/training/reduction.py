"""Within a stage, distinct neurons are trained once, and rows by their coordinates in the span that they never leave.

Neurons that coincide when a stage starts (``twins``) take the same steps: one stands for all of them, with their number
as its multiplicity. Where the steps of the method turn with the coordinates and d is larger than the number of rows,
rows are trained and measured in an orthonormal basis of the span of student and teacher: the cost of steps and of
metrics rows then does not grow with d (docs/theory.md §6). The weights of all neurons in their own coordinates are made
only where they are stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from featlearn.theory.population import Gradient
from featlearn.training.batched import Batched
from featlearn.training.layers import separated, together
from featlearn.training.methods import METHODS, Exact
from featlearn.training.problem import Problem
from featlearn.training.stages import ALL_LAYERS, Layer, Stage
from featlearn.training.state import State
from featlearn.training.twins import twins_of

# In the memory of a whole state, what the reduced one goes on from.
_TWINS, _BASIS, _COORDINATES = "twins", "span.basis", "span.coordinates"
_LARGEST = 1e100  # Rows with larger entries have no span: their products could overflow.
_PART = 1024  # so many coordinates are made orthogonal at a time


@dataclass(frozen=True)
class Reduction(Batched):
    """How the runs of a batch are trained within a stage.

    Attributes:
        whole: the problem of all m neurons in d dimensions.
        start: the states there when the stage starts, or goes on: layers that are not trained stay as they are.
        problem: what steps are taken on, of the m′ distinct neurons in the span.
        shown: what rows are measured on, of all m neurons in the span, with more coordinates for what leaves it.
        trains: the layers that the stage trains.
        twins: (B, m) of each run as ``twins.twins_of`` has them; None where all neurons are distinct.
        basis: (B, r, d) orthonormal rows; None where rows are trained in their own coordinates.
    """

    whole: Problem
    start: State
    problem: Problem
    shown: Problem
    trains: frozenset[Layer]
    twins: np.ndarray | None = None
    basis: np.ndarray | None = None

    @classmethod
    def nothing(cls, problem: Problem, state: State) -> Reduction:
        """Of what is trained as it is."""
        return cls(problem, state, problem, problem, frozenset(ALL_LAYERS))

    @property
    def changes_anything(self) -> bool:
        return self.twins is not None or self.basis is not None

    def reduced(self, state: State) -> State:
        """The state of the distinct neurons, from that of all of them; it may lie within the stage."""
        second, first = state.second_layer, state.first_layer
        memory = {name: values for name, values in state.memory.items() if name not in (_TWINS, _BASIS, _COORDINATES)}
        if self.twins is not None:
            chosen = np.stack([np.unique(np.abs(run), return_index=True)[1] for run in self.twins])
            second, first = np.take_along_axis(second, chosen, 1), np.take_along_axis(first, chosen[..., None], 1)
        if self.basis is not None:
            kept = state.memory.get(_COORDINATES)
            first = first @ self.basis.mT if kept is None else kept
        return State(second, first, memory)

    def expanded(self, state: State, *, resumes: bool = True) -> State:
        """The state of all neurons in their own coordinates.

        Args:
            resumes: whether its memory says how it is reduced, so that the stage can go on from it.
        """
        if not self.changes_anything:
            return state
        first, memory = state.first_layer, dict(state.memory)
        if self.basis is not None:
            memory[_COORDINATES] = first
            first = first @ self.basis
        if resumes:
            itself = {_TWINS: self.twins, _BASIS: self.basis}
            memory |= {name: values for name, values in itself.items() if values is not None}
        biased = self.whole.has_biases
        layers = separated(*self._of_all(state.second_layer, first), biased)
        at_start = separated(self.start.second_layer, self.start.first_layer, biased)
        return State(*together({name: (layers if name in self.trains else at_start)[name] for name in layers}), memory)

    def expanded_of(self, state: State, place: int, *, resumes: bool = True) -> State:
        """``expanded`` of one run of the batch; nothing else of it is looked at."""
        if not self.changes_anything:
            return state.take([place])
        run = slice(place, place + 1)
        twins = None if self.twins is None else self.twins[run]
        basis = None if self.basis is None else self.basis[run]
        alone = replace(self, start=self.start.take([place]), twins=twins, basis=basis)
        return alone.expanded(state.take([place]), resumes=resumes)

    def seen(self, state: State) -> State:
        """The state of all neurons in the coordinates of ``shown``."""
        return State(*self._of_all(state.second_layer, self._padded(state.first_layer)), state.memory)

    def distinct(self, state: State) -> tuple[State, np.ndarray | None]:
        """The distinct neurons in the coordinates of ``shown``, and how many each stands for; None for one each."""
        return State(state.second_layer, self._padded(state.first_layer)), self.problem.multiplicity

    def gradient_of_all(self, gradient: Gradient) -> Gradient:
        """The gradient by the weights of ``shown``, from that by those of one neuron of each kind."""
        return Gradient(*self._of_all(gradient.second_layer, self._padded(gradient.first_layer)))

    def _padded(self, rows: np.ndarray) -> np.ndarray:
        """Rows of ``problem`` in the coordinates of ``shown``."""
        more = self.shown.teacher_first_layer.shape[-1] - rows.shape[-1]
        return _with_zeros(rows, more, self.whole.has_biases) if more else rows

    def _of_all(self, second: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Both layers of all neurons, from those of the distinct ones."""
        if self.twins is None:
            return second, first
        index, sign = np.abs(self.twins) - 1, np.sign(self.twins).astype(first.dtype)
        second, first = np.take_along_axis(second, index, 1), np.take_along_axis(first, index[..., None], 1)
        return second * sign if self.whole.activation.symmetry == "odd" else second, first * sign[..., None]


def reductions(
    problem: Problem, stages: Sequence[Stage], state: State, *, before_any_step: bool, within_stage: bool
) -> Iterator[tuple[list[int], Reduction]]:
    """The runs of a batch by what is trained of them: places in the batch that go through a stage together, and how.

    Args:
        problem, state: the batch, its states those of all neurons.
        stages: of each run.
        before_any_step: whether the weights are those that the runs were given.
        within_stage: whether some steps of the stage are done: what is trained is then what its memory says.
    """
    if within_stage:
        twins: Sequence[np.ndarray | None] = list(state.memory.get(_TWINS, [None] * len(stages)))
    else:
        twins = [_found(problem, stages[0], state, run, before_any_step) for run in range(len(stages))]
    groups: dict[tuple[int, bool], list[int]] = {}
    for run, found in enumerate(twins):
        rows = state.first_layer[run]
        bounded = float(np.min(rows)) > -_LARGEST and float(np.max(rows)) < _LARGEST
        groups.setdefault((0 if found is None else np.max(np.abs(found)), bounded), []).append(run)
    for (_, bounded), runs in groups.items():
        together = len(runs) == len(stages)
        part = (problem, state) if together else (problem.take(runs), state.take(runs))
        coinciding = [found for found in (twins[run] for run in runs) if found is not None]
        yield runs, _reduction(*part, stages[0], np.stack(coinciding) if coinciding else None, bounded, within_stage)


def _found(problem: Problem, stage: Stage, state: State, run: int, before_any_step: bool) -> np.ndarray | None:
    """The twins among the neurons of one run; None where all are distinct."""
    rows_decide = isinstance(METHODS[stage.method], Exact)  # it sets the output weights, of equal rows alike
    second = None if rows_decide else state.second_layer[run]
    given = None
    if not before_any_step and problem.initial_second_layer is not None:
        given = problem.initial_second_layer[run], problem.initial_first_layer[run]
    twins = twins_of(problem.activation.symmetry, second, state.first_layer[run], given)
    return None if np.max(np.abs(twins)) == len(twins) else twins


def _reduction(
    problem: Problem, state: State, stage: Stage, twins: np.ndarray | None, bounded: bool, within_stage: bool
) -> Reduction:
    found = Reduction(problem, state, problem, problem, frozenset(stage.train), twins)
    if twins is not None:
        counts = np.stack([np.bincount(np.abs(run))[1:] for run in twins]).astype(np.float64)
        found = replace(found, problem=replace(problem, multiplicity=counts))
    rows = found.reduced(state).first_layer
    basis = state.memory.get(_BASIS) if within_stage else _basis(problem, stage, rows) if bounded else None
    return found if basis is None else _in_span(found, basis)


# --- the span -----------------------------------------------------------------------------------


def _basis(problem: Problem, stage: Stage, rows: np.ndarray) -> np.ndarray | None:
    """Orthonormal rows (B, r, d) whose span holds those of students and targets; None where they do not pay."""
    rows, target = problem.directions(rows), problem.directions(problem.rows_of_target())
    fewer = rows.shape[1] + target.shape[1] < rows.shape[2]
    turns = METHODS[stage.method].rotates and (problem.root is None or problem.root.is_spike)
    if not fewer or not turns or problem.data is not None or rows.dtype != np.float64:
        return None
    basis = _orthonormal(np.concatenate([rows, target], axis=1))
    if not problem.has_biases:
        return basis
    runs, n, d = basis.shape
    with_biases = np.zeros((runs, n + 1, d + 1))  # these are a coordinate of their own, the last one
    with_biases[:, :-1, :-1], with_biases[:, -1, -1] = basis, 1.0
    return with_biases


def _orthonormal(rows: np.ndarray) -> np.ndarray:
    """Orthonormal rows (B, n, d) whose span holds the given ones, n ≤ d.

    Many coordinates go through Householder's method in parts that stay in the cache, and then what is left of the parts
    (Demmel, Grigori, Hoemmen & Langou 2012).
    """
    runs, n, d = rows.shape
    part = max(_PART, 2 * n)
    if d < 2 * part:
        return np.array(np.linalg.qr(rows.mT)[0].mT)
    parts = -(-d // part)
    columns = np.zeros((runs, parts * part, n))
    columns[:, :d] = rows.mT
    inner, left = np.linalg.qr(columns.reshape(runs, parts, part, n))
    outer = np.linalg.qr(left.reshape(runs, parts * n, n))[0].reshape(runs, parts, n, n)
    return np.ascontiguousarray((inner @ outer).reshape(runs, parts * part, n)[:, :d].mT)


def _in_span(given: Reduction, basis: np.ndarray) -> Reduction:
    """The same with both problems in the coordinates of a basis.

    ``shown`` has more coordinates, for what metrics rows ask of what is not in the span: the distance from the initial
    rows, for which one does, and the products of the inputs of the probe with one another.
    """
    biased = given.whole.has_biases
    initial, probe, scaled = given.whole.initial_first_layer, given.whole.probe, given.whole.scaled
    inside = initial @ basis.mT
    outside = np.zeros((*inside.shape[:2], 1))
    if not np.array_equal(initial, given.start.first_layer):
        outside = np.linalg.norm(initial - inside @ basis, axis=-1, keepdims=True)
    rest = np.zeros((*basis.shape[:1], 0, 0))
    if probe is not None:
        along = probe.inputs @ basis.mT
        values, vectors = np.linalg.eigh(probe.inputs @ probe.inputs.mT - along @ along.mT)
        rest = vectors * np.sqrt(np.maximum(values, 0.0))[:, None]
        inputs = _with_columns(along, np.concatenate([np.zeros((*along.shape[:2], 1)), rest], -1), biased)
        probe = replace(probe, inputs=inputs)

    def turned(problem: Problem, more: int) -> Problem:
        teacher = _with_zeros(problem.teacher_first_layer @ basis.mT, more, biased)
        added = scaled and replace(scaled, first_layer=_with_zeros(scaled.first_layer @ basis.mT, more, biased))
        root = problem.root and problem.root.turned(basis, more)
        return replace(problem, teacher_first_layer=teacher, scaled=added, root=root)

    more = 1 + rest.shape[-1]
    start = _with_columns(inside, np.pad(outside, ((0, 0), (0, 0), (0, more - 1))), biased)
    shown = replace(turned(given.whole, more), initial_first_layer=start, probe=probe)
    return replace(given, problem=turned(given.problem, 0), shown=shown, basis=basis)


def _with_zeros(rows: np.ndarray, more: int, biased: bool) -> np.ndarray:
    """The rows with further coordinates, which are 0."""
    return _with_columns(rows, np.zeros((*rows.shape[:-1], more), rows.dtype), biased)


def _with_columns(rows: np.ndarray, columns: np.ndarray, biased: bool) -> np.ndarray:
    """The rows with further coordinates, before their biases."""
    return np.concatenate([rows[..., :-1], columns, rows[..., -1:]] if biased else [rows, columns], -1)
