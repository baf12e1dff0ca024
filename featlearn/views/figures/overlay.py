"""Columns of the logs of several runs in one figure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from featlearn.runs.metrics import Table, with_values
from featlearn.storage.errors import WrongChoice
from featlearn.views.data.comparison import shared_stages
from featlearn.views.data.run import RunData
from featlearn.views.data.run_names import label_runs
from featlearn.views.figures.axes import FEW, log_if_positive, look_of, step_axis
from featlearn.views.figures.captions import overlay_caption
from featlearn.views.figures.drawing import Artists, Drawing
from featlearn.views.figures.stages import name_stages, shade_stages
from featlearn.views.figures.style import Size, blank, style
from featlearn.views.words.labels import LOSSES, label_of, plain
from featlearn.views.words.values import clipped

_MARKED = 6  # points of a line that get a marker, so that lines are told apart in grey


def choose_overlay(runs: Sequence[RunData], metrics: Sequence[str]) -> tuple[list[RunData], list[str], list[str]]:
    """The runs that have a value of some metric, the metrics that some run has, and lines on what is left out and why.

    Raises:
        WrongChoice: when no run has a value of any metric.
    """
    held = [with_values(data.metrics, metrics) for data in runs]
    names, wanted = label_runs(runs), " or ".join(metrics)
    shown = [metric for metric in metrics if any(metric in some for some in held)]
    if not shown:
        raise WrongChoice(f"none of the runs has a value of {wanted}; choose others with --metric")
    lines = [f"left out: {metric}, of which no run has a value" for metric in metrics if metric not in shown]
    for name, data, some in zip(names, runs, held, strict=True):
        if not some:
            others = ", ".join(with_values(data.metrics, LOSSES)) or "no loss"
            lines.append(f"left out: {name}, which has no value of {wanted} (it has {others})")
    return [data for data, some in zip(runs, held, strict=True) if some], shown, lines


def overlay_figure(runs: Sequence[RunData], metrics: Sequence[str], size: Size) -> Drawing:
    """Columns of several runs in one figure, one under the other; the stages where all runs have the same."""
    names = label_runs(runs)
    shown = clipped(names, 60)
    with style(size):
        figure = blank(size, 0.2 + 0.06 * len(runs) + 0.45 * len(metrics))
        axes = np.atleast_1d(figure.subplots(len(metrics), 1))
        artists: Artists = {}
        for ax, metric in zip(axes, metrics, strict=True):
            for number, (name, data) in enumerate(zip(names, runs, strict=True)):
                artists |= _line(ax, metric, name, plain(shown[number]), data, number)
            _scale(ax, metric, runs)
        _share_stages(list(axes), runs, size)
        for ax in axes[:-1]:
            ax.tick_params(labelbottom=False)
            ax.set_xlabel("")
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower left", ncols=1 if size.width < 5 else 2)
    named = list(zip(names, (data.metrics for data in runs), strict=True))
    table: Table = {"run": np.concatenate([[name] * len(m["step"]) for name, m in named])}
    table |= {name: np.concatenate([m[name] for _, m in named]) for name in ("step", "stage", *metrics)}
    caption = overlay_caption(runs, names, metrics)
    return Drawing(
        "overlay", figure, table, artists, caption=caption, title=f"{', '.join(metrics)} of {len(runs)} runs"
    )


def _line(ax: Axes, column: str, name: str, text: str, data: RunData, number: int) -> Artists:
    """One metrics column of a run; a cross where it ended without being done."""
    steps, values = data.metrics["step"], data.metrics[column].astype(float)
    finite = np.isfinite(values)
    x, y = steps[finite], values[finite]
    look = look_of(number)
    done = data.info.status == "done"
    label = text if done else f"{text} ({data.info.status}: ✕)"
    every = 1 if len(x) <= FEW else (number * len(x) // (_MARKED * 7), max(1, len(x) // _MARKED))
    [line] = ax.plot(x, y, label=label, markevery=every, **look)
    artists: Artists = {f"{column} {name}": line}
    if not done and len(x):
        [cross] = ax.plot(x[-1:], y[-1:], "x", color=look["color"], ms=7, mew=1.5, clip_on=False, zorder=5)
        artists[f"{column} {name} ended"] = cross
    return artists


def _scale(ax: Axes, column: str, runs: Sequence[RunData]) -> None:
    step_axis(ax, max((data.metrics["step"] for data in runs), key=lambda steps: steps[-1]))
    if label_of(column).log:
        log_if_positive(ax, *(data.metrics[column].astype(float) for data in runs))
    ax.set_ylabel(label_of(column).mathtext)


def _share_stages(axes: Sequence[Axes], runs: Sequence[RunData], size: Size) -> None:
    """The bands of the stages, where those of every run have the same names and begin at the same steps."""
    if not (stages := shared_stages(runs)):
        return
    for number, ax in enumerate(axes):
        shade_stages(ax, stages, numbered=number == 0)
    name_stages(axes[0].figure, stages, size)  # type: ignore[arg-type]
