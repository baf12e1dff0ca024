"""The certificate in the page of a run: η of the network at every snapshot, and of the optimum at its λ."""

from __future__ import annotations

from typing import Any

import numpy as np

from featlearn.views.data.certificate import Certificates
from featlearn.views.data.certificate_view import ETA_TICKS, FEW_DECADES
from featlearn.views.data.directions import angle_of, circle, on_circle
from featlearn.views.report.page import packed
from featlearn.views.words.palette import ON_DARK, ON_LIGHT

ANGLES = 361  # the number of points on the circle
_SPHERE_NUMBERS = 150_000  # the most points of all snapshots together: 0.8 MB

_ETA = "the dual certificate η(w) = −(2/λ) E[(f − f*) φ̃(w·x)] of the network at this time"
_OUTSIDE = "|\u2060η| > 1"  # the word joiner keeps browsers from breaking the line after the bar
TEXTS = {
    2: f"The curve is {_ETA}, for directions w in the teacher's plane, with the neurons at their own η (off the curve: "
    f"the row is not in the plane). A new neuron at w with the sign of η lowers the objective where {_OUTSIDE}, "
    "outside of the band (which is linear; beyond, the scale is logarithmic). Dashed with open circles: the optimum at "
    "this λ and its atoms.",
    3: f"The colour of the sphere is {_ETA}, blue at −1, orange at 1, and that of an end of the bar where {_OUTSIDE} "
    "and a new neuron would lower the objective. Open circles: the atoms of the optimum at this λ. "
    "A cross: where |η| is largest. Nothing is seen through the sphere.",
}


def certificate_payload(certificates: Certificates, neurons: np.ndarray) -> dict[str, Any]:
    """What the chart needs: η at the points, and at the chosen neurons (of these indices), for every snapshot."""
    snapshots = range(len(certificates.decays))
    points, size = _points(certificates)
    optima = [decay for decay in dict.fromkeys(certificates.decays.tolist()) if decay in certificates.optima]
    return {
        "rank": certificates.rank,
        "lines": certificates.lines,
        "size": size,
        "colours": {"light": ON_LIGHT, "dark": ON_DARK},
        "few_decades": FEW_DECADES,
        "ticks": ETA_TICKS,
        "points": packed(points, "f4"),
        "eta": packed(np.array([certificates.of_network(s, points) for s in snapshots]), "f4"),
        "at_neurons": packed(np.array([certificates.at_neurons(s, neurons) for s in snapshots]), "f4"),
        "decays": packed(certificates.decays, "f8"),
        "teachers": packed(certificates.teacher_place, "f4"),
        "optimum": [optima.index(decay) if decay in optima else -1 for decay in certificates.decays.tolist()],
        "optima": [_optimum(certificates, decay, points) for decay in optima],
    }


def _points(certificates: Certificates) -> tuple[np.ndarray, list[int]]:
    """Where η is evaluated: along the circle, or on meridians (rows) of the sphere, as run.js draws it."""
    if certificates.rank == 2:
        return on_circle(circle(certificates.lines, ANGLES)), [ANGLES]
    fine = len(certificates.decays) * 25 * 49 <= _SPHERE_NUMBERS
    down, around = (25, 49) if fine else (13, 25)
    u, v = np.meshgrid(np.linspace(0, 2 * np.pi, around), np.linspace(0, np.pi, down))
    return np.stack([np.cos(u) * np.sin(v), np.sin(u) * np.sin(v), np.cos(v)], -1).reshape(-1, 3), [down, around]


def _optimum(certificates: Certificates, decay: float, points: np.ndarray) -> dict[str, Any]:
    place, mass = certificates.atom_place(decay), certificates.optima[decay].masses
    if certificates.rank == 2:
        shown = {"eta": packed(certificates.of_optimum(decay, points), "f4"), "angle": packed(angle_of(place), "f4")}
    else:
        both = np.concatenate([place, -place]) if certificates.lines else place
        mass = np.concatenate([mass, mass]) if certificates.lines else mass
        shown = {"place": packed(both, "f4")}
    return {"weight_decay": decay, "mass": packed(mass, "f4"), **shown}
