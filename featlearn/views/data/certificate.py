"""The dual certificates of a run: of the optima that ``run.json`` holds, and of the network at its snapshots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from featlearn.runs.optimum_record import optimum_from
from featlearn.storage.errors import RunError
from featlearn.theory.activations import Activation, names_with_optimum
from featlearn.theory.certificate import network_certificate
from featlearn.theory.optimum import Optimum
from featlearn.training.reach import within_reach
from featlearn.views.data.neurons import folded, span_basis
from featlearn.views.data.run import RunData, Snapshots, activation_of, has_covariance, teacher_activation_record

RANKS = (2, 3)  # teachers of these ranks are drawn: on a circle, on a sphere


@dataclass(frozen=True)
class Certificates:
    """What is needed to evaluate η of the optima and of the network, in coordinates of the teacher's span.

    Attributes:
        activation: homogeneous of degree 1.
        snapshots: of the run.
        decays: (S,) λ at each snapshot, NaN where its step is not logged.
        optima: by λ, in the order in which the run came to them.
        atom_teachers: for each optimum, (n,) the teacher line nearest to each atom.
        basis: (r, d) orthonormal rows that span the teacher's, as in ``Neurons``.
    """

    activation: Activation
    snapshots: Snapshots
    decays: np.ndarray
    optima: dict[float, Optimum]
    atom_teachers: dict[float, np.ndarray]
    basis: np.ndarray

    @property
    def rank(self) -> int:
        return len(self.basis)

    @property
    def lines(self) -> bool:
        """Whether w and −w are one neuron."""
        return self.activation.symmetry != "none"

    @cached_property
    def teacher_place(self) -> np.ndarray:
        """(m*, r) the teacher's rows in the span; in a plane of lines, in the upper half."""
        return self._place(self.snapshots.teacher_first_layer)

    def atom_place(self, weight_decay: float) -> np.ndarray:
        """(n, r) the atoms of an optimum in the span; in a plane of lines, in the upper half."""
        return self._place(self.optima[weight_decay].directions)

    def _place(self, rows: np.ndarray) -> np.ndarray:
        place = rows @ self.basis.T
        return folded(place) if self.lines and self.rank == 2 else place

    def of_optimum(self, weight_decay: float, place: np.ndarray) -> np.ndarray:
        """η of an optimum at points of the span, (…, r) → (…)."""
        found = self.optima[weight_decay]
        return self._eta(found.masses, found.directions, weight_decay, place @ self.basis)

    def of_network(self, snapshot: int, place: np.ndarray) -> np.ndarray:
        """η of the network at a snapshot, at points of the span, (…, r) → (…); NaN where λ or the network is none."""
        return self._of_network(snapshot, place @ self.basis)

    def at_neurons(self, snapshot: int, chosen: np.ndarray) -> np.ndarray:
        """η of the network at its own rows w_j/‖w_j‖ of the chosen indices; NaN for a row that has no direction."""
        rows = self.snapshots.first_layer[snapshot][chosen]
        with np.errstate(all="ignore"):  # the network may have diverged
            norms = np.linalg.norm(rows, axis=-1, keepdims=True)
        unit = np.divide(rows, norms, out=np.full_like(rows, np.nan), where=(norms > 0) & np.isfinite(norms))
        return self._of_network(snapshot, unit)

    def _of_network(self, snapshot: int, directions: np.ndarray) -> np.ndarray:
        second, first = self.snapshots.second_layer[snapshot], self.snapshots.first_layer[snapshot]
        weight_decay = float(self.decays[snapshot])
        if not (weight_decay > 0 and np.isfinite(second).all() and np.isfinite(first).all()):
            return np.full(directions.shape[:-1], np.nan)
        return self._eta(second, first, weight_decay, directions)

    def _eta(self, second: np.ndarray, first: np.ndarray, weight_decay: float, directions: np.ndarray) -> np.ndarray:
        teacher = self.snapshots.teacher_second_layer, self.snapshots.teacher_first_layer
        with np.errstate(all="ignore"):  # the network may be about to diverge
            eta = network_certificate(self.activation, second, first, *teacher, weight_decay, directions)
        return np.where(np.isfinite(eta), eta, np.nan)


