"""The neurons in the page of a run, at every snapshot."""

from __future__ import annotations

from typing import Any

import numpy as np

from featlearn.views.data.neurons import LEAP, Neurons, folded
from featlearn.views.report.page import packed

MOST_NEURONS = 1000  # a page shows the heaviest so many


def heaviest(neurons: Neurons, most: int = MOST_NEURONS) -> np.ndarray:
    """The neurons that a page shows: all, or the heaviest where they are many."""
    return np.sort(np.argsort(-np.nanmax(neurons.mass, axis=0), kind="stable")[:most])


def neurons_payload(neurons: Neurons, most: int = MOST_NEURONS) -> dict[str, Any]:
    """What the neurons' chart needs."""
    shown = heaviest(neurons, most)
    place = folded(neurons.place) if neurons.half_plane else neurons.place
    rays = folded(neurons.teacher_place) if neurons.half_plane else neurons.teacher_place
    in_span = neurons.rank in (2, 3)
    arrays = {name: getattr(neurons, name)[:, shown] for name in ("mass", "angle", "teacher")}
    return {
        "index": shown.tolist(),
        "rank": neurons.rank,
        "lines": neurons.lines,
        "folded": neurons.half_plane,
        "leap": LEAP,
        "alive_above": neurons.alive_above,
        "least_mass": neurons.least_mass,
        "steps": packed(neurons.steps, "f8"),
        "place": packed(place[:, shown] if in_span else np.empty(0), "f4"),
        "teacher_place": packed(rays, "f4"),
        **{name: packed(values, "f4") for name, values in arrays.items()},
    }


def neurons_text(neurons: Neurons, polynomial: str | None, certified: bool, most: int = MOST_NEURONS) -> str:
    """How to read the chart of the neurons, of a polynomial target with its formula.

    Args:
        certified: whether the chart shows the certificate, too; in space, that takes an opaque sphere.
    """
    ends = ", at both ends: w and −w are one neuron" if neurons.lines else ""
    in_space = (
        f"Directions of the projections of wⱼ on the teacher's space{ends}. Drag to turn. "
        if certified
        else "Projections of wⱼ/‖wⱼ‖ on the teacher's space: on the sphere when the row lies in it. Drag to turn. "
    )
    seen = "w and −w are one neuron and lie in the upper half. " if neurons.half_plane else ""
    told = {
        2: f"Projections of wⱼ/‖wⱼ‖ on the teacher's plane: on the circle when the row lies in the plane. {seen}",
        3: in_space,
    }.get(
        neurons.rank, "Angle to the nearest teacher line against mass; left of the dotted line a neuron has vanished. "
    )
    many = neurons.mass.shape[1]
    only = f" Of {many} neurons, the {most} heaviest." if many > most else ""
    of = "" if polynomial is None else f" The target is the polynomial {polynomial}: teacher k is its direction of xₖ."
    return f"{told}The area of a dot is its mass |aⱼ|‖wⱼ‖, its colour the nearest teacher.{of}{only}"
