"""``featlearn plot`` of a sweep: which kind of figure it has for each metric."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from featlearn.views.data.first_steps import with_first_steps
from featlearn.views.data.sweep import SweepData
from featlearn.views.figures.distribution import distribution_figure
from featlearn.views.figures.drawing import Drawing
from featlearn.views.figures.heat_map import heat_map_figure
from featlearn.views.figures.medians import medians_figure
from featlearn.views.figures.style import Size, style
from featlearn.views.figures.sweep_axes import HeatMap, Lines, OverSeeds, choose_axes


def sweep_figures(
    data: SweepData, metrics: Sequence[str], x: str | None, y: str | None, size: Size
) -> Iterator[Drawing]:
    """A figure for each metric: against one axis, over two, or over the seeds.

    Raises:
        WrongChoice: when there are more axes than a figure can show, no such axis, or no logs that a metric needs.
    """
    choice = choose_axes(data, x, y)
    data = with_first_steps(data, metrics)
    with style(size):
        for metric in metrics:
            match choice:
                case OverSeeds():
                    yield distribution_figure(data, metric, size)
                case Lines(across, lines):
                    yield medians_figure(data, metric, across, lines, size)
                case HeatMap(across, up):
                    yield heat_map_figure(data, metric, across, up, size)
