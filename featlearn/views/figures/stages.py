"""The stages of a run in its figures: bands, numbers, and what these mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from featlearn.views.data.run import RunData, StageSpan
from featlearn.views.figures.style import Size
from featlearn.views.words.labels import plain
from featlearn.views.words.palette import FAINT, SHADE


def shade_stages(ax: Axes, stages: Sequence[StageSpan], *, numbered: bool = False) -> list[Artist]:
    """A band for every other stage, and above the axes the number of each."""
    return shade_spans(ax, [(stage.first, stage.last) for stage in stages], numbered=numbered)


def shade_spans(ax: Axes, spans: Sequence[tuple[float, float]], *, numbered: bool = False) -> list[Artist]:
    """The same for stages that begin and end at some places of the horizontal axis."""
    artists: list[Artist] = []
    for number, span in enumerate(spans, start=1):
        if number % 2 == 0:
            artists.append(ax.axvspan(*span, color=SHADE, lw=0, zorder=0))
    if numbered and len(spans) > 1:
        artists += _stage_numbers(ax, spans)
    return artists


def _stage_numbers(ax: Axes, spans: Sequence[tuple[float, float]]) -> list[Artist]:
    """Numbers above the middles of the bands; those that would touch the one before are left out."""
    artists: list[Artist] = []
    right = -np.inf
    to_axes = ax.transScale + ax.transLimits
    for number, (first, last) in enumerate(spans, start=1):
        begin, end = to_axes.transform([(first, 1.0), (last, 1.0)])[:, 0]
        middle = float(np.clip((begin + end) / 2, 0, 1))
        if middle - right > 0.04:
            label = ax.text(middle, 1.0, str(number), transform=ax.transAxes, ha="center", va="bottom", color=FAINT)
            artists.append(label)
            right = middle
    return artists


def unfinished(data: RunData) -> str:
    """Where a run stands that is not done."""
    return "" if data.info.status == "done" else f"{data.info.status} at step {data.metrics['step'][-1]}"


def name_stages(figure: Figure, stages: Sequence[StageSpan], size: Size, more: str = "") -> None:
    """What the numbers of the stages mean, above the figure, and a line more."""
    key = "\n".join(filter(None, (_key(stages, size), more)))
    figure.suptitle(key, fontsize=0.85 * size.font, color=FAINT)


def _key(stages: Sequence[StageSpan], size: Size) -> str:
    """Numbers and names of the stages."""
    if len(stages) == 1:
        return f"stage: {plain(stages[0].name, 40)}"
    return in_lines([f"{number} {plain(stage.name, 40)}" for number, stage in enumerate(stages, start=1)], size)


def in_lines(entries: Sequence[str], size: Size) -> str:
    """Entries in lines that are no wider than a figure, three at most."""
    width = int(size.width * 72 / (0.85 * size.font * 0.6))  # in characters
    lines = [""]
    for entry in entries:
        if lines[-1] and len(lines[-1]) + len(entry) + 3 > width:
            lines.append("")
        lines[-1] += f" · {entry}" if lines[-1] else entry
    shown = lines if len(lines) <= 3 else [*lines[:3], "…"]
    return "\n".join(shown)
