"""The loss on the plateau and the time on it, from flows that start near zero.

The loss here is 2 ε_g, so that a time of the flow of the loss is half of one of the flow of ε_g.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import Measured, largest_of, median_of, proportion_of
from featlearn.claims.records import Panel, Series
from featlearn.runs.metrics import Table, load_metrics

_WIDTH, _SIZE = "teacher.width", "student.init.first_layer_std"
SMALL = 1e-4  # starts of this size and below come near the plateau
_BEGUN = 3.0  # before this time starts near zero still have a small gradient


@dataclass(frozen=True)
class Rest:
    """What a run did on the plateau: K, the size of its start, the loss where its gradient was least, when it left."""

    width: int
    size: float
    loss: float
    left: float
    specialised: bool


def loss_of(width: int) -> float:
    """The loss on the plateau, 2 ε_g."""
    return float(2 * width / np.pi * (np.pi / 6 - width * np.arcsin(1 / (2 * width))))


def rate_of(width: int) -> float:
    """The rate at which deviations grow there, in the time of the flow of the loss."""
    return float(4 * width / np.pi / (np.sqrt(2 * width - 1) * (2 * width + 1) ** 1.5))


def rest(width: int, size: float, rows: Table) -> Rest:
    """Where a run rested, from its rows; it leaves when the loss is half of that on the plateau."""
    time, loss, gradient = (rows[name].astype(float) for name in ("step", "loss", "grad_norm"))
    wanted = loss_of(width) / 2
    below = np.flatnonzero(loss < wanted)
    if not len(below):
        return Rest(width, size, np.inf, np.inf, False)
    i = int(below[0])
    share = np.log(loss[i - 1] / wanted) / np.log(loss[i - 1] / loss[i])
    on = np.flatnonzero((time > _BEGUN) & (time < time[i]))
    at = on[np.argmin(gradient[on])] if len(on) else i
    left = time[i - 1] + share * (time[i] - time[i - 1])
    return Rest(width, size, float(loss[at]), float(left), bool(rows["recovered"][-1] == width))


def measure(evidence: Evidence) -> Findings:
    return judged(rests(evidence))


def rests(evidence: Evidence) -> list[Rest]:
    """The rests of all runs; one that failed never left."""
    found = []
    for full, _ in evidence.runs("flow"):
        width, size = int(full.values[_WIDTH]), float(full.values[_SIZE])
        failed = Rest(width, size, np.inf, np.inf, False)
        found.append(rest(width, size, load_metrics(full.run.path)) if full.status == "done" else failed)
    return found


def judged(found: list[Rest]) -> Findings:
    widths = sorted({one.width for one in found})
    growth = {k: _growth([one for one in found if one.width == k]) for k in widths}
    heights = [abs(one.loss / loss_of(one.width) - 1) for one in found if one.size <= SMALL]
    largest = [abs(one.loss / loss_of(one.width) - 1) for one in found if one.size > SMALL]
    sizes = sorted({one.size for one in found})
    return Findings(
        {
            "height": largest_of(heights),
            "rate": max(growth.values(), key=lambda m: abs(m.value - 1)),
            "specialised": proportion_of([one.specialised for one in found]),
        },
        [
            *(
                f"K = {k}: plateau at {loss_of(k):.5f}, left at the rate {1 / m.value:.3f} of the law"
                for k, m in growth.items()
            ),
            f"starts of size {sizes[-1]:g} come within {max(largest):.1g} of the plateau's loss",
        ],
        Panel(
            "size of the start",
            "time to half of the loss on the plateau",
            [_curve(f"K = {k}", [one for one in found if one.width == k]) for k in widths],
            log_x=True,
        ),
    )


def _by_size(runs: list[Rest]) -> tuple[np.ndarray, np.ndarray]:
    """The sizes, falling, and (sizes, seeds): when the runs left."""
    sizes = np.array(sorted({one.size for one in runs}, reverse=True))
    return sizes, np.array([[one.left for one in runs if one.size == size] for size in sizes])


def _growth(runs: list[Rest]) -> Measured:
    """The time that each factor e of the start takes, times the rate, between neighbouring sizes of small starts."""
    sizes, left = _by_size(runs)
    with np.errstate(invalid="ignore"):
        each = np.diff(left, axis=0) / np.log(sizes[:-1] / sizes[1:])[:, None]
    return median_of(each[sizes[:-1] <= SMALL] * rate_of(runs[0].width))


def _curve(name: str, runs: list[Rest]) -> Series:
    sizes, left = _by_size(runs)
    found = [median_of(times) for times in left]
    return Series(name, sizes.tolist(), [m.value for m in found], [m.low for m in found], [m.high for m in found])
