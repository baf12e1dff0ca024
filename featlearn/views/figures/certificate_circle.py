"""The dual certificate against the direction, where directions are points of a circle."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MultipleLocator, NullLocator

from featlearn.views.data.certificate_view import ETA_TICKS, FEW_DECADES, CertificateView, Curve, Marks
from featlearn.views.data.directions import angle_of
from featlearn.views.figures.drawing import Artists
from featlearn.views.figures.ticks import PowersOfTen
from featlearn.views.words.certificate import decay_among, network_at
from featlearn.views.words.numbers import MINUS
from featlearn.views.words.palette import GREY, INK, PAPER, PURPLE, SHADE, colour_of, text_colour

LINEAR_TO = 3.5  # where |η| goes beyond this, the axis is logarithmic outside of ±1
_CLOSE = 0.055  # names of teacher lines nearer than this share of the width are put one above the other


def certificate_on_circle(ax: Axes, view: CertificateView, *, largest: float) -> Artists:
    """η against the direction: of the optimum with its atoms, of an earlier λ, and of the network.

    Args:
        largest: diameter of the heaviest atom, in points.
    """
    angle = angle_of(view.place)
    angle[-1] = 180.0 if view.lines else 360.0
    artists: Artists = {}
    width = rcParams["lines.linewidth"]
    ax.axhspan(-1, 1, color=SHADE, lw=0, zorder=0)
    for bound in (-1, 1):
        ax.axhline(bound, color=GREY, lw=0.5 * width, zorder=1)
    for curve in view.curves:
        name, label, style = _style(curve, view)
        [artists[name]] = ax.plot(angle, curve.eta, label=label, **style)
        if curve.step is not None and view.network_exceeds:
            artists["gain"] = ax.fill_between(
                angle, np.clip(curve.eta, -1, 1), curve.eta, color=PURPLE, alpha=0.25, lw=0, zorder=1
            )
    artists |= name_teacher_lines(ax, angle_of(view.teacher_place), float(angle[-1]))
    heaviest = max((float(np.abs(marks.mass).max(initial=0)) for marks in view.marks.values()), default=0.0)
    for decay, marks in view.marks.items():
        name = "atoms" if decay == view.optimum.weight_decay else "atoms_before"
        artists[name] = _atoms_on_circle(ax, marks, largest, heaviest, light=name != "atoms")
    # 0° is at the right, as in the half circle of the neurons' figure
    ax.set_xlim((180, 0) if view.lines else (0, 360))
    ax.xaxis.set_major_locator(MultipleLocator(45 if view.lines else 90))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}°"))
    ax.set_xlabel("direction w in the teacher's plane")
    ax.set_ylabel("certificate η(w)")
    eta_axis(ax, np.concatenate([curve.eta for curve in view.curves]))
    return artists


def _style(curve: Curve, view: CertificateView) -> tuple[str, str, dict[str, Any]]:
    """The name, the label and the looks of a curve."""
    width = rcParams["lines.linewidth"]
    if curve.step is not None:
        return "network", network_at(curve.step), {"color": PURPLE, "ls": "--", "lw": width, "zorder": 4}
    label = f"optimum, λ = {decay_among(curve.weight_decay, view.decays)}"
    if curve.weight_decay == view.optimum.weight_decay:
        return "optimum", label, {"color": INK, "lw": width, "zorder": 3}
    return "optimum_before", label, {"color": GREY, "lw": 0.6 * width, "zorder": 2}


def eta_axis(ax: Axes, values: np.ndarray) -> None:
    """Linear where all is near ±1; else linear between them and logarithmic beyond, so that they stay apart."""
    low, high = min(float(values.min()), -1.0), max(float(values.max()), 1.0)
    if max(high, -low) <= LINEAR_TO:
        ax.set_ylim(low - 0.2, high + 0.2)
        ax.yaxis.set_major_locator(MultipleLocator(1))
        return
    few = max(high, -low) < FEW_DECADES
    powers = np.array(ETA_TICKS, dtype=float) if few else 10.0 ** np.arange(1 + np.ceil(np.log10(max(high, -low))))
    # 0.39: no kink at ±1; 0.9: a unit below 1 is as long as a decade above
    ax.set_yscale("symlog", linthresh=1, linscale=0.39 if few else 0.9)
    ax.set_ylim(1.5 * low, 1.5 * high)
    ax.yaxis.set_major_locator(FixedLocator([*-powers[::-1], 0, *powers]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}".replace("-", MINUS)) if few else PowersOfTen())
    ax.yaxis.set_minor_locator(NullLocator())


def name_teacher_lines(ax: Axes, angles: np.ndarray, turn: float, *, across: bool = True) -> Artists:
    """A line for each teacher neuron with its name at the end; names of lines close together take turns.

    Args:
        across: whether angles are on the horizontal axis, so that names are above; else they are at the right.
    """
    artists: Artists = {}
    before, lifted = -np.inf, False
    for k in np.argsort(angles, kind="stable").tolist():
        at, colour = float(angles[k]), colour_of(k)
        guide = ax.axvline if across else ax.axhline
        artists[f"teacher_{k}"] = guide(at, color=colour, lw=0.6 * rcParams["lines.linewidth"], ls=":", zorder=1)
        lifted = at - before < _CLOSE * turn and not lifted
        away = ((1.25 if across else 2.2) if lifted else 0.15) * rcParams["font.size"]
        ax.annotate(
            f"$w^*_{{{k + 1}}}$",
            (at, 1) if across else (1, at),
            (0, away) if across else (away + 2, 0),
            xycoords=("data", "axes fraction") if across else ("axes fraction", "data"),
            textcoords="offset points",
            color=text_colour(colour),
            ha="center" if across else "left",
            va="bottom" if across else "center",
        )
        before = at
    return artists


def _atoms_on_circle(ax: Axes, marks: Marks, largest: float, heaviest: float, *, light: bool) -> Artist:
    """A dot per atom at its direction and sign, its area the mass; a ring at an earlier λ."""
    colours = [colour_of(k) for k in marks.teacher.tolist()]
    area = largest**2 * np.abs(marks.mass) / (heaviest or 1.0)
    return ax.scatter(
        angle_of(marks.place),
        np.sign(marks.mass),
        s=np.maximum(area, (largest / 5) ** 2),
        facecolors="none" if light else colours,
        edgecolors=colours if light else PAPER,
        linewidths=0.5 * rcParams["lines.linewidth"],
        zorder=5,
        clip_on=False,
    )
