"""The λ-path: the atoms of the optimum against λ, with the neurons of the run."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MultipleLocator

from featlearn.theory.alignment import ALIGNED_WITHIN
from featlearn.views.data.path import LEAST_ANGLE, PathView, path_table
from featlearn.views.data.run import RunData
from featlearn.views.figures.axes import name_aligned
from featlearn.views.figures.captions import path_caption
from featlearn.views.figures.certificate_circle import name_teacher_lines
from featlearn.views.figures.drawing import Artists, Drawing
from featlearn.views.figures.style import Size, blank
from featlearn.views.figures.ticks import log_ticks
from featlearn.views.words.numbers import short_number
from featlearn.views.words.palette import FAINT, GREY, INK, PAPER, colour_of

_WIDEST, _THINNEST = 5.0, 0.8  # of the branches of the heaviest and of the lightest atoms, in widths of other lines
_MARK = {"born": "^", "split": "<", "gone": "v", "merged": ">"}
_WORDS = {"born": "atom born", "split": "atom splits", "gone": "atom vanishes", "merged": "atoms merge"}


def path_figure(data: RunData, view: PathView, size: Size) -> Drawing:
    """Angles of atoms and neurons against λ, which falls to the right, as it does while a run goes on."""
    figure = blank(size, 0.95)
    ax = figure.subplots()
    artists = _on_axes(ax, view, largest=size.dot)
    figure.legend(handles=_legend(view), loc="outside lower center", ncols=2 if size.width < 4 else 3)
    table, caption = path_table(view), path_caption(data, view)
    return Drawing("path", figure, table, artists, caption=caption, title=f"λ-path – {data.name}")


def _on_axes(ax: Axes, view: PathView, *, largest: float) -> Artists:
    artists: Artists = {}
    decays = np.concatenate([view.atoms.weight_decay, view.neurons.weight_decay])
    low, high = float(decays.min()) / 1.3, float(decays.max()) * 1.3
    ax.set_xscale("log")
    ax.set_xlim(high, low)
    log_ticks(ax.xaxis, low, high)
    ax.set_xlabel("weight decay λ (falls to the right)")
    if view.plane:
        ax.set_ylim(0, view.turn)
        ax.yaxis.set_major_locator(MultipleLocator(view.turn / 4))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}°"))
        ax.set_ylabel("direction in the teacher's plane")
        artists |= name_teacher_lines(ax, view.teachers, view.turn, across=False)
    else:
        heights = np.concatenate([_shown(view, view.atoms.height), _shown(view, view.neurons.height)])
        ax.set_yscale("log")
        limits = 0.7 * float(heights.min()), 1.4 * max(float(heights.max()), ALIGNED_WITHIN)
        ax.set_ylim(*limits)
        log_ticks(ax.yaxis, *limits)
        ax.axhline(ALIGNED_WITHIN, color=GREY, lw=0.6, ls=":")
        name_aligned(ax)
        ax.set_ylabel("angle to the nearest teacher line (degrees)")
    artists |= _neurons(ax, view, largest)
    artists |= _atoms(ax, view, largest)
    for i, mark in enumerate(view.marks):
        at = float(np.sqrt(mark.above * mark.below)), _shown(view, np.array(mark.height))
        width = 0.5 * rcParams["lines.linewidth"]
        artists[f"change_{i}"] = ax.axvline(at[0], color=FAINT, lw=width, ls=(0, (5, 3)), zorder=1)
        ax.plot(*at, marker=_MARK[mark.kind], ms=0.55 * largest, color=INK, mec=PAPER, mew=0.6, ls="none", zorder=6)
    return artists


def _shown(view: PathView, heights: np.ndarray) -> np.ndarray:
    """Heights as the axis shows them: those of a logarithmic one are above 0."""
    return heights if view.plane else np.maximum(np.nan_to_num(heights, nan=90.0), LEAST_ANGLE)


def _neurons(ax: Axes, view: PathView, largest: float) -> Artists:
    """Every living neuron at every snapshot, faint, and with a dark edge at the last snapshot of each λ."""
    dots = view.neurons
    if not len(dots.mass):
        return {}
    area = np.maximum(largest**2 * dots.mass / dots.mass.max(), (largest / 5) ** 2)
    found: Artists = {}
    for name, chosen in (("neurons", ~view.latest), ("neurons_latest", view.latest)):
        faces = [to_rgba(colour_of(k), 0.75 if name == "neurons_latest" else 0.15) for k in dots.teacher[chosen]]
        edges = INK if name == "neurons_latest" else "none"
        place = dots.weight_decay[chosen], _shown(view, dots.height[chosen])
        found[name] = ax.scatter(
            *place, s=area[chosen], facecolors=faces, edgecolors=edges, linewidths=0.3, zorder=4 if edges == INK else 2
        )
    return found


def _atoms(ax: Axes, view: PathView, largest: float) -> Artists:
    """Branches as wide as their masses; where they cannot be followed, rings. What is not certified is dotted grey."""
    atoms, mass = view.atoms, np.abs(view.atoms.mass)
    if not len(mass):
        return {}
    share = mass / mass.max()
    height = _shown(view, atoms.height)
    pieces, widths, colours, dashes = [], [], [], []
    for i, j in view.branches.tolist():
        if view.plane and abs(height[i] - height[j]) > view.turn / 2:  # through the fold
            continue
        pieces.append([(atoms.weight_decay[n], height[n]) for n in (i, j)])
        widths.append((_THINNEST + (_WIDEST - _THINNEST) * (share[i] + share[j]) / 2) * rcParams["lines.linewidth"])
        sure = bool(view.certified[i] and view.certified[j])
        colours.append(to_rgba(colour_of(atoms.teacher[j]), 0.6) if sure else to_rgba(GREY))
        dashes.append("-" if sure else ":")
    found: Artists = {}
    if pieces:
        lines = LineCollection(pieces, linewidths=widths, colors=colours, linestyles=dashes, zorder=3)
        found["branches"] = ax.add_collection(lines)
    if not view.located:
        area = np.maximum(largest**2 * share, (largest / 4) ** 2)
        edges = [colour_of(k) if sure else GREY for k, sure in zip(atoms.teacher, view.certified, strict=True)]
        looks: dict[str, Any] = {"facecolors": "none", "linewidths": rcParams["lines.linewidth"], "zorder": 5}
        for name, sure, marker in (("atoms", True, "o"), ("uncertified", False, "s")):
            own = view.certified == sure
            if own.any():
                edge = [edges[n] for n in np.flatnonzero(own)]
                place = atoms.weight_decay[own], height[own]
                found[name] = ax.scatter(*place, s=area[own], edgecolors=edge, marker=marker, **looks)
    return found


def _legend(view: PathView) -> list[Line2D]:
    """What there is in the figure."""
    heaviest = short_number(float(np.abs(view.atoms.mass).max(initial=0)))
    dot: dict[str, Any] = {"ls": "none", "color": GREY, "marker": "o"}
    if view.located:
        wide = 0.6 * _WIDEST * rcParams["lines.linewidth"]
        handles = [Line2D([], [], color=GREY, lw=wide, alpha=0.6, label=f"atom of the optimum (≤ {heaviest})")]
        if not view.certified.all():
            handles.append(Line2D([], [], color=GREY, ls=":", label="not certified"))
    else:
        handles = [Line2D([], [], mfc="none", ms=5, label=f"atom of the optimum (≤ {heaviest})", **dot)]
        if not view.certified.all():
            handles.append(Line2D([], [], mfc="none", ms=5, label="not certified", **(dot | {"marker": "s"})))
    if len(view.neurons.mass):
        handles.append(Line2D([], [], ms=4, mec=INK, mew=0.3, label="neuron, last at that λ", **dot))
        handles.append(Line2D([], [], ms=4, alpha=0.3, label="neuron before", **dot))
    for kind in dict.fromkeys(mark.kind for mark in view.marks):
        handles.append(Line2D([], [], ls="none", marker=_MARK[kind], ms=4, color=INK, label=_WORDS[kind]))
    return handles
