"""What the end of a run is: a minimum, a saddle or flat, by the eigenvalues of the Hessian of its objective.

Directions in which the objective cannot change (``theory.symmetries``) are taken out first, and count as zeros.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from featlearn.theory import symmetries
from featlearn.theory.sample_hessian import SampleHessian
from featlearn.theory.symmetries import Directions
from featlearn.theory.targets import loss as against
from featlearn.training.layers import separated, together
from featlearn.training.second_order import SecondOrder
from featlearn.training.trained import Trained

if TYPE_CHECKING:
    from featlearn.training.problem import Problem
    from featlearn.training.stages import Layer, Stage
    from featlearn.training.state import State

Verdict = Literal["minimum", "saddle", "flat", "not stationary", "not decided"]

MOST_DENSE = 5000  # trained weights whose matrix is decomposed; of more, some eigenvalues at both ends are found
_MOST_PRODUCTS = 2.5e11  # of an input's derivatives by two weights, for the matrix on a sample
ACCURACY = 1e-8  # of the largest eigenvalue: smaller ones count as zero
_NEAR = 1e-2  # of an eigenvalue times the norm of the weights: beside a larger gradient its sign may change on the way
STATIONARY = 1e-6  # of the largest eigenvalue times the norm of the weights: the largest gradient of a stationary point
_AT_AN_END = 6  # eigenvalues at either end, where not all are found
_TRIED = 1000  # directions of a neuron that has vanished, besides known ones
_DEAD = 1e-6  # of the norm of the target: neurons with less are dead
_ASLEEP = 1e-3  # of the largest weights of a neuron: dead neurons of smaller ones may be on their way
_MOST_ENTRIES = 25_000_000  # of the rotations that are taken out; with more, none are
_INSIDE = 0.5  # of the square of a direction
_INDEPENDENT = 1e-8  # of the largest: what is left of a direction beside the others


@dataclass(frozen=True)
class Curvature:
    """The Hessian of the objective over the trained weights at one point.

    Attributes:
        eigenvalues: in rising order: all, or of many weights those at both ends, without the ones that are zero by
            symmetry.
        grad_norm: of the objective.
        largest: the largest absolute eigenvalue; ``ACCURACY`` of it counts as zero.
        parameters: the number n of trained weights.
        negative, zeros: how many eigenvalues are below, and about, zero; of zeros None where not all were found.
        explained: how many of the zeros are ``balance`` (of living neurons), ``rotation`` (around the target),
            ``coinciding`` (what neurons of one line exchange) and ``dead`` (of neurons that are gone).
        vanished: how many neurons are left out: rows near zero, where the objective has the tip of a cone.
        grows: whether the objective falls where one of these, or a dead neuron of small weights, grows, in a direction
            that was tried.
        undecided: how many neurons of an activation of degree 1 with a kink are dead by their rows alone: there the
            objective has the tip of a cone, beside an output weight that lets it be steep.
        verdict: "flat" where there are zeros beside these; "not decided" in place of both this and "minimum" where
            neurons are undecided.
    """

    eigenvalues: np.ndarray
    grad_norm: float
    largest: float
    parameters: int
    negative: int
    zeros: int | None
    explained: dict[str, int]
    vanished: int
    grows: bool
    undecided: int
    verdict: Verdict


def curvature(problem: Problem, stage: Stage, state: State, steps: int | None = None) -> Curvature:
    """That at the end of a run.

    Args:
        problem: one run (B = 1), of all its neurons.
        stage: the last one, whose trained layers and weight decay are meant.
        state: both layers at its end.
        steps: how many steps of the stage were done, of which the last one says the weight decay; None for all.
    Accuracy: rounding, 1e-12 of the largest eigenvalue (tests/training/test_curvature.py); of more than ``MOST_DENSE``
        weights 1e-9.
    """
    return _Found(problem, stage, state, max(1, stage.steps if steps is None else steps) - 1).curvature()


class _Found:
    """The Hessian, as a matrix where that is not too large, and what is known of its zeros."""

    def __init__(self, problem: Problem, stage: Stage, state: State, step: int) -> None:
        self.problem, self.stage, trained = problem.in_stage([stage]), stage, Trained(stage.train, problem.has_biases)
        problem, samples = self.problem, self.problem.samples()
        self.sample = None if samples is None else samples[0].sample()
        self.size = (  # of the target
            float(problem.target().mass()[0]) if self.sample is None else float(np.sqrt(np.mean(self.sample.labels**2)))
        )
        self.trained, self.second, self.first = (
            trained,
            *(x.astype(np.float64) for x in (state.second_layer, state.first_layer)),
        )
        second_order = SecondOrder.at(problem, state, trained)
        layers = separated(self.second, self.first, problem.has_biases)
        self.decays = {name: stage.weight_decay.in_layer(name).at_step(step) for name in layers}
        self.all_trained = len(stage.train) == len(layers)
        self.is_cone = bool(problem.activation.kinks) and problem.activation.homogeneous_degree == 1
        each = {name: np.full(x.shape, self.decays[name]) for name, x in layers.items()}
        self.row_decay = together(each)[1][0, 0]
        decay = trained.vector(*together(each))
        self.vanished = self._vanished()
        free = self._each(~self.vanished)
        self.free = free > 0
        self.at, slope = trained.vector(self.second, self.first), second_order.gradient()
        self.grad_norm = float(np.linalg.norm(slope + decay * self.at))
        self.matrix: np.ndarray | None = None
        inputs = 0 if self.sample is None else len(self.sample.labels)
        if len(free) <= MOST_DENSE and inputs * len(free) ** 2 <= _MOST_PRODUCTS:
            whole = second_order.matrix()
            whole[np.diag_indices_from(whole)] += decay
            self.matrix = whole[np.ix_(self.free, self.free)]
        self.at = self.at[self.free]

        def product(v: np.ndarray) -> np.ndarray:
            moved = np.zeros(len(free))
            moved[self.free] = v
            return np.asarray((second_order.product(moved) + decay * moved)[self.free])

        self.product = product

    def curvature(self) -> Curvature:
        explained = dict.fromkeys(("balance", "rotation", "coinciding", "dead"), 0)
        values, zeros, largest = np.zeros(0), 0 if self.matrix is not None else None, 0.0
        if len(self.at):
            largest = self._largest()
            fixed = self._directions_of_symmetry(largest)
            explained |= {name: len(found) for name, found in fixed.items()}
            basis = np.concatenate([np.zeros((0, len(self.at))), *fixed.values()])
            if self.matrix is not None:
                values, more = self._all(self.matrix, basis, ACCURACY * largest)
                explained |= more
                zeros = int(np.sum(np.abs(values) <= ACCURACY * largest))
            else:
                values = self._ends(basis, largest)
        grows, negative = self._grows(), int(np.sum(values < -ACCURACY * largest))
        positive = values[values > ACCURACY * largest]
        verdict: Verdict = "minimum"
        if self._is_far_from_stationary(STATIONARY * largest):
            verdict = "not stationary"
        elif grows or (negative and not self._is_far_from_stationary(-_NEAR * np.min(values))):
            verdict = "saddle"
        elif negative:
            verdict = "not stationary"
        elif np.sum(np.abs(values) <= ACCURACY * largest) > (0 if zeros is None else sum(explained.values())):
            verdict = "flat"
        elif len(positive) and self._is_far_from_stationary(_NEAR * np.min(positive)):
            verdict = "not stationary"
        undecided = self._undecided()
        if undecided and verdict in ("minimum", "flat"):
            verdict = "not decided"
        return Curvature(
            eigenvalues=values,
            grad_norm=self.grad_norm,
            largest=largest,
            parameters=len(self.at),
            negative=negative,
            zeros=zeros,
            explained=explained,
            vanished=int(np.sum(self.vanished)),
            grows=grows,
            undecided=undecided,
            verdict=verdict,
        )

    def _is_far_from_stationary(self, eigenvalue: float) -> bool:
        """Whether a step of Newton along a direction of this eigenvalue may be longer than the weights are."""
        return bool(len(self.at)) and self.grad_norm > eigenvalue * float(np.linalg.norm(self.at))

    def _largest(self) -> float:
        """The largest absolute eigenvalue."""
        from scipy.sparse import linalg

        if self.matrix is not None and len(self.at) < 50:
            return float(np.max(np.abs(np.linalg.eigvalsh(self.matrix))))
        operator = linalg.LinearOperator((len(self.at),) * 2, matvec=self._times, dtype=np.float64)
        found = linalg.eigsh(operator, k=1, which="LM", v0=_start(len(self.at)), tol=1e-6, return_eigenvectors=False)
        return float(np.abs(found[0]))

    def _times(self, v: np.ndarray) -> np.ndarray:
        return self.product(v) if self.matrix is None else self.matrix @ v

    # --- what is known ----------------------------------------------------------------------------

    def _directions_of_symmetry(self, largest: float) -> dict[str, np.ndarray]:
        """Orthonormal rows (k, n) by kind, each kind beside those before.

        At a point that is not stationary the Hessian need not vanish there: directions in which it does not are no
        symmetry to count on.
        """
        found: dict[str, np.ndarray] = {}
        before = np.zeros((0, len(self.at)))
        for name, directions in self._symmetries():
            rows = _orthonormal(self._vectors(directions), before)
            changes = rows @ self.matrix if self.matrix is not None else np.array([self.product(row) for row in rows])
            found[name] = rows[np.linalg.norm(changes.reshape(rows.shape), axis=1) <= STATIONARY * largest]
            before = np.concatenate([before, found[name]])
        return found

    def _symmetries(self) -> Iterator[tuple[str, Directions]]:
        activation, root = self.problem.activation, self.problem.root
        degree = activation.homogeneous_degree
        if degree and self.all_trained and not any(self.decays.values()):
            yield "balance", symmetries.balances(degree, self.second[0], self.first[0], ~self._dead())
        turns = self.sample is None and (root is None or root.is_spike)
        if turns and "first_layer" in self.stage.train:
            most = _MOST_ENTRIES // len(self.at)
            rows, fixed = (self.problem.directions(x) for x in (self.first[0], self.problem.rows_of_target()[0]))
            second, first = symmetries.rotations(rows, fixed, most)
            biases = np.zeros((*first.shape[:2], self.first.shape[2] - first.shape[2]))
            yield "rotation", (second, np.concatenate([first, biases], -1))

    def _vectors(self, directions: Directions) -> np.ndarray:
        """Those of the trained weights, (k, n); what others would have to move too is left out."""
        rows = [
            self.trained.vector(a[None], w[None])[self.free]
            for a, w in zip(*directions, strict=True)
            if all(name in self.stage.train or not x.any() for name, x in self._separated(a, w).items())
        ]
        return np.array(rows).reshape(len(rows), len(self.at))

    def _separated(self, a: np.ndarray, w: np.ndarray) -> dict[Layer, np.ndarray]:
        return separated(a, w, self.problem.has_biases)

    def _each(self, neurons: np.ndarray) -> np.ndarray:
        """What is said of each neuron, (m,), of each of its trained weights."""
        return self.trained.vector(neurons[None], np.broadcast_to(neurons[:, None], self.first[0].shape)[None])

    def _vanished(self) -> np.ndarray:
        """(m,) the neurons that are left out: dead ones that weight decay takes to zero, and those that are there."""
        if not (self.is_cone and self.all_trained):
            return np.zeros(self.second.shape[1], dtype=bool)
        return self._dead() if min(self.decays.values()) > 0 else self._dead() & ~self.first[0].any(-1)

    def _undecided(self) -> int:
        """How many neurons are dead at the tip of a cone, but for their output weights."""
        sizes = np.abs(self.second[0])
        at_tip = self._dead() & (sizes > _ASLEEP * np.max(sizes, initial=0.0))
        return int(np.sum(at_tip)) if self.is_cone and "first_layer" in self.stage.train else 0

    def _asleep(self) -> np.ndarray:
        """(m,) dead neurons of a smooth activation with both weights near zero, where no decay keeps the row: where all
        low degrees are dropped, neither gradient nor Hessian tells whether they grow."""
        if self.problem.activation.kinks or not self.all_trained or self.row_decay.any():
            return np.zeros(self.second.shape[1], dtype=bool)
        sizes = np.abs(self.second[0]), np.linalg.norm(self.first[0], axis=-1)
        short, small = (its <= _ASLEEP * np.max(its, initial=0.0) for its in sizes)
        return np.asarray(self._dead() & short & small)

    def _grows(self) -> bool:
        """Whether 2a‖w‖ E[r φ̃(ŵ)] + ½(λ₂a² + λ₁‖w‖²) is below 0 for a direction ŵ: those of the rows of student and
        target, with biases the axis of these, on samples all axes, and random ones in their span. At a living neuron
        it is 0 up to the gradient.

        E[r φ̃(ρŵ)] of a smooth φ is analytic in ρ: where it is not 0 at ρ = 1, it is not 0 at some ρ as small as one
        likes, and a neuron of that row grows from any λ₂ on.
        """
        problem, asleep = self.problem, self._asleep()
        living = self.first[0][~(self.vanished | asleep)]
        rows = np.concatenate([living, problem.rows_of_target()[0]])
        axes = np.eye(rows.shape[1])[0 if self.sample is not None else len(problem.directions(rows[0])) :]
        rows = np.concatenate([rows[rows.any(-1)], axes])  # of a sample all, of the population that of a bias
        if not (self.vanished | asleep).any() or not len(rows):
            return False
        rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        tried = np.concatenate([rows, -rows, np.random.default_rng(0).standard_normal((_TRIED, len(rows))) @ rows])
        tried = tried / np.linalg.norm(tried, axis=1, keepdims=True)
        residual = self._residual(problem.images(tried[None]))[0]
        unsure = self.grad_norm / np.min(np.linalg.norm(living, axis=1), initial=np.inf)
        unsure += ACCURACY * self.size  # the residual's terms, of which a share is rounding
        least = np.sqrt(self.decays["second_layer"] * (tried**2 @ self.row_decay)) * (1 + STATIONARY) + unsure
        return bool(np.any(problem.scale[0] * np.abs(residual) > least))

    def _residual(self, tried: np.ndarray) -> np.ndarray:
        """2 E[r φ̃(v·x)] of the rows v, (1, k, d), as they meet the inputs."""
        second, first, teacher_second, teacher_first, rest = self.problem.in_loss(self.second, self.first)
        if self.sample is not None:
            nothing, rows = np.zeros(tried.shape[1]), np.concatenate([first[0], tried[0]])
            weights = np.concatenate([second[0], nothing])
            one = SampleHessian(self.problem.activation, weights, rows, self.sample.inputs, self.sample.labels)
            return one.gradient().second_layer[None, len(second[0]) :]
        others = np.concatenate([teacher_second, -second], -1), np.concatenate([teacher_first, first], -2)
        return np.asarray(
            against.gradient(self.problem.activation, np.zeros(tried.shape[:2]), tried, *others, rest).second_layer
        )

    def _dead(self) -> np.ndarray:
        """(m,) the neurons whose part of the function is nothing beside the target."""
        squares = np.sum(self.problem.images(self.first) ** 2, -1)
        mass = np.abs(self.problem.output_weights(self.second)) * np.sqrt(
            self.problem.activation.rounding_scale(squares)
        )
        return np.asarray(mass[0] <= _DEAD * self.size)

    # --- eigenvalues ------------------------------------------------------------------------------

    def _all(self, matrix: np.ndarray, basis: np.ndarray, zero: float) -> tuple[np.ndarray, dict[str, int]]:
        """All eigenvalues, and how many of the zeros beside the symmetries are of neurons that coincide or are dead."""
        from scipy import linalg

        outside = linalg.qr(basis.T)[0][:, len(basis) :] if len(basis) else np.eye(len(matrix))
        rest = outside.T @ matrix @ outside if len(basis) else matrix
        values = linalg.eigvalsh(rest)
        first, last = np.searchsorted(values, [-zero, zero], side="left")
        explained = {"coinciding": 0, "dead": 0}
        if last > first:
            vectors = outside @ linalg.eigh(rest, subset_by_index=[first, last - 1])[1]
            living = ~self._dead()
            kept = self._each(living)[self.free] > 0
            alike = self._vectors(symmetries.coincidences(self.problem.activation, self.second[0], self.first[0]))
            explained["dead"] = _dimension_inside(vectors[kept], basis[:, kept])
            both = _dimension_inside(vectors[kept], np.concatenate([basis, alike])[:, kept])
            explained["coinciding"] = both - explained["dead"]
        return np.sort(np.concatenate([values, np.zeros(len(basis))])), explained

    def _ends(self, basis: np.ndarray, largest: float) -> np.ndarray:
        """Some eigenvalues at both ends, beside the symmetries, by Lanczos' method."""
        from scipy.sparse import linalg

        def shifted(v: np.ndarray, sign: float) -> np.ndarray:
            """(2·largest − H) v or (2·largest + H) v, and 0 along the basis: errors are relative to the largest."""
            v = np.ravel(v)
            v = v - basis.T @ (basis @ v)
            found = 2 * largest * v + sign * self._times(v)
            return found - basis.T @ (basis @ found)

        n, ends = len(self.at), []
        for sign in (-1.0, 1.0):
            operator = linalg.LinearOperator((n, n), matvec=lambda v, sign=sign: shifted(v, sign), dtype=np.float64)
            asked = {
                "k": _AT_AN_END,
                "which": "LA",
                "v0": _start(n),
                "tol": 1e-9,
                "ncv": 60,
                "return_eigenvectors": False,
            }
            try:
                found = linalg.eigsh(operator, **asked)
            except linalg.ArpackNoConvergence as error:
                found = error.eigenvalues
            ends.append(sign * (found - 2 * largest))
        return np.sort(np.concatenate(ends))


