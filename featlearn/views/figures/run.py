"""The figures of a run: data and axes in, artists out. Nothing is loaded, saved or shown here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis as MatplotlibAxis
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.ticker import (
    Formatter,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    MultipleLocator,
    NullLocator,
    SymmetricalLogLocator,
)
from matplotlib.transforms import ScaledTranslation

from featlearn.theory.alignment import ALIGNED_WITHIN, ALIVE_ABOVE
from featlearn.views.data.run import Neurons, StageSpan, Table, folded
from featlearn.views.words.labels import label_of, plain
from featlearn.views.words.palette import BLUE, COLOURS, GREEN, GREY, ORANGE, SHADE, colour_of
from featlearn.views.words.values import by_digits, clipped, told_apart

FEW = 3  # so many points are shown as points: a line through them would not be seen

Artists = dict[str, Artist]


# --- axes ---------------------------------------------------------------------------------------


def step_axis(ax: Axes, steps: np.ndarray) -> None:
    """Steps from 0 on: linear up to 1, logarithmic from there; linear throughout where they are few."""
    last = max(int(steps[-1]), 1)
    ax.set_xlabel(label_of("step").words)
    if last <= 20:
        ax.set_xlim(-0.02 * last, 1.02 * last)
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        return
    ax.set_xscale("symlog", linthresh=1, linscale=0.6)
    ax.set_xlim(0, last * 1.15)
    ax.xaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=1))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: power_of_ten(x)))


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def power_of_ten(x: float) -> str:
    """0, 0.1, 1, 10, 100; beyond these 10⁻², 10³, …"""
    exponent = round(np.log10(abs(x))) if x else 0
    return f"{x:g}" if -2 < exponent < 3 else f"10{str(exponent).translate(_RAISED)}"


def short_number(x: float, digits: int = 2) -> str:
    """Two digits, or more, in as few characters as they take."""
    if x == 0 or 0.01 <= abs(x) < 1000:
        return f"{x:.{max(0, digits - 3)}f}" if abs(x) >= 100 else f"{x:.{digits}g}"
    mantissa, _, exponent = f"{x:.{digits - 1}e}".partition("e")
    return f"{float(mantissa):.{digits}g}e{int(exponent)}"


class ShortNumbers(Formatter):
    """Short numbers at ticks, with as many digits as tell the ticks apart."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return short_number(x)

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        return told_apart([float(x) for x in values], by_digits(short_number, 2))


def log_if_positive(ax: Axes, *columns: np.ndarray, ticks: int = 6) -> bool:
    """A logarithmic vertical axis, where there is something positive to show on it."""
    values = np.concatenate([np.empty(0), *(c[np.isfinite(c) & (c > 0)] for c in columns)])
    if len(values):
        ax.set_yscale("log")
        low, high = float(np.log10(values.min())), float(np.log10(values.max()))
        room = max(0.05 * (high - low), 0.1)
        ax.set_ylim(10 ** (low - room), 10 ** (high + room))
        log_ticks(ax.yaxis, high - low + 2 * room, ticks)
    return bool(len(values))


def log_ticks(axis: MatplotlibAxis, decades: float, ticks: int = 6) -> None:
    """Powers of ten on a logarithmic axis; over fewer than two of them, some values between."""
    axis.set_minor_locator(NullLocator())
    if decades < 1.5:
        subs = (1.0, 2.0, 5.0) if decades > 0.7 else (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0)
        axis.set_major_locator(LogLocator(subs=subs, numticks=12))
        axis.set_major_formatter(ShortNumbers())
    else:
        axis.set_major_locator(LogLocator(numticks=ticks))
        axis.set_major_formatter(FuncFormatter(lambda y, _: power_of_ten(y)))


def shade_stages(ax: Axes, stages: Sequence[StageSpan], *, numbered: bool = False) -> list[Artist]:
    """A band for every other stage, and above the axes the number of each."""
    artists: list[Artist] = []
    for number, stage in enumerate(stages, start=1):
        if number % 2 == 0:
            artists.append(ax.axvspan(stage.first, stage.last, color=SHADE, lw=0, zorder=0))
    if numbered:
        artists += _stage_numbers(ax, stages)
    return artists


