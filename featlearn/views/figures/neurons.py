"""The neurons of a run at its last snapshot, with their paths."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle

from featlearn.theory.alignment import ALIGNED_WITHIN
from featlearn.views.data.neurons import LEAP, Neurons, folded
from featlearn.views.data.run import RunData
from featlearn.views.data.run_tables import neurons_table
from featlearn.views.figures.axes import name_aligned, note
from featlearn.views.figures.captions import neurons_caption
from featlearn.views.figures.drawing import Artists, Drawing
from featlearn.views.figures.style import Size, blank
from featlearn.views.figures.ticks import log_ticks
from featlearn.views.words.numbers import grouped, short_number
from featlearn.views.words.palette import GREY, PAPER, colour_of, marker_of, text_colour

_MOST_TEACHERS = 8  # that are named one by one
_ROOM_FOR_WORD, _ROOM_FOR_DOT = 0.2, 0.03  # shares of the width of the axes
_CIRCLE = "#C8C8C8"


def neurons_figure(data: RunData, neurons: Neurons, size: Size) -> Drawing:
    """In the teacher's plane where it has one; else angle against mass."""
    handles, columns = [*_nearest(neurons), *_how_to_read(neurons)], 3 if size.width > 4 else 2
    legend = 1.6 * -(-len(handles) // columns) * size.font / 72 / size.width  # its height, in widths of the figure
    if neurons.rank == 2:
        figure = blank(size, legend + (0.64 if neurons.lines else 1.14))
        ax = figure.subplots()
        artists = in_plane(ax, neurons, largest=size.dot)
    else:
        figure = blank(size, legend + 0.7)
        ax = figure.subplots()
        artists = by_mass(ax, neurons, largest=size.dot)
    figure.suptitle(f"neurons at step {grouped(neurons.steps[-1])}", fontsize=size.font)
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)
    title = f"neurons – {data.name}"
    return Drawing(
        "neurons", figure, neurons_table(neurons), artists, caption=neurons_caption(data, neurons), title=title
    )


def _how_to_read(neurons: Neurons) -> list[Line2D]:
    """What there is in the figure."""
    dot: dict[str, Any] = {"ls": "none", "marker": "o"}
    handles = [Line2D([], [], color=GREY, ms=5, label="neuron (area: mass)", **dot)]
    if np.any(_vanished(neurons)):
        handles.append(Line2D([], [], color=GREY, ms=3, mfc="none", mew=0.6, label="vanished neuron", **dot))
    if len(neurons.steps) > 1:
        handles.append(Line2D([], [], color=GREY, lw=0.6, label="its path"))
    return handles


def _vanished(neurons: Neurons) -> np.ndarray:
    """(m,) which neurons have vanished at the last snapshot."""
    return np.asarray(np.nan_to_num(neurons.mass[-1], nan=0.0, posinf=0.0, neginf=0.0) <= neurons.alive_above)


def _nearest(neurons: Neurons) -> list[Line2D]:
    """For each teacher neuron, the colour of the students nearest to it."""
    handles = []
    for k in range(min(len(neurons.teacher_place), _MOST_TEACHERS)):
        told, marker = f"$w^*_{{{k + 1}}}$: {living_near(neurons, k)}", marker_of(k)
        handles.append(Line2D([], [], ls="none", marker=marker, ms=4, color=colour_of(k), label=told))
    return handles


def living_near(neurons: Neurons, teacher: int) -> str:
    """How many living neurons are nearest to a teacher neuron at the last snapshot, and their mass."""
    near = (neurons.teacher[-1] == teacher) & (neurons.mass[-1] > neurons.alive_above)
    count = int(np.sum(near))
    return f"{count} {'neuron' if count == 1 else 'neurons'}, mass {short_number(neurons.mass[-1][near].sum())}"


def in_plane(ax: Axes, neurons: Neurons, *, largest: float) -> Artists:
    """The last snapshot of a student of a plane teacher: a dot per neuron with its trail, a ray per teacher.

    The place of a neuron is the projection of w_j/‖w_j‖ on the teacher's plane: on the circle when the row lies in the
    plane. Lines are shown in the upper half. The area of a dot is the neuron's mass.

    Args:
        largest: diameter of the heaviest dot, in points.
    """
    place = places_in_plane(neurons)
    around = np.linspace(0, np.pi if neurons.lines else 2 * np.pi, 361)
    artists: Artists = {"circle": ax.plot(np.cos(around), np.sin(around), color=_CIRCLE, lw=0.5, zorder=0)[0]}
    if neurons.lines:
        ax.plot([-1, 1], [0, 0], color=_CIRCLE, lw=0.5, zorder=0)
    rays = folded(neurons.teacher_place) if neurons.lines else neurons.teacher_place
    for k, (x, y) in enumerate(rays):
        artists[f"ray_{k}"] = ax.plot([0, x], [0, y], color=colour_of(k), lw=1.2, zorder=1)[0]
        colour = text_colour(colour_of(k))
        ax.text(1.16 * x, 1.16 * y, f"$w^*_{{{k + 1}}}$", color=colour, ha="center", va="center")
    vanished = neurons.mass <= neurons.alive_above  # what is left of such a row leaves the plane
    artists |= _trails(ax, place, neurons, vanished[1:] | (_leaps(place) > LEAP))
    artists["neurons"] = _dots(ax, place[-1], neurons, largest)
    ax.set_aspect("equal")
    ax.set_xlim(-1.27, 1.27)
    ax.set_ylim(-0.1 if neurons.lines else -1.27, 1.27)
    ax.set_axis_off()
    return artists


