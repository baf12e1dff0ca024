"""Columns of the logs of several runs in one figure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from featlearn.runs.metrics import Table
from featlearn.views.data.run import RunData
from featlearn.views.data.run_names import label_runs
from featlearn.views.figures.axes import DASHES, line, log_if_positive, step_axis
from featlearn.views.figures.drawing import Artists, Drawing
from featlearn.views.figures.style import Size, blank, style
from featlearn.views.words.labels import label_of, plain
from featlearn.views.words.palette import COLOURS, colour_of
from featlearn.views.words.values import clipped


def overlay_figure(runs: Sequence[RunData], metrics: Sequence[str], size: Size) -> Drawing:
    """Columns of several runs in one figure, one under the other."""
    named = list(zip(label_runs(runs), (data.metrics for data in runs), strict=True))
    with style(size):
        figure = blank(size, 0.2 + 0.45 * len(metrics))
        axes = np.atleast_1d(figure.subplots(len(metrics), 1))
        artists: Artists = {}
        for ax, metric in zip(axes, metrics, strict=True):
            for name, artist in _draw(ax, metric, named).items():
                artists[f"{metric} {name}"] = artist
        for ax in axes[:-1]:
            ax.tick_params(labelbottom=False)
            ax.set_xlabel("")
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=1 if size.width < 5 else 2)
    table: Table = {"run": np.concatenate([[name] * len(m["step"]) for name, m in named])}
    table |= {name: np.concatenate([m[name] for _, m in named]) for name in ("step", "stage", *metrics)}
    return Drawing("overlay", figure, table, artists, {})


def _draw(ax: Axes, column: str, runs: Sequence[tuple[str, Table]]) -> Artists:
    """One metrics column of several runs."""
    artists: Artists = {}
    shown = clipped([name for name, _ in runs], 60)
    for i, (name, metrics) in enumerate(runs):
        dashes = DASHES[i // len(COLOURS) % 4]
        artists[name] = line(
            ax, metrics["step"], metrics[column].astype(float), plain(shown[i]), colour_of(i), ls=dashes
        )
    longest = max((metrics["step"] for _, metrics in runs), key=lambda steps: steps[-1])
    step_axis(ax, longest)
    if label_of(column).log:
        log_if_positive(ax, *(metrics[column].astype(float) for _, metrics in runs))
    ax.set_ylabel(label_of(column).mathtext)
    return artists
