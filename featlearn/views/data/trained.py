"""The functions that a run trained, at its snapshots, and its target: what is shown beyond single neurons."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from featlearn.config.settings import read_settings
from featlearn.storage.errors import RunError
from featlearn.theory.activations import Activation
from featlearn.theory.activations.biased import with_biases
from featlearn.theory.alignment import overlaps
from featlearn.theory.degrees import losses_by_degree
from featlearn.theory.targets import loss as against
from featlearn.theory.targets.formula import hermite_terms
from featlearn.theory.targets.function import Polynomial, target_of
from featlearn.theory.targets.interface import Target
from featlearn.views.data.run import RunData, Snapshots, activation_of, has_covariance, teacher_activation_record

DEGREES = 7  # that are shown one by one, from 0 on
_MOST_PAIRS = 1e8  # over all snapshots: two seconds or so


@dataclass(frozen=True)
class Trained:
    """The networks Σ_j α a_j φ̃(w_j·x) at the snapshots of a run, and what they are to be.

    Attributes:
        scale: α.
        start: whether the network of the first snapshot is subtracted.
        target: f*, of one run.
        no_degrees: why the loss cannot be split; None where it can.
    """

    activation: Activation
    snapshots: Snapshots
    scale: float
    start: bool
    target: Target
    no_degrees: str | None

    @property
    def mass(self) -> float:
        """Of the target, a share of which is what lives, as in the metrics."""
        neurons = self.target.neurons
        return float(np.sqrt(self.target.squared_norm()[0]) if neurons is None else np.sum(np.abs(neurons[0])))

    @property
    def masses(self) -> np.ndarray:
        """(S, m) |α a_j|‖w_j‖; 0 for weights that are not finite."""
        at = self.snapshots
        with np.errstate(all="ignore"):
            masses = np.abs(self.scale * at.second_layer) * np.linalg.norm(at.first_layer, axis=-1)
        return np.where(np.isfinite(masses), masses, 0.0)

    def overlaps(self) -> np.ndarray:
        """(S, n) the largest |cos| of a living neuron with each of the teacher's directions, NaN where none lives."""
        at, directions, mass = self.snapshots, self.snapshots.teacher_first_layer[None], np.array([self.mass])
        with np.errstate(all="ignore"):
            student = zip(_finite(self.scale * at.second_layer), _finite(at.first_layer), strict=True)
        return np.array([overlaps(a[None], w[None], directions, mass)[0] for a, w in student])

    def cosines(self, chosen: np.ndarray) -> np.ndarray:
        """(S, neurons, 2) of chosen neurons with the first two directions; NaN for rows of no direction.

        Where w and −w are one neuron, of the one on the side of the first direction.
        """
        rows = _finite(self.snapshots.first_layer[:, chosen])
        with np.errstate(all="ignore"):
            cosines = rows @ self.snapshots.teacher_first_layer[:2].T / np.linalg.norm(rows, axis=-1, keepdims=True)
        if self.activation.symmetry != "none":
            cosines = cosines * np.where(cosines[..., :1] < 0, -1.0, 1.0)
        return np.clip(cosines, -1.0, 1.0)

    def losses_by_degree(self, losses: np.ndarray) -> np.ndarray:
        """(S, DEGREES + 1) the parts of the losses (S,) of the degrees 0, 1, …, and of all others.

        NaN where rounding is larger, at snapshots that are left out because there are many of a wide network, and where
        weights or losses are not finite.
        """
        count, width = self.snapshots.second_layer.shape
        most = max(6, int(_MOST_PAIRS / max(1, width) ** 2))
        found = np.full((count, DEGREES + 1), np.nan)
        for s in np.unique(np.linspace(0, count - 1, min(count, most)).astype(int)).tolist():
            second, first = self._network(s)
            if np.isfinite(losses[s]) and np.isfinite(second).all() and np.isfinite(first).all():
                with np.errstate(all="ignore"):
                    parts = losses_by_degree(self.activation, second, first, self.target, DEGREES)
                    nothing = self.target.directions[:, :0]
                    weights = second[None], first[None], nothing[..., 0], nothing, self.target
                    floor = against.float64_rounding(self.activation, *weights)[0]
                parts = np.append(parts, losses[s] - np.sum(parts))
                found[s] = np.where(np.isfinite(parts) & (parts > floor), parts, np.nan)
        return found

    def _network(self, snapshot: int) -> tuple[np.ndarray, np.ndarray]:
        """Both layers of a trained function, with the start that is subtracted."""
        at = self.snapshots
        second, first = self.scale * at.second_layer[snapshot], at.rows[snapshot]
        if not self.start:
            return second, first
        return np.append(second, -self.scale * at.second_layer[0]), np.concatenate([first, at.rows[0]])


def _teacher_activation(data: RunData) -> Activation:
    """Raises ValueError when the configuration does not tell it."""
    assert data.info.activation is not None  # ``activation_of`` has told what is wrong
    record = teacher_activation_record(data.run, data.info.activation)
    if record is None:
        raise ValueError("its teacher.activation makes no sense")
    return record.entry()


def _finite(rows: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(rows), rows, 0.0)


def trained_functions(data: RunData) -> Trained:
    """The functions that a run trained. Raises RunError when its files do not say them, or no target."""
    at, info = data.snapshots, data.info
    if at is None or not data.teachers:
        raise RunError(data.missing or "there is no teacher")
    said, student = read_settings(data.run.config_file), activation_of(data.run, info)
    if not said:
        raise RunError(f"{data.run.config_file} cannot be read")
    try:
        terms = None if info.polynomial is None else hermite_terms(info.polynomial)
        if len(at.teacher_first_layer) != (len(at.teacher_second_layer) if terms is None else len(terms[0].degrees)):
            raise ValueError(f"its target is not that of {data.run.snapshots_file.name}")
        other = _teacher_activation(data) if terms is None else Polynomial(terms)
        if at.biases is not None:
            student, other = with_biases(student), with_biases(other) if isinstance(other, Activation) else other
        target = target_of(other, at.teacher_second_layer[None], at.teacher_rows[None])
    except ValueError as error:
        raise RunError(f"{data.run.config_file}: {error}") from None
    width, lazy = at.second_layer.shape[1], said.get("student.output_scale")
    factor = {"mean_field": 1 / width, "ntk": 1 / sqrt(width)}.get(str(said.get("student.scaling")), 1.0)
    scale = factor * (float(lazy) if isinstance(lazy, int | float) else 1.0)
    kinds = [each for each in (student, other) if isinstance(each, Activation)]
    unknown = [each.name for each in kinds if each.hermite is None and each.biased is None]
    why = f"the Hermite coefficients of {unknown[0]} are not known" if unknown else None
    if has_covariance(said):
        why = "the inputs have a covariance, and Hermite degrees are those of inputs N(0, I)"
    return Trained(student, at, scale, lazy is not None, target, why)
