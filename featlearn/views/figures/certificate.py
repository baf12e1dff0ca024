"""The dual certificate as a picture: data and axes in, artists out. Nothing is loaded, saved or shown here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import patheffects, rcParams
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.image import AxesImage
from matplotlib.patches import Circle
from matplotlib.ticker import FixedLocator, FuncFormatter, MultipleLocator, NullLocator

from featlearn.theory.optimum import Optimum
from featlearn.views.data.certificate import DISC, CertificateView, Curve, Marks, angle_of, on_disc
from featlearn.views.figures.run import Artists, power_of_ten
from featlearn.views.words.palette import BLUE, GREY, ORANGE, PURPLE, SHADE, colour_of
from featlearn.views.words.values import by_digits, told_apart

INK = "#000000"
LINEAR_TO = 3.5  # of |η|: beyond, the axis is logarithmic outside of ±1
_CLOSE = 0.055  # of the width: names of teacher lines nearer than this are put one above the other

DIVERGING = LinearSegmentedColormap.from_list("certificate", [BLUE, "#FFFFFF", ORANGE]).with_extremes(
    under="#00324E", over="#5C2800"
)


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
        if curve.step is not None and np.any(np.abs(curve.eta) > 1.02):
            artists["gain"] = ax.fill_between(
                angle, np.clip(curve.eta, -1, 1), curve.eta, color=PURPLE, alpha=0.25, lw=0, zorder=1
            )
    artists |= _teacher_lines(ax, angle_of(view.teacher_place), float(angle[-1]))
    heaviest = max((float(np.abs(marks.mass).max(initial=0)) for marks in view.marks.values()), default=0.0)
    for decay, marks in view.marks.items():
        name = "atoms" if decay == view.optimum.weight_decay else "atoms_before"
        artists[name] = _atoms_on_circle(ax, marks, largest, heaviest, light=name != "atoms")
    ax.set_xlim(
        (180, 0) if view.lines else (0, 360)
    )  # as the picture of the neurons: 0° is at the right of its half circle
    ax.xaxis.set_major_locator(MultipleLocator(45 if view.lines else 90))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}°"))
    ax.set_xlabel("direction w in the teacher's plane")
    ax.set_ylabel("certificate η(w)")
    _eta_axis(ax, np.concatenate([curve.eta for curve in view.curves]))
    return artists


def verdict(optimum: Optimum, decays: Sequence[float] = ()) -> str:
    """What the certificate proves: J*_λ, how far its bounds are apart, and the largest |η|.

    Args:
        decays: all λ of the figure, from which this one is told apart.
    """
    over = optimum.largest_certificate - 1
    largest = f"1 + {_number(over, 1)}" if 0 < over < 1e-3 else _number(optimum.largest_certificate, 4)
    apart = (optimum.upper - optimum.lower) / optimum.upper if optimum.upper > 0 else 0.0
    best = "the zero function is best, " if not len(optimum.masses) else ""
    return (
        f"λ = {_decay(optimum.weight_decay, decays)}: {best}"
        f"$J^*_\\lambda$ = {_number(optimum.upper, 4)} (within {_number(apart, 1)}), max |η| = {largest}"
    )


def _number(x: float, digits: int = 3) -> str:
    return re.sub(r"e([-+])0", r"e\1", f"{x:.{digits}g}").replace("e+", "e")


def _decay(weight_decay: float, among: Sequence[float]) -> str:
    return told_apart([weight_decay, *among], by_digits(_number, 3))[0]


def _network(curve: Curve) -> str:
    step = f"{curve.step:,}".replace(",", "\N{THIN SPACE}")
    return f"network, step {step}"


def _style(curve: Curve, view: CertificateView) -> tuple[str, str, dict[str, Any]]:
    """The name, the label and the looks of a curve."""
    width = rcParams["lines.linewidth"]
    if curve.step is not None:
        return "network", _network(curve), {"color": PURPLE, "ls": "--", "lw": width, "zorder": 4}
    label = f"optimum, λ = {_decay(curve.weight_decay, view.decays)}"
    if curve.weight_decay == view.optimum.weight_decay:
        return "optimum", label, {"color": INK, "lw": width, "zorder": 3}
    return "optimum_before", label, {"color": GREY, "lw": 0.6 * width, "zorder": 2}


def _eta_axis(ax: Axes, values: np.ndarray) -> None:
    """Linear where all is near ±1; else linear between them and logarithmic beyond, so that they stay apart."""
    low, high = min(float(values.min()), -1.0), max(float(values.max()), 1.0)
    if max(high, -low) <= LINEAR_TO:
        ax.set_ylim(low - 0.2, high + 0.2)
        ax.yaxis.set_major_locator(MultipleLocator(1))
        return
    few = max(high, -low) < 30
    powers = np.array([1.0, 2.0, 5.0, 10.0, 20.0]) if few else 10.0 ** np.arange(1 + np.ceil(np.log10(max(high, -low))))
    # 0.39: no kink at ±1; 0.9: a unit below 1 is as long as a decade above
    ax.set_yscale("symlog", linthresh=1, linscale=0.39 if few else 0.9)
    ax.set_ylim(1.5 * low, 1.5 * high)
    ax.yaxis.set_major_locator(FixedLocator([*-powers[::-1], 0, *powers]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: ("\N{MINUS SIGN}" if y < 0 else "") + power_of_ten(abs(y))))
    ax.yaxis.set_minor_locator(NullLocator())


def _teacher_lines(ax: Axes, angles: np.ndarray, turn: float) -> Artists:
    """A vertical line for each teacher neuron with its name above; names of lines close together take turns."""
    artists: Artists = {}
    before, lifted = -np.inf, False
    for k in np.argsort(angles, kind="stable").tolist():
        at, colour = float(angles[k]), colour_of(k)
        artists[f"teacher_{k}"] = ax.axvline(at, color=colour, lw=0.6 * rcParams["lines.linewidth"], ls=":", zorder=1)
        lifted = at - before < _CLOSE * turn and not lifted
        ax.annotate(
            f"$w^*_{{{k + 1}}}$",
            (at, 1),
            (0, (1.25 if lifted else 0.15) * rcParams["font.size"]),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            color=colour,
            ha="center",
            va="bottom",
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
        edgecolors=colours if light else "#FFFFFF",
        linewidths=0.5 * rcParams["lines.linewidth"],
        zorder=5,
        clip_on=False,
    )


# --- rank 3 -------------------------------------------------------------------------------------


def sphere_panels(view: CertificateView) -> list[tuple[Curve, float, str]]:
    """The discs of a view: what they show, the side (+1, or −1 for the opposites), and a title.

    The network is not shown again where it looks as the optimum does.
    """
    titles = ["optimum" if curve.step is None else _network(curve) for curve in view.curves]
    shown = list(zip(view.curves, titles, strict=True))
    if len(shown) > 1 and not view.network_differs:
        shown = [(view.curves[0], "optimum" if not view.lines else f"{titles[0]} (and {titles[1]})")]
    sides = [(1.0, "")] if view.lines else [(1.0, ": w"), (-1.0, ": −w")]
    return [(curve, side, title + told) for curve, title in shown for side, told in sides]


def certificate_on_disc(
    ax: Axes, view: CertificateView, curve: Curve, side: float, *, largest: float
) -> tuple[AxesImage, Artists]:
    """η of one curve on a half sphere, in a projection that is equal in area; atoms and teachers where they are.

    Args:
        side: +1 for the half sphere around the pole, −1 for the opposites of its points.
        largest: diameter of the heaviest atom, in points.
    """
    assert view.frame is not None
    grid = curve.eta[: DISC**2] if side > 0 else curve.eta[DISC**2 :]
    grid = grid.reshape(DISC, DISC)
    width = rcParams["lines.linewidth"]
    rim = ax.add_patch(Circle((0, 0), 1, facecolor="none", edgecolor=GREY, lw=0.6 * width, zorder=3))
    edge = 1 + 1 / (DISC - 1)  # the outer pixels have their middles at 1
    image = ax.imshow(
        grid,
        extent=(-edge, edge, -edge, edge),
        origin="lower",
        cmap=DIVERGING,
        vmin=-1.005,  # rounding at an atom is no violation
        vmax=1.005,
        interpolation="bilinear",
        interpolation_stage="data",
    )
    image.set_clip_path(rim)
    artists: Artists = {"eta": image}
    across = np.linspace(-1, 1, DISC)
    levels: list[tuple[Sequence[float], str]] = [([0.0], GREY)]
    if np.abs(grid).max() > 1.02:
        levels.append(([-1.0, 1.0], INK))
    for values, colour in levels:
        contour = ax.contour(across, across, grid, levels=values, colors=colour, linewidths=0.5 * width)
        contour.set_clip_path(rim)
    artists["atoms"] = _atoms_on_disc(ax, view, side, largest)
    halo: list[patheffects.AbstractPathEffect] = [patheffects.withStroke(linewidth=2 * width, foreground="#FFFFFF")]
    for k, place in enumerate(view.teacher_place):
        if (shown := _shown(place[None], view, side)).size == 0:
            continue
        x, y = shown[0]
        cross = ax.scatter(x, y, s=(0.5 * rcParams["font.size"]) ** 2, c=INK, marker="x", lw=0.8 * width, zorder=6)
        artists[f"teacher_{k}"] = cross
        inward = -np.sign(x) if abs(x) > 0.75 else 1.0
        name = ax.annotate(
            f"$w^*_{{{k + 1}}}$",
            (x, y),
            (inward * 0.6 * largest, 0.5 * largest),
            textcoords="offset points",
            color=INK,
            ha="left" if inward > 0 else "right",
            va="bottom",
            zorder=7,
        )
        name.set_path_effects(halo)
    ax.set_xlim(-1.03, 1.03)
    ax.set_ylim(-1.03, 1.03)
    ax.set_aspect("equal")
    ax.set_axis_off()
    return image, artists


def _atoms_on_disc(ax: Axes, view: CertificateView, side: float, largest: float) -> Artist:
    marks = view.marks[view.optimum.weight_decay]
    place = marks.place if view.lines else marks.place[_near(marks.place, view, side)]
    mass = marks.mass if view.lines else marks.mass[_near(marks.place, view, side)]
    x, y = _shown(place, view, side).T
    area = largest**2 * np.abs(mass) / max(float(np.abs(marks.mass).max(initial=0)), np.finfo(float).tiny)
    return ax.scatter(
        x,
        y,
        s=np.maximum(area, (largest / 5) ** 2),
        facecolors="#FFFFFF",
        edgecolors=INK,
        linewidths=0.6 * rcParams["lines.linewidth"],
        zorder=5,
    )


def _near(place: np.ndarray, view: CertificateView, side: float) -> np.ndarray:
    assert view.frame is not None
    return np.asarray(side * place @ view.frame[2] >= 0)


def _shown(place: np.ndarray, view: CertificateView, side: float) -> np.ndarray:
    """Where points (n, 3) are on the disc of a side, (≤ n, 2): lines always, directions where they are on the side."""
    assert view.frame is not None
    if view.lines:
        return on_disc(place * np.where(_near(place, view, 1.0), 1.0, -1.0)[:, None], view.frame)
    return on_disc(side * place[_near(place, view, side)], view.frame)