def read_certificates(data: RunData) -> Certificates | None:
    """The certificates of a run; None where it has no optima (yet), no snapshots, or a teacher of another rank.

    Raises:
        RunError: when the records of its optima make no sense.
    """
    snapshots = data.snapshots
    if not data.info.optima or snapshots is None or data.neurons is None or data.neurons.rank not in RANKS:
        return None
    phi = activation_of(data.run, data.info)
    if phi.degree_one is None:
        return None
    teacher = snapshots.teacher_first_layer
    optima, atom_teachers = read_optima(data, teacher)
    basis = span_basis(teacher, lines=phi.symmetry != "none")
    return Certificates(phi, snapshots, decays_at_snapshots(data, snapshots), optima, atom_teachers, basis)


def read_optima(data: RunData, teacher: np.ndarray) -> tuple[dict[float, Optimum], dict[float, np.ndarray]]:
    """The optima that a run's record holds, by λ, and the teacher line nearest to each of their atoms.

    Raises:
        RunError: when the record makes no sense.
    """
    optima, atom_teachers = {}, {}
    for number, record in enumerate(data.info.optima):
        try:
            found = optimum_from(record, teacher)
            nearest = np.array([atom.teacher for atom in record.atoms], dtype=int)
            _check(found, nearest, len(teacher))
        except ValueError as error:
            raise RunError(f"{data.run.path}: optima.{number} of its record is broken: {error}") from None
        optima[found.weight_decay], atom_teachers[found.weight_decay] = found, nearest
    return optima, atom_teachers


def decays_at_snapshots(data: RunData, snapshots: Snapshots) -> np.ndarray:
    """λ at each snapshot, (S,), NaN where its step is not logged."""
    decays = np.full(len(snapshots.steps), np.nan)
    _, rows, at = np.intersect1d(data.metrics["step"], snapshots.steps, return_indices=True)
    decays[at] = data.metrics["weight_decay"][rows]
    return decays


def why_no_certificate(data: RunData) -> str:
    """Why a run whose neurons can be drawn has no picture of its certificate."""
    if not data.info.optima:
        if why := why_no_optimum(data):
            return why
        if data.info.status == "running":
            return "the optima are recorded when the run ends"
    rank = data.neurons.rank if data.neurons else None
    if rank is not None and rank not in RANKS:
        return f"it is drawn for teachers of rank 2 (on a circle) and 3 (on a sphere), and this one has rank {rank}"
    return "no row of its log has a weight decay at which the optimum is recorded"


def why_no_optimum(data: RunData) -> str | None:
    """Why a run has no certified optimum; None where it has one."""
    why = next(_reasons(data), None)
    return None if why is None else f"no optimum is known {why}"


def _reasons(data: RunData) -> Iterator[str]:
    """What of a run's configuration and log leaves it without a certified optimum; those of its target first."""
    said, phi = data.settings, data.info.activation
    decays = data.metrics["weight_decay"][1:]  # no step has used the one of the first row
    if data.polynomial is not None:
        yield "for a polynomial target"
    if phi is not None and teacher_activation_record(data.run, phi) != phi:
        yield "for a teacher whose activation is not the student's"
    if phi is not None and phi.name not in names_with_optimum():
        known = ", ".join(names_with_optimum())
        yield f"for the activation {phi.label}, only for those that are homogeneous of degree 1 with a kink ({known})"
    if data.snapshots is not None and data.snapshots.biases is not None:
        yield "for networks with biases"
    if has_covariance(said):
        yield "for inputs with a covariance"
    for key in ("student.output_scale", "student.scaling"):
        if said.get(key) is not None:
            yield f"for networks with {key}"
    if len(decays) and not np.any(decays > 0):
        yield "without weight decay (λ = 0 throughout)"
    if said.get("log.gap") is False:
        yield "where log.gap is false"
    losses = [value for key, value in said.items() if key.startswith("stages.") and key.endswith(".loss")]
    if "correlation" in losses:
        yield "where the correlation is maximised"
    if data.neurons is not None and not within_reach(data.teachers, data.neurons.rank):
        yield f"for so large a teacher ({data.teachers} neurons, rank {data.neurons.rank})"


def _check(found: Optimum, nearest: np.ndarray, teachers: int) -> None:
    if not found.weight_decay > 0:
        raise ValueError("weight_decay is not above 0")
    if not 0 <= found.lower <= found.upper:
        raise ValueError("its bounds are in the wrong order")
    if not np.allclose(np.linalg.norm(found.directions, axis=-1), 1.0, atol=1e-6):
        raise ValueError("its atoms are not of norm 1")
    if np.any(nearest >= teachers):
        raise ValueError("an atom is near a teacher that there is not")
