"""The λ-path in the page of a run: atoms against λ; the neurons on top are those that the page has anyway.

In a plane it is computed while the page is written, which takes less than a second; in more dimensions it is what the
run has recorded, so that a page is never waited for.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from featlearn.theory.path import LOCATED_WITHIN
from featlearn.views.data.path import PathView, read_path
from featlearn.views.data.run import RunData
from featlearn.views.report.page import packed

_KINDS = {"born": "an atom is born", "split": "an atom splits", "gone": "an atom vanishes", "merged": "atoms merge"}


def path_payload(data: RunData, view: PathView) -> dict[str, Any]:
    """What path.js draws; ``decays`` has λ at each snapshot."""
    assert data.neurons is not None
    by_step = dict(zip(view.steps.tolist(), view.neurons.weight_decay.tolist(), strict=True))
    return {
        "plane": view.plane,
        "turn": view.turn,
        "decays": packed(np.array([by_step.get(step, np.nan) for step in data.neurons.steps.tolist()]), "f8"),
        "weight_decay": packed(view.atoms.weight_decay, "f8"),
        "height": packed(view.atoms.height, "f4"),
        "mass": packed(view.atoms.mass, "f4"),
        "teacher": view.atoms.teacher.tolist(),
        "certified": view.certified.tolist(),
        "branches": view.branches.tolist(),
        "marks": [
            {"weight_decay": float(np.sqrt(mark.above * mark.below)), "height": mark.height, "text": _KINDS[mark.kind]}
            for mark in view.marks
        ],
        "teachers": view.teachers.tolist(),
    }


def path_text(view: PathView) -> str:
    """How to read the chart."""
    what = "their directions in the teacher's plane" if view.plane else "their angles to the nearest teacher line"
    atoms = (
        "the atoms of the best network at each λ"
        if view.located
        else "the atoms of the best network at each λ of the run"
    )
    where = f"within {LOCATED_WITHIN:.1%} of λ" if view.located else "between two λ of the run"
    marks = f" Triangles: where atoms come or go, {where}." if view.marks else ""
    unsure = " Squares in grey: optima that are not certified." if not view.certified.all() else ""
    return (
        f"The λ-path: {atoms} (open circles, the area is the mass), by {what}, and the network's neurons at the λ of "
        "this time (filled). λ falls to the right, as it does while a run goes on; the line is at the λ of this time."
        f"{marks}{unsure}"
    )


def path_of(data: RunData) -> tuple[dict[str, Any] | None, str]:
    """The payload and the text; None and no words where a run has no path. Raises RunError as ``read_path`` does."""
    view = read_path(data)
    return (None, "") if view is None else (path_payload(data, view), path_text(view))
