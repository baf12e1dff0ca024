"""The dual certificates of a run: of the optima that ``run.json`` holds, and of the network at its snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from featlearn.runs.optimum_record import optimum_from
from featlearn.storage.errors import RunError
from featlearn.theory.activations import Activation
from featlearn.theory.optimum import Optimum, network_certificate
from featlearn.views.data.run import RunData, Snapshots, Table, activation_of, folded, read_snapshots, span_basis

RANKS = (2, 3)  # of teachers whose directions can be seen: a circle, a sphere
_DIFFERENT = 0.05  # of two certificates somewhere, that one sees


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
        with np.errstate(all="ignore"):  # of a network that diverged
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
        with np.errstate(all="ignore"):  # of a network about to diverge
            eta = network_certificate(self.activation, second, first, *teacher, weight_decay, directions)
        return np.where(np.isfinite(eta), eta, np.nan)


def read_certificates(data: RunData) -> Certificates | None:
    """The certificates of a run; None where it has no optima (yet), no snapshots, or a teacher of another rank.

    Raises:
        RunError: when the records of its optima make no sense.
    """
    records = data.info.optima
    if not records or data.neurons is None or data.neurons.rank not in RANKS:
        return None
    snapshots, phi = read_snapshots(data.run), activation_of(data.run, data.info)
    if phi.homogeneous_degree != 1:
        return None
    teacher = snapshots.teacher_first_layer
    optima, atom_teachers = {}, {}
    for number, record in enumerate(records):
        try:
            found = optimum_from(record, teacher)
            nearest = np.array([atom.teacher for atom in record.atoms], dtype=int)
            _check(found, nearest, len(teacher))
        except ValueError as error:
            raise RunError(f"{data.run.path}: optima.{number} of its record is broken: {error}") from None
        optima[found.weight_decay], atom_teachers[found.weight_decay] = found, nearest
    decays = np.full(len(snapshots.steps), np.nan)
    _, rows, at = np.intersect1d(data.metrics["step"], snapshots.steps, return_indices=True)
    decays[at] = data.metrics["weight_decay"][rows]
    basis = span_basis(teacher, lines=phi.symmetry != "none")
    return Certificates(phi, snapshots, decays, optima, atom_teachers, basis)


def _check(found: Optimum, nearest: np.ndarray, teachers: int) -> None:
    if not found.weight_decay > 0:
        raise ValueError("weight_decay is not above 0")
    if not 0 <= found.lower <= found.upper:
        raise ValueError("its bounds are in the wrong order")
    if not np.allclose(np.linalg.norm(found.directions, axis=-1), 1.0, atol=1e-6):
        raise ValueError("its atoms are not of norm 1")
    if np.any(nearest >= teachers):
        raise ValueError("an atom is near a teacher that there is not")


# --- what the figures show ----------------------------------------------------------------------


@dataclass(frozen=True)
class Curve:
    """η at the points of a view: of an optimum (``step`` is None), or of the network at a step."""

    weight_decay: float
    step: int | None
    eta: np.ndarray


@dataclass(frozen=True)
class Marks:
    """The atoms of an optimum: their places (n, r) in the span, signed masses, and nearest teachers."""

    place: np.ndarray
    mass: np.ndarray
    teacher: np.ndarray


@dataclass(frozen=True)
class CertificateView:
    """What a figure shows of the certificates.

    Attributes:
        optimum: at the last λ of the run that has one.
        place: (P, r) points of the circle, or of the sphere, where the curves are evaluated.
        frame: of the sphere's half that is shown as a disc (see ``from_disc``); None for a circle. The points are then
            those of ``disc(DISC)``, and where w and −w are two neurons, after them their opposites.
        curves: of the optimum; of the optimum at an earlier λ, of a circle alone; of the network, where it is there.
        marks: the atoms, for each λ of the curves.
        teacher_place: (m*, r).
        lines: whether half of the directions are all of them.
    """

    optimum: Optimum
    place: np.ndarray
    frame: np.ndarray | None
    curves: list[Curve]
    marks: dict[float, Marks]
    teacher_place: np.ndarray
    lines: bool

    @property
    def decays(self) -> list[float]:
        """The λ of the curves."""
        return [curve.weight_decay for curve in self.curves]

    @property
    def network_differs(self) -> bool:
        """Whether the network's certificate can be seen to be another than the optimum's."""
        network = [curve for curve in self.curves if curve.step is not None]
        return bool(network and np.nanmax(np.abs(network[0].eta - self.curves[0].eta)) > _DIFFERENT)


def certificate_view(certificates: Certificates, metrics: Table) -> CertificateView | None:
    """What the figure shows; None where no row of the log has a λ with an optimum."""
    held = [row for row, decay in enumerate(metrics["weight_decay"]) if float(decay) in certificates.optima]
    if not held:
        return None
    last = float(metrics["weight_decay"][held[-1]])
    decays, frame = [last], None
    if certificates.rank == 2:
        place = on_circle(circle(certificates.lines, 721))
        same_stage = metrics["stage"] == metrics["stage"][held[-1]]
        first = next(float(metrics["weight_decay"][row]) for row in held if same_stage[row])
        decays += [first] if first != last else []
    else:
        frame = frame_of(certificates.teacher_place)
        place = from_disc(disc(DISC), frame)
        place = place if certificates.lines else np.concatenate([place, -place])
    curves = [Curve(decay, None, certificates.of_optimum(decay, place)) for decay in decays]
    [at] = np.nonzero(certificates.decays == last)
    if len(at) and np.isfinite(eta := certificates.of_network(at[-1], place)).all():
        curves.append(Curve(last, int(certificates.snapshots.steps[at[-1]]), eta))
    marks = {
        decay: Marks(
            certificates.atom_place(decay), certificates.optima[decay].masses, certificates.atom_teachers[decay]
        )
        for decay in decays
    }
    optimum, teacher = certificates.optima[last], certificates.teacher_place
    return CertificateView(optimum, place, frame, curves, marks, teacher, certificates.lines)


def certificate_table(view: CertificateView) -> Table:
    """A row for each point of each curve, each atom and each teacher; nothing where a column does not apply."""
    shown = np.ones(len(view.place), dtype=bool)
    if view.frame is not None:  # what is outside of a disc is on the other one
        inside = np.sum(disc(DISC) ** 2, -1) <= 1
        shown = np.tile(inside, len(shown) // len(inside))
    parts: list[dict[str, Any]] = []
    for curve in view.curves:
        kind = "optimum" if curve.step is None else "network"
        step = "" if curve.step is None else curve.step
        parts.append({"kind": kind, "weight_decay": curve.weight_decay, "step": step})
        parts[-1] |= {"place": view.place[shown], "eta": curve.eta[shown]}
    for decay, marks in view.marks.items():
        parts.append({"kind": "atom", "weight_decay": decay, "place": marks.place, "eta": np.sign(marks.mass)})
        parts[-1] |= {"mass": marks.mass, "teacher": marks.teacher}
    parts.append({"kind": "teacher", "place": view.teacher_place, "teacher": np.arange(len(view.teacher_place))})

    def column(name: str) -> np.ndarray:
        whole = [np.broadcast_to(np.asarray(part.get(name, ""), dtype=object), len(part["place"])) for part in parts]
        return np.concatenate(whole)

    table = {name: column(name) for name in ("kind", "weight_decay", "step")}
    place = np.concatenate([part["place"] for part in parts])
    table |= {"angle": angle_of(place)} if view.frame is None else dict(zip("xyz", place.T, strict=True))
    return table | {name: column(name) for name in ("eta", "mass", "teacher")}


# --- circles and spheres ------------------------------------------------------------------------

DISC = 91  # points across a disc


def circle(lines: bool, count: int) -> np.ndarray:
    """Angles of directions in degrees, (count,): half a turn of them where w and −w are one neuron."""
    return np.linspace(0.0, 180.0 if lines else 360.0, count)


def on_circle(angle: np.ndarray) -> np.ndarray:
    """(…, 2) the points at angles in degrees."""
    turn = np.radians(angle)
    return np.stack([np.cos(turn), np.sin(turn)], -1)


def angle_of(place: np.ndarray) -> np.ndarray:
    """Degrees in [0, 360) of points in the plane, (…, 2) → (…)."""
    return np.asarray(np.degrees(np.arctan2(place[..., 1], place[..., 0])) % 360.0)


def disc(count: int) -> np.ndarray:
    """(count², 2) a grid of the square around the unit disc, row by row from below."""
    across = np.linspace(-1.0, 1.0, count)
    return np.stack(np.meshgrid(across, across), -1).reshape(-1, 2)


def from_disc(points: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Points of the sphere whose image is here: Lambert's azimuthal projection, equal in area, of a half sphere.

    Args:
        points: (P, 2), the half sphere in the unit disc.
        frame: (3, 3) orthonormal rows: the directions of the two axes of the disc, and the pole in its middle.
    """
    square = np.sum(points**2, -1, keepdims=True)
    return np.concatenate([points * np.sqrt(2 - square), 1 - square], -1) @ frame


def on_disc(place: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """The inverse of ``from_disc``, (…, 3) → (…, 2), of all points but the antipode of the pole."""
    own = place @ frame.T
    return np.asarray(own[..., :2] / np.sqrt(1 + own[..., 2:]))


def frame_of(teacher_place: np.ndarray) -> np.ndarray:
    """The frame (3, 3) of a half sphere that cuts no teacher line (m*, 3) near its rim."""
    grid = from_disc(disc(41), np.eye(3))
    grid = grid[grid[:, 2] >= 0]
    pole = grid[np.argmax(np.min(np.abs(grid @ teacher_place.T), -1))]
    towards = teacher_place[0] - pole * (teacher_place[0] @ pole)
    if np.linalg.norm(towards) < 1e-6:  # the teacher is the pole
        towards = np.linalg.svd(pole[None])[2][1]
    across = towards / np.linalg.norm(towards)
    return np.stack([across, np.cross(pole, across), pole])