def by_mass(ax: Axes, neurons: Neurons, *, largest: float) -> Artists:
    """Angle against mass, for teachers of any rank: a dot per neuron at the last snapshot, with its trail."""
    place = places_by_mass(neurons)
    artists: Artists = {}
    ax.set_xscale("log")
    ax.set_yscale("log")
    artists |= _trails(ax, place, neurons, np.zeros(_leaps(place).shape, dtype=bool))
    artists["neurons"] = _dots(ax, place[-1], neurons, largest)
    artists["alive"] = ax.axvline(neurons.alive_above, color=GREY, lw=0.6, ls=":")
    artists["aligned"] = ax.axhline(ALIGNED_WITHIN, color=GREY, lw=0.6, ls=":")
    ax.set_xlim(*_mass_limits(neurons, place[..., 0]))
    note(ax, "vanished", (neurons.alive_above, 1), xycoords=("data", "axes fraction"))
    name_aligned(ax)
    ax.set_xlabel("mass |aⱼ|‖wⱼ‖")
    ax.set_ylabel("angle δⱼ (degrees)")
    log_ticks(ax.xaxis, *ax.get_xlim())
    log_ticks(ax.yaxis, *ax.get_ylim())
    return artists


def places_by_mass(neurons: Neurons) -> np.ndarray:
    """(S, m, 2) masses and angles, as logarithmic axes show them."""
    least = neurons.least_mass
    mass = np.maximum(np.where(np.isfinite(neurons.mass), neurons.mass, least), least)
    positive = neurons.angle[np.isfinite(neurons.angle) & (neurons.angle > 0)]
    angle = np.maximum(np.nan_to_num(neurons.angle, nan=90.0), positive.min() if len(positive) else 1e-3)
    return np.stack([mass, angle], -1)


def places_in_plane(neurons: Neurons) -> np.ndarray:
    """(S, m, 2) the projections on the teacher's plane; of lines, in its upper half."""
    return folded(neurons.place) if neurons.lines else neurons.place


def _mass_limits(neurons: Neurons, mass: np.ndarray) -> tuple[float, float]:
    """From where to where masses are shown: with room for the word left of the dotted line, and for the largest dot."""
    low, line = np.log(neurons.least_mass / 2), np.log(neurons.alive_above)
    high = np.log(2 * max(float(mass.max()), neurons.teacher_mass))
    high += _ROOM_FOR_DOT * (high - low)
    low = min(low, (line - _ROOM_FOR_WORD * high) / (1 - _ROOM_FOR_WORD))
    return float(np.exp(low)), float(np.exp(high))


def _leaps(place: np.ndarray) -> np.ndarray:
    """How far each neuron moves from one snapshot to the next, (S, m, 2) → (S − 1, m): far only through the fold."""
    return np.asarray(np.linalg.norm(place[1:] - place[:-1], axis=-1))


def _trails(ax: Axes, place: np.ndarray, neurons: Neurons, jumps: np.ndarray) -> Artists:
    """The paths of the neurons (S, m, 2), without the steps (S − 1, m) that are jumps."""
    if len(place) < 2:
        return {}
    paths, colours = [], []
    for j in range(place.shape[1]):  # a piece for each stretch without a jump, and near one teacher
        cuts = np.flatnonzero(jumps[:, j] | (neurons.teacher[1:, j] != neurons.teacher[:-1, j]))
        for begin, end in zip([0, *(cuts + 1)], [*(cuts + 1), len(place)], strict=True):
            last = end if end == len(place) or jumps[end - 1, j] else end + 1  # joined to the next piece
            paths.append(place[begin:last, j])
            colours.append(to_rgba(colour_of(neurons.teacher[begin, j]), 0.4))
    thin = 0.6 * rcParams["lines.linewidth"]
    trails = LineCollection(paths, colors=colours, linewidths=thin, zorder=2)
    ax.add_collection(trails)
    return {"trails": trails}


def _dots(ax: Axes, place: np.ndarray, neurons: Neurons, largest: float) -> Artist:
    """A mark per neuron (m, 2), its area the mass; a small ring for a neuron that has vanished."""
    dots = ax.scatter(*place.T, linewidths=0.4, zorder=3)
    place_dots(dots, place, neurons, -1, largest, float(np.max(_finite(neurons.mass[-1]))))
    return dots


def place_dots(
    dots: PathCollection, place: np.ndarray, neurons: Neurons, snapshot: int, largest: float, heaviest: float
) -> None:
    """Let dots be the neurons at a snapshot, at places (m, 2); one of the mass ``heaviest`` is the ``largest``."""
    mass, nearest = _finite(neurons.mass[snapshot]), neurons.teacher[snapshot]
    vanished = mass <= neurons.alive_above
    faces = np.array([to_rgba(colour_of(k), 0.75) for k in nearest])
    faces[vanished] = 0.0
    area = largest**2 * mass / max(heaviest, np.finfo(float).tiny)
    dots.set_offsets(place)
    dots.set_sizes(np.maximum(area, (largest / 4) ** 2))
    dots.set_facecolor(faces)  # type: ignore[arg-type]
    dots.set_edgecolor([to_rgba(GREY if gone else PAPER) for gone in vanished])
    markers = ["o" if gone else marker_of(k) for k, gone in zip(nearest, vanished, strict=True)]
    dots.set_paths([style.get_path().transformed(style.get_transform()) for style in map(MarkerStyle, markers)])


def _finite(mass: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(mass), mass, 0.0)
