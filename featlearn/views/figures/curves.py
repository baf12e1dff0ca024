"""Losses, objective, gap and weight decay of a run against its steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator

from featlearn.runs.metrics import Table
from featlearn.views.data.events import events_of
from featlearn.views.data.run import RunData, StageSpan
from featlearn.views.data.run_tables import curves_table, of_theory
from featlearn.views.data.theory import Theory
from featlearn.views.figures.axes import behind, legend_above, line, log_if_positive, step_axis
from featlearn.views.figures.captions import curves_caption
from featlearn.views.figures.drawing import Artists, Drawing
from featlearn.views.figures.event_marks import key_of_events, mark_events
from featlearn.views.figures.stages import name_stages, shade_stages, unfinished
from featlearn.views.figures.style import Size, blank
from featlearn.views.words.labels import label_of, losses_in_brief
from featlearn.views.words.palette import AMBER, BLUE, FAINT, GREEN, INK, ORANGE, PURPLE

_MARKED = ("atom gained", "atom lost", "left", "found", "overfitting")  # kinds of events that show in curves
# colours and dashes
_LOOKS = {"loss": (BLUE, "-"), "train_loss": (PURPLE, "-."), "test_loss": (AMBER, ":"), "objective": (ORANGE, "--")}


def curves_figure(data: RunData, size: Size, theory: Theory | None = None) -> Drawing:
    """The figure of a run's curves, before those of a theory."""
    table = curves_table(data, theory)
    with_gap = bool(np.any(table["gap"] > 0))
    figure = blank(size, 0.95 if with_gap else 0.75)
    upper, *between, lower = figure.subplots(2 + with_gap, 1, height_ratios=[3, 2, 1] if with_gap else [3, 1])
    artists = _draw(upper, lower, table, data.stages, *between)
    events = [event for event in events_of(data) if event.kind in _MARKED]
    artists |= mark_events(between[0] if between else lower, [upper], events)
    of = f"{'loss, objective and gap' if with_gap else 'loss and objective'} of the population" if data.sampled else ""
    name_stages(figure, data.stages, size, "\n".join(filter(None, (of, key_of_events(events, size), unfinished(data)))))
    caption = curves_caption(data, [name for name in _LOOKS if name in artists], events, theory, gap=with_gap)
    return Drawing("curves", figure, table, artists, {}, caption, f"curves – {data.name}")


def _draw(upper: Axes, lower: Axes, table: Table, stages: Sequence[StageSpan], gap: Axes | None = None) -> Artists:
    """Losses and objective above, weight decay below; between them the gap, which spans many more decades."""
    steps = table["step"]
    artists: Artists = {}
    shown = {name: style for name, style in _LOOKS.items() if name in table and np.any(table[name] > 0)}
    for name, (colour, dashes) in shown.items():
        artists[name] = line(upper, steps, table[name], label_of(name).mathtext, colour, ls=dashes)
    apart = [name for name in shown if name != "objective" or np.any(table["weight_decay"] > 0)]
    artists |= behind(upper, table, {name: shown[name][0] for name in apart})
    artists["weight_decay"] = line(
        lower, steps, table["weight_decay"], label_of("weight_decay").mathtext, INK, drawstyle="steps-pre"
    )
    panels = [upper, lower]
    if gap is not None:
        panels.insert(1, gap)
        thin = 0.8 * rcParams["lines.linewidth"]
        artists["gap"] = line(gap, steps, table["gap"], label_of("gap").mathtext, GREEN, lw=thin)
        gap.set_ylabel("gap")
    for number, ax in enumerate(panels):
        step_axis(ax, steps)
        shade_stages(ax, stages, numbered=number == 0)
        if ax is not lower:
            ax.tick_params(labelbottom=False)
            ax.set_xlabel("")
    log_if_positive(upper, *(table[name] for name in (*shown, *map(of_theory, shown)) if name in table))
    if gap is not None:
        log_if_positive(gap, table["gap"], ticks=4)
    decays = np.unique(table["weight_decay"][np.isfinite(table["weight_decay"])])
    if not log_if_positive(lower, table["weight_decay"], ticks=3):
        lower.set_ylim(-0.5, 0.5)
        lower.yaxis.set_major_locator(FixedLocator([0]))
    elif len(decays) == 1:
        lower.yaxis.set_major_locator(FixedLocator(decays.tolist()))
    lower.set_ylabel("λ")
    upper.set_ylabel(losses_in_brief(list(shown)))
    if shown:
        legend_above(upper, numbered=True)
    else:
        upper.text(0.5, 0.5, "no finite loss was logged", transform=upper.transAxes, ha="center", color=FAINT)
    return artists