def _stage_numbers(ax: Axes, stages: Sequence[StageSpan]) -> list[Artist]:
    """Numbers above the middles of the bands; those that would touch the one before are left out."""
    artists: list[Artist] = []
    right = -np.inf
    to_axes = ax.transScale + ax.transLimits
    for number, stage in enumerate(stages, start=1):
        begin, end = to_axes.transform([(stage.first, 1.0), (stage.last, 1.0)])[:, 0]
        middle = float(np.clip((begin + end) / 2, 0, 1))
        if middle - right > 0.04:
            label = ax.text(middle, 1.0, str(number), transform=ax.transAxes, ha="center", va="bottom", color=GREY)
            artists.append(label)
            right = middle
    return artists


def stage_key(stages: Sequence[StageSpan], width: int) -> str:
    """What the numbers of the stages mean, in lines of at most ``width`` characters."""
    lines = [""]
    for number, stage in enumerate(stages, start=1):
        name = plain(stage.name, 40)
        entry = f"{number} {name}"
        if lines[-1] and len(lines[-1]) + len(entry) + 3 > width:
            lines.append("")
        lines[-1] += f" · {entry}" if lines[-1] else entry
    shown = lines if len(lines) <= 3 else [*lines[:3], "…"]
    return "\n".join(shown)


def _line(ax: Axes, x: np.ndarray, y: np.ndarray, label: str, colour: str, **style: Any) -> Artist:
    finite = np.isfinite(y)
    marker = "o" if np.count_nonzero(finite) <= FEW else ""
    [artist] = ax.plot(x[finite], y[finite], color=colour, label=label, marker=marker, ms=3, **style)
    return artist


def legend_above(ax: Axes, *, numbered: bool = False, columns: int = 2) -> None:
    """The legend over the axes, above the numbers of the stages: it never lies on a line."""
    lift = ScaledTranslation(0, (1.3 if numbered else 0.2) * rcParams["font.size"] / 72, ax.figure.dpi_scale_trans)
    ax.legend(
        loc="lower left",
        ncols=columns,
        bbox_to_anchor=(0, 1, 1, 0),
        bbox_transform=ax.transAxes + lift,
        borderaxespad=0,
        columnspacing=1.2,
    )


# --- curves -------------------------------------------------------------------------------------


def curves(upper: Axes, lower: Axes, table: Table, stages: Sequence[StageSpan], gap: Axes | None = None) -> Artists:
    """Loss and objective above, weight decay below; between them the gap, which spans many more decades."""
    steps = table["step"]
    artists: Artists = {}
    shown = {"loss": (BLUE, "-"), "objective": (ORANGE, "--")}
    shown = {name: style for name, style in shown.items() if np.any(table[name] > 0)}
    for name, (colour, dashes) in shown.items():
        artists[name] = _line(upper, steps, table[name], label_of(name).mathtext, colour, ls=dashes)
    artists["weight_decay"] = _line(
        lower, steps, table["weight_decay"], label_of("weight_decay").mathtext, "#000000", drawstyle="steps-pre"
    )
    panels = [upper, lower]
    if gap is not None:
        panels.insert(1, gap)
        thin = 0.8 * rcParams["lines.linewidth"]
        artists["gap"] = _line(gap, steps, table["gap"], label_of("gap").mathtext, GREEN, lw=thin)
        gap.set_ylabel("gap")
    for number, ax in enumerate(panels):
        step_axis(ax, steps)
        shade_stages(ax, stages, numbered=number == 0)
        if ax is not lower:
            ax.tick_params(labelbottom=False)
            ax.set_xlabel("")
    log_if_positive(upper, *(table[name] for name in shown))
    if gap is not None:
        log_if_positive(gap, table["gap"], ticks=5)
    if not log_if_positive(lower, table["weight_decay"], ticks=4):
        lower.yaxis.set_major_locator(MaxNLocator(2))
    lower.set_ylabel("λ")
    if shown:
        legend_above(upper, numbered=True)
    else:
        upper.text(0.5, 0.5, "no finite loss was logged", transform=upper.transAxes, ha="center", color=GREY)
    return artists


