"""Events of a run in its figures: dotted lines with letters, and what these mean."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib import rcParams
from matplotlib.axes import Axes

from featlearn.views.data.event import Event
from featlearn.views.figures.drawing import Artists
from featlearn.views.figures.stages import in_lines
from featlearn.views.figures.style import Size
from featlearn.views.words.latex import in_signs
from featlearn.views.words.palette import FAINT

_APART = 0.025  # of the width of the axes: letters nearer than that would touch
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def mark_events(lettered: Axes, others: Sequence[Axes], events: Sequence[Event]) -> Artists:
    """A dotted line at each event, through all axes, and its letter above those that are to have letters."""
    artists: Artists = {}
    to_axes, right = lettered.transScale + lettered.transLimits, -1.0
    for letter, event in zip(LETTERS, events, strict=False):
        for ax in (lettered, *others):
            ax.axvline(event.step, color=FAINT, lw=0.5 * rcParams["lines.linewidth"], ls=":", zorder=1)
        right = max(float(to_axes.transform((event.step, 1.0))[0]), right + _APART)
        small = {"fontsize": 0.85 * rcParams["font.size"], "color": FAINT}
        artists[f"event_{letter}"] = lettered.text(
            right, 1.0, letter, transform=lettered.transAxes, ha="center", va="bottom", **small
        )
    return artists


def key_of_events(events: Sequence[Event], size: Size) -> str:
    """What the letters mean, above a figure."""
    return in_lines([f"{letter} {in_signs(event.mark)}" for letter, event in zip(LETTERS, events, strict=False)], size)
