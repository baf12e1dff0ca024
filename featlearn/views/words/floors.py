"""What predictors that are linear in features of the start can reach at best, in words."""

from __future__ import annotations

from featlearn.runs.records import FloorsRecord
from featlearn.views.words.numbers import number


def floors_in_brief(floors: FloorsRecord | None) -> str | None:
    """The least losses of both predictors beside ‖f*‖²; None where they are not known."""
    if floors is None or not floors.target:
        return None
    told = [
        f"{name} {number(floor, 3)} ({floor / floors.target:.0%}{' of ‖f*‖²' if first else ''})"
        for first, name, floor in ((True, "random features", floors.random_features), (False, "NTK", floors.ntk))
        if floor is not None
    ]
    return f"floors: {', '.join(told)}" if told else None