# --- alignment ----------------------------------------------------------------------------------


def alignment(upper: Axes, lower: Axes, table: Table, stages: Sequence[StageSpan], teachers: int) -> Artists:
    """Quantiles of the angles above, shares below: first layer in S*, aligned mass, teachers recovered."""
    steps = table["step"]
    artists: Artists = {}
    at = np.isfinite(table["angle_median"])
    if np.any(at):
        for low, high, alpha in (("angle_q05", "angle_q95", 0.15), ("angle_q25", "angle_q75", 0.3)):
            shares = f"{low[-2:].lstrip('0')}–{high[-2:]} % of the mass"
            artists[low] = upper.fill_between(
                steps[at], table[low][at], table[high][at], color=BLUE, alpha=alpha, lw=0, label=shares
            )
        artists["angle_median"] = _line(upper, steps, table["angle_median"], "median of the mass", BLUE)
    artists["max_angle"] = _line(upper, steps, table["max_angle"], "largest, of the living", ORANGE, ls="--")
    upper.axhline(ALIGNED_WITHIN, color=GREY, lw=0.6, ls=":")

    found = table["recovered"] / teachers
    artists["subspace"] = _line(lower, steps, table["subspace"], "first layer in $S^*$", GREEN, ls=":")
    artists["aligned_mass"] = _line(lower, steps, table["aligned_mass"], f"mass within {ALIGNED_WITHIN:g}°", BLUE)
    artists["recovered"] = _line(
        lower, steps, found, f"recovered, of {teachers}", ORANGE, ls="--", drawstyle="steps-post"
    )
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
    legend_above(upper, numbered=True)
    legend_above(lower)
    return artists


# --- neurons ------------------------------------------------------------------------------------


def neurons_in_plane(ax: Axes, neurons: Neurons, *, largest: float) -> Artists:
    """The last snapshot of a student of a plane teacher: a dot per neuron with its trail, a ray per teacher.

    The place of a neuron is the projection of w_j/‖w_j‖ on the teacher's plane: on the circle when the row lies in the
    plane. Lines are shown in the upper half. The area of a dot is the neuron's mass.

    Args:
        largest: diameter of the heaviest dot, in points.
    """
    place = folded(neurons.place) if neurons.lines else neurons.place
    around = np.linspace(0, np.pi if neurons.lines else 2 * np.pi, 361)
    artists: Artists = {"circle": ax.plot(np.cos(around), np.sin(around), color=GREY, lw=0.6)[0]}
    if neurons.lines:
        ax.plot([-1, 1], [0, 0], color=GREY, lw=0.6)
    rays = folded(neurons.teacher_place) if neurons.lines else neurons.teacher_place
    for k, (x, y) in enumerate(rays):
        artists[f"ray_{k}"] = ax.plot([0, x], [0, y], color=colour_of(k), lw=1.2, zorder=1)[0]
        ax.text(1.16 * x, 1.16 * y, f"$w^*_{{{k + 1}}}$", color=colour_of(k), ha="center", va="center")
    vanished = neurons.mass <= ALIVE_ABOVE * neurons.teacher_mass  # what is left of such a row leaves the plane
    artists |= _trails(ax, place, neurons, vanished[1:] | (_leaps(place) > 0.7))
    artists["neurons"] = _dots(ax, place[-1], neurons, largest)
    ax.set_aspect("equal")
    ax.set_xlim(-1.27, 1.27)
    ax.set_ylim(-0.1 if neurons.lines else -1.27, 1.27)
    ax.set_axis_off()
    return artists


