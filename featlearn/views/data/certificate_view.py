"""What a figure shows of the dual certificates of a run: curves, atoms and the teacher, and the table behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from featlearn.runs.metrics import Table
from featlearn.theory.optimum import Optimum
from featlearn.views.data.certificate import Certificates
from featlearn.views.data.directions import DISC, angle_of, circle, disc, frame_of, from_disc, on_circle

_DIFFERENT = 0.05  # the least difference between two certificates that can be seen
SEEN_ABOVE = 1.02  # above this, |η| can be seen to exceed 1
# beyond ±1 the axis of η is logarithmic: with these ticks while the largest |η| is below a bound, else powers of ten
FEW_DECADES, ETA_TICKS = 30, (1, 2, 5, 10, 20)


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
    def earlier_decays(self) -> list[float]:
        """Those of them at which an optimum is shown beside the one at the last λ, with atoms of its own."""
        return [decay for decay in self.marks if decay != self.optimum.weight_decay]

    @property
    def network_exceeds(self) -> bool:
        """Whether it can be seen that |η| of the network exceeds 1."""
        return any(curve.step is not None and bool(np.any(np.abs(curve.eta) > SEEN_ABOVE)) for curve in self.curves)

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