def _start(n: int) -> np.ndarray:
    """Where Lanczos' method begins: the same for everybody."""
    return np.random.default_rng(0).standard_normal(n)


def _orthonormal(rows: np.ndarray, beside: np.ndarray) -> np.ndarray:
    """Orthonormal rows of the span of the given ones, without those beside; rows count alike, whatever their norms."""
    from scipy import linalg

    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows[lengths[:, 0] > 0] / lengths[lengths[:, 0] > 0]
    rows = rows - (rows @ beside.T) @ beside
    if not rows.size:
        return rows
    basis, triangle, _ = linalg.qr(rows.T, mode="economic", pivoting=True)
    sizes = np.abs(np.diagonal(triangle))
    return np.asarray(basis.T[: len(sizes)][sizes > _INDEPENDENT * sizes[0]])


def _dimension_inside(vectors: np.ndarray, rows: np.ndarray) -> int:
    """How many of the dimensions that orthonormal columns (n, k) span lie in the span of rows and of coordinates that
    were left out of both."""
    basis = _orthonormal(rows, rows[:0])
    left = vectors - basis.T @ (basis @ vectors)
    outside = np.linalg.svd(left, compute_uv=False) ** 2 >= _INSIDE if left.size else np.zeros(0)
    return int(vectors.shape[1] - np.sum(outside))