def neurons_by_mass(ax: Axes, neurons: Neurons, *, largest: float) -> Artists:
    """Angle against mass, for teachers of any rank: a dot per neuron at the last snapshot, with its trail."""
    least = 1e-2 * ALIVE_ABOVE * neurons.teacher_mass
    mass = np.maximum(np.where(np.isfinite(neurons.mass), neurons.mass, least), least)
    positive = neurons.angle[np.isfinite(neurons.angle) & (neurons.angle > 0)]
    angle = np.maximum(np.nan_to_num(neurons.angle, nan=90.0), positive.min() if len(positive) else 1e-3)
    place = np.stack([mass, angle], -1)
    artists: Artists = {}
    ax.set_xscale("log")
    ax.set_yscale("log")
    artists |= _trails(ax, place, neurons, np.zeros(_leaps(place).shape, dtype=bool))
    artists["neurons"] = _dots(ax, place[-1], neurons, largest)
    artists["alive"] = ax.axvline(ALIVE_ABOVE * neurons.teacher_mass, color=GREY, lw=0.6, ls=":")
    artists["aligned"] = ax.axhline(ALIGNED_WITHIN, color=GREY, lw=0.6, ls=":")
    ax.set_xlim(least / 2, 2 * max(float(mass.max()), neurons.teacher_mass))
    ax.set_xlabel("mass |aⱼ|‖wⱼ‖ (left of the dotted line: vanished)")
    ax.set_ylabel("angle δⱼ (degrees)")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: power_of_ten(x)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: power_of_ten(y)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_minor_locator(NullLocator())
    return artists


def _leaps(place: np.ndarray) -> np.ndarray:
    """How far each neuron moves from one snapshot to the next, (S, m, 2) → (S − 1, m): far only through the fold."""
    return np.asarray(np.linalg.norm(place[1:] - place[:-1], axis=-1))


def _trails(ax: Axes, place: np.ndarray, neurons: Neurons, jumps: np.ndarray) -> Artists:
    """The ways of the neurons (S, m, 2), without the steps (S − 1, m) that are jumps."""
    if len(place) < 2:
        return {}
    paths, colours = [], []
    for j in range(place.shape[1]):  # a piece for each stretch without a jump, and near one teacher
        cuts = np.flatnonzero(jumps[:, j] | (neurons.teacher[1:, j] != neurons.teacher[:-1, j]))
        for begin, end in zip([0, *(cuts + 1)], [*(cuts + 1), len(place)], strict=True):
            last = end if end == len(place) or jumps[end - 1, j] else end + 1  # joined to the next piece
            paths.append(place[begin:last, j])
            colours.append(to_rgba(colour_of(neurons.teacher[begin, j]), 0.3))
    thin = 0.45 * rcParams["lines.linewidth"]
    trails = LineCollection(paths, colors=colours, linewidths=thin, zorder=2)
    ax.add_collection(trails)
    return {"trails": trails}


def _dots(ax: Axes, place: np.ndarray, neurons: Neurons, largest: float) -> Artist:
    """A dot per neuron (m, 2), its area the mass; a small ring for a neuron that has vanished."""
    mass = np.where(np.isfinite(neurons.mass[-1]), neurons.mass[-1], 0.0)
    vanished = mass <= ALIVE_ABOVE * neurons.teacher_mass
    area = largest**2 * mass / max(float(mass.max()), np.finfo(float).tiny)
    faces = np.array([to_rgba(colour_of(k), 0.75) for k in neurons.teacher[-1]])
    faces[vanished] = 0.0
    edges = [to_rgba(GREY if gone else "#FFFFFF") for gone in vanished]
    x, y = place.T
    area = np.maximum(area, (largest / 5) ** 2)
    return ax.scatter(x, y, s=area, facecolors=faces, edgecolors=edges, linewidths=0.4, zorder=3)


def overlay(ax: Axes, column: str, runs: Sequence[tuple[str, Table]]) -> Artists:
    """One metrics column of several runs."""
    artists: Artists = {}
    shown = clipped([name for name, _ in runs], 60)
    for i, (name, metrics) in enumerate(runs):
        dashes = ("-", "--", ":", "-.")[i // len(COLOURS) % 4]
        artists[name] = _line(
            ax, metrics["step"], metrics[column].astype(float), plain(shown[i]), colour_of(i), ls=dashes
        )
    longest = max((metrics["step"] for _, metrics in runs), key=lambda steps: steps[-1])
    step_axis(ax, longest)
    if label_of(column).log:
        log_if_positive(ax, *(metrics[column].astype(float) for _, metrics in runs))
    ax.set_ylabel(label_of(column).mathtext)
    return artists
