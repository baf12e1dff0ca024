"""Angles to the teacher's lines and shares of the mass of a run against its steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MultipleLocator

from featlearn.runs.metrics import Table
from featlearn.theory.alignment import ALIGNED_WITHIN
from featlearn.views.data.run import RunData, StageSpan
from featlearn.views.data.run_tables import QUANTILE_BANDS, alignment_table, quantile_shares
from featlearn.views.data.theory import Theory
from featlearn.views.figures.axes import behind, legend_above, line, log_if_positive, name_aligned, step_axis
from featlearn.views.figures.captions import alignment_caption
from featlearn.views.figures.drawing import Artists, Drawing
from featlearn.views.figures.stages import name_stages, shade_stages, unfinished
from featlearn.views.figures.style import Size, blank
from featlearn.views.words.palette import BLUE, GREEN, GREY, ORANGE


def alignment_figure(data: RunData, size: Size, theory: Theory | None = None) -> Drawing:
    """The figure of a run's alignment, before that of a theory."""
    figure, table = blank(size, 0.95), alignment_table(data, theory)
    upper, lower = figure.subplots(2, 1, height_ratios=[3, 2])
    artists = _draw(upper, lower, table, data.stages, data.teachers)
    name_stages(figure, data.stages, size, unfinished(data))
    return Drawing("alignment", figure, table, artists, {}, alignment_caption(data, theory), f"alignment – {data.name}")


def _draw(upper: Axes, lower: Axes, table: Table, stages: Sequence[StageSpan], teachers: int) -> Artists:
    """Quantiles of the angles above, shares below: first layer in S*, aligned mass, teachers recovered."""
    steps = table["step"]
    artists: Artists = {}
    at = np.isfinite(table["angle_median"])
    if np.any(at):
        for low, high, opacity in QUANTILE_BANDS:
            shares = f"{quantile_shares(low, high)} of the mass"
            artists[low] = upper.fill_between(
                steps[at], table[low][at], table[high][at], color=BLUE, alpha=opacity, lw=0, label=shares
            )
        artists["angle_median"] = line(upper, steps, table["angle_median"], "median of the mass", BLUE)
    if _has_values(table, "max_angle"):
        artists["max_angle"] = line(upper, steps, table["max_angle"], "largest, of the living", ORANGE, ls="--")
    artists |= behind(upper, table, {"max_angle": ORANGE})
    upper.axhline(ALIGNED_WITHIN, color=GREY, lw=0.6, ls=":")
    name_aligned(upper)

    artists["subspace"] = line(lower, steps, table["subspace"], "first layer in $S^*$", GREEN, ls=":")
    if _has_values(table, "recovered"):
        found = table["recovered"] / teachers
        artists["aligned_mass"] = line(lower, steps, table["aligned_mass"], f"mass within {ALIGNED_WITHIN:g}°", BLUE)
        artists["recovered"] = line(
            lower, steps, found, f"recovered, of {teachers}", ORANGE, ls="--", drawstyle="steps-post"
        )
    artists |= behind(lower, table, {"subspace": GREEN, "aligned_mass": BLUE})
    for ax in (upper, lower):
        step_axis(ax, steps)
    angles = [table[name] for name in ("angle_q05", "angle_q95", "max_angle")]
    log_if_positive(upper, *angles, np.array([ALIGNED_WITHIN]))
    lower.set_ylim(-0.04, 1.04)
    lower.yaxis.set_major_locator(MultipleLocator(0.5))
    lower.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:.0f} %"))
    shade_stages(upper, stages, numbered=True)
    shade_stages(lower, stages)
    upper.tick_params(labelbottom=False)
    upper.set_xlabel("")
    upper.set_ylabel("angle δⱼ (degrees)")
    lower.set_ylabel("share")
    legend_above(upper, numbered=True)
    legend_above(lower)
    return artists


def _has_values(table: Table, name: str) -> bool:
    """Whether a column applies: what takes teacher neurons has no values for a polynomial target."""
    return bool(np.isfinite(table[name]).any())
