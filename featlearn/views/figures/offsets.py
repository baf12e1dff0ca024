"""How far from the origin the neurons of a run have their kinks, against how near they are to a teacher neuron."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes

from featlearn.theory.alignment import ALIGNED_WITHIN
from featlearn.views.data.neurons import Neurons
from featlearn.views.data.run import RunData
from featlearn.views.data.run_tables import offsets_table
from featlearn.views.figures.axes import note
from featlearn.views.figures.captions import offsets_caption
from featlearn.views.figures.drawing import Artists, Drawing
from featlearn.views.figures.neurons import living_near
from featlearn.views.figures.style import Size, blank
from featlearn.views.figures.ticks import log_ticks
from featlearn.views.words.numbers import grouped
from featlearn.views.words.palette import GREY, PAPER, colour_of, marker_of

_MOST_TEACHERS = 8  # that are named one by one


def offsets_figure(data: RunData, neurons: Neurons, size: Size) -> Drawing:
    """The offset b_j/‖w_j‖ of every living neuron at the last snapshot, against its angle δ_j."""
    named = min(len(neurons.teacher_place), _MOST_TEACHERS)
    columns = 3 if size.width > 4 else 2
    figure = blank(size, 0.7 + 1.6 * -(-named // columns) * size.font / 72 / size.width)
    table = offsets_table(data, neurons)
    artists = _draw(figure.subplots(), table, neurons, largest=size.dot)
    figure.suptitle(f"offsets at step {grouped(neurons.steps[-1])}", fontsize=size.font)
    figure.legend(loc="outside lower center", ncols=columns)
    return Drawing("offsets", figure, table, artists, {}, offsets_caption(data), f"offsets – {data.name}")


def _draw(ax: Axes, table: dict[str, np.ndarray], neurons: Neurons, *, largest: float) -> Artists:
    """Dots of the area of the mass, in the colour and shape of the nearest teacher neuron."""
    artists: Artists = {}
    angle, mass = table["angle"], table["mass"]
    least = float(angle[angle > 0].min()) if (angle > 0).any() else 1e-3
    for k in range(len(neurons.teacher_place)):
        near = table["teacher"] == k
        named = k < _MOST_TEACHERS
        label = f"$w^*_{{{k + 1}}}$: {living_near(neurons, k)}" if named else None
        area = largest**2 * np.maximum(mass[near] / max(float(mass.max(initial=0.0)), 1e-300), 1 / 16)
        dots: dict[str, Any] = {"color": colour_of(k), "marker": marker_of(k), "edgecolors": PAPER, "alpha": 0.75}
        thin = 0.06 * rcParams["font.size"]
        where = np.maximum(angle[near], least), table["offset"][near]
        artists[f"near_{k}"] = ax.scatter(*where, s=area, linewidths=thin, label=label, zorder=2, **dots)
    ax.set_xscale("log")
    ax.axhline(0, color=GREY, lw=0.6, ls=":", zorder=1)
    artists["aligned"] = ax.axvline(ALIGNED_WITHIN, color=GREY, lw=0.6, ls=":", zorder=1)
    ax.set_xlim(min(least, ALIGNED_WITHIN) / 2, 200.0)
    above = {"xycoords": ("data", "axes fraction"), "xytext": (0, 2), "ha": "center", "va": "bottom"}
    note(ax, f"{ALIGNED_WITHIN:g}°", (ALIGNED_WITHIN, 1), **above)
    log_ticks(ax.xaxis, *ax.get_xlim())
    ax.set_xlabel("angle δⱼ (degrees)")
    ax.set_ylabel("offset bⱼ/‖wⱼ‖")
    return artists
