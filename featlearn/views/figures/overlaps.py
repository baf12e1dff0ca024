"""How near the neurons of a run are to each of the teacher's directions, against its steps and two by two."""

from __future__ import annotations

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, SymLogNorm
from matplotlib.ticker import MaxNLocator, MultipleLocator

from featlearn.runs.metrics import Table
from featlearn.views.data.run import RunData
from featlearn.views.data.run_tables import (
    SAMPLES_PER_DIMENSION,
    cosines_table,
    overlaps_table,
    samples_per_dimension,
)
from featlearn.views.data.trained import Trained
from featlearn.views.figures.axes import legend_above, line, log_if_positive, marked_line, step_axis
from featlearn.views.figures.captions import cosines_caption, overlaps_caption
from featlearn.views.figures.drawing import Artists, Drawing
from featlearn.views.figures.stages import name_stages, shade_spans, unfinished
from featlearn.views.figures.style import Size, blank
from featlearn.views.figures.ticks import ROUND, PowersOfTen
from featlearn.views.words.labels import label_of
from featlearn.views.words.palette import COLOURS, GREY, INK, SCALE

_SMALL = 0.1  # overlaps that begin below this have a logarithmic axis
_TIME = LinearSegmentedColormap.from_list("time", SCALE[-2::-1])  # from light to dark


def overlaps_figure(data: RunData, trained: Trained, size: Size, *, by_samples: bool = False) -> Drawing:
    """The largest |cos| of a living neuron with each direction, against the step.

    Or of online data against the samples seen for each dimension; raises RunError for other data.
    """
    table, count, name = overlaps_table(data, trained), len(trained.snapshots.teacher_first_layer), "overlaps"
    if by_samples:
        table[SAMPLES_PER_DIMENSION] = samples_per_dimension(data)
        name += f"-by-{SAMPLES_PER_DIMENSION}"
    alone = count <= len(COLOURS)
    figure = blank(size, 0.7 + 0.05 * -(-(count if alone else 3) // 3))
    artists = _draw(figure.subplots(), table, data, count, alone=alone)
    name_stages(figure, data.stages, size, unfinished(data))
    caption = overlaps_caption(data, count, alone=alone, by_samples=by_samples)
    return Drawing(name, figure, table, artists, {}, caption, f"overlaps – {data.name}")


def _draw(ax: Axes, table: Table, data: RunData, count: int, *, alone: bool) -> Artists:
    """A line for each direction; of many, thin ones, with the least and the mean."""
    steps = table.get(SAMPLES_PER_DIMENSION, table["step"])
    artists: Artists = {}
    for k in range(count):
        overlap = table[f"overlap_{k + 1}"]
        if alone:
            artists[f"overlap_{k + 1}"] = marked_line(ax, steps, overlap, _called(data, k), k, count)
        else:
            label = f"each of {count}" if k == 0 else ""
            thin = 0.4 * rcParams["lines.linewidth"]
            artists[f"overlap_{k + 1}"] = line(ax, steps, overlap, label, GREY, lw=thin, alpha=0.7)
    if not alone:
        artists["overlap_mean"] = line(ax, steps, table["overlap_mean"], "mean", COLOURS[0])
        artists["overlap_min"] = line(ax, steps, table["overlap_min"], "least", COLOURS[1], ls="--")
    spans = _horizontal_axis(ax, table, data)
    shown = np.concatenate([table[f"overlap_{k + 1}"] for k in range(count)])
    shown = shown[np.isfinite(shown)]
    if not (len(shown) and shown.min() < _SMALL and log_if_positive(ax, shown)):
        ax.set_ylim(-0.04, 1.04)
        ax.yaxis.set_major_locator(MultipleLocator(0.25))
    shade_spans(ax, spans, numbered=True)
    ax.set_ylabel("overlap, largest |cos|")
    legend_above(ax, numbered=True, columns=min(4, count) if alone else 3)
    return artists


def _horizontal_axis(ax: Axes, table: Table, data: RunData) -> list[tuple[float, float]]:
    """The steps, or on a linear axis samples per dimension; returns where on it the stages begin and end."""
    spans: list[tuple[float, float]] = [(stage.first, stage.last) for stage in data.stages]
    if (samples := table.get(SAMPLES_PER_DIMENSION)) is None:
        step_axis(ax, table["step"])
        return spans
    ax.set_xlabel("samples seen per dimension $t/d$")
    ax.set_xlim(0, 1.02 * max(float(samples[-1]), np.finfo(float).tiny))
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=ROUND))
    return [(a, b) for a, b in np.interp(spans, table["step"], samples).tolist()]


def _called(data: RunData, direction: int) -> str:
    """A direction of the teacher, from 0 on: a neuron, or a coordinate of a polynomial."""
    return f"$x_{{{direction + 1}}}$" if data.polynomial is not None else f"$w^*_{{{direction + 1}}}$"


def cosines_figure(data: RunData, trained: Trained, size: Size) -> Drawing:
    """The cosines of living neurons with the first two directions, coloured by the step."""
    table = cosines_table(trained)
    figure = blank(size, 0.86)
    ax = figure.subplots()
    last = max(1, int(trained.snapshots.steps[-1]))
    norm = SymLogNorm(1, linscale=0.6, vmin=0, vmax=last, base=10)
    at_end = table["step"] == trained.snapshots.steps[-1]
    artists: Artists = {}
    for name, kept, area, edge in (("neurons", ~at_end, 0.08, "none"), ("last", at_end, 0.35, INK)):
        artists[name] = dots = ax.scatter(
            table["cos_1"][kept],
            table["cos_2"][kept],
            c=table["step"][kept],
            s=area * size.dot**2,
            norm=norm,
            cmap=_TIME,
            edgecolors=edge,
            linewidths=0.06 * rcParams["font.size"],
            zorder=2 + (name == "last"),
        )
    for draw in (ax.axhline, ax.axvline):
        draw(0, color=GREY, lw=0.5 * rcParams["lines.linewidth"], ls=":", zorder=1)
    lines = trained.activation.symmetry != "none"
    ax.set_xlim(-0.05 if lines else -1.07, 1.07)
    ax.set_ylim(-1.07, 1.07)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MultipleLocator(0.5))
    ax.set_xlabel(f"cos with {_called(data, 0)}")
    ax.set_ylabel(f"cos with {_called(data, 1)}")
    bar = figure.colorbar(dots, ax=ax, label=label_of("step").words)
    bar.outline.set_visible(False)
    bar.ax.minorticks_off()
    powers = [0.0, *(10.0**k for k in range(int(np.log10(last)) + 1))]
    bar.set_ticks(powers[:1] + powers[1 :: -(-len(powers) // 7)])
    bar.ax.yaxis.set_major_formatter(PowersOfTen())
    name_stages(figure, data.stages, size, "\n".join(filter(None, ("dark edges: the last step", unfinished(data)))))
    caption = cosines_caption(data, len(np.unique(table["neuron"])), lines=lines)
    return Drawing("cosines", figure, table, artists, {}, caption, f"cosines – {data.name}")
