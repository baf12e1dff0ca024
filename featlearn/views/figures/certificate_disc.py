"""The dual certificate on half a sphere of directions, shown as a disc."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import patheffects, rcParams
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.image import AxesImage
from matplotlib.patches import Circle

from featlearn.views.data.certificate_view import SEEN_ABOVE, CertificateView, Curve, Marks
from featlearn.views.data.directions import DISC, on_disc
from featlearn.views.figures.drawing import Artists
from featlearn.views.words.certificate import network_at
from featlearn.views.words.palette import ABOVE, BELOW, BLUE, GREY, INK, ORANGE, PAPER

NEGATIVE = "///"  # the pattern where η < 0
_NAME_AWAY = 0.17  # from a point to the middle of its name, across and up, in radii of the disc
DIVERGING = LinearSegmentedColormap.from_list("certificate", [BLUE, PAPER, ORANGE]).with_extremes(
    under=BELOW, over=ABOVE
)


def sphere_panels(view: CertificateView) -> list[tuple[Curve, float, str]]:
    """The discs of a view: what they show, the side (+1, or −1 for the opposites), and a title.

    The network is not shown again where it looks as the optimum does.
    """
    titles = ["optimum" if curve.step is None else network_at(curve.step) for curve in view.curves]
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
    if np.abs(grid).max() > SEEN_ABOVE:
        levels.append(([-1.0, 1.0], INK))
    for values, colour in levels:
        contour = ax.contour(across, across, grid, levels=values, colors=colour, linewidths=0.5 * width)
        contour.set_clip_path(rim)
    if grid.min() < 0:  # in a print in grey, both signs are dark
        dots = ax.contourf(across, across, grid, levels=[-np.inf, 0], colors="none", hatches=[NEGATIVE])
        dots.set(clip_path=rim, edgecolor=INK, linewidth=0)
        artists["negative"] = dots
    artists["atoms"] = _atoms_on_disc(ax, view, side, largest)
    halo: list[patheffects.AbstractPathEffect] = [patheffects.withStroke(linewidth=2 * width, foreground=PAPER)]
    taken = np.concatenate([_shown(places, view, side) for places in (view.teacher_place, _atoms(view).place)])
    for k, place in enumerate(view.teacher_place):
        if (shown := _shown(place[None], view, side)).size == 0:
            continue
        x, y = shown[0]
        cross = ax.scatter(x, y, s=(0.5 * rcParams["font.size"]) ** 2, c=INK, marker="x", lw=0.8 * width, zorder=6)
        artists[f"teacher_{k}"] = cross
        right, up = freest_side(shown[0], taken)
        taken = np.concatenate([taken, shown + _NAME_AWAY * np.array([[right, up]])])
        name = ax.annotate(
            f"$w^*_{{{k + 1}}}$",
            (x, y),
            (right * 0.6 * largest, up * 0.5 * largest),
            textcoords="offset points",
            color=INK,
            ha="left" if right > 0 else "right",
            va="bottom" if up > 0 else "top",
            zorder=7,
        )
        name.set_path_effects(halo)
    ax.set_xlim(-1.03, 1.03)
    ax.set_ylim(-1.03, 1.03)
    ax.set_aspect("equal")
    ax.set_axis_off()
    return image, artists


def freest_side(place: np.ndarray, taken: np.ndarray) -> tuple[int, int]:
    """On which side of a point of the disc its name is best: right or left (±1) and above or below (±1).

    There it is farthest from the other points that are taken, (n, 2), and within the disc.
    """
    others = taken[np.linalg.norm(taken - place, axis=-1) > 0.5 * _NAME_AWAY]
    sides = [(1, 1), (-1, 1), (1, -1), (-1, -1)]

    def room(side: tuple[int, int]) -> float:
        at = place + _NAME_AWAY * np.array(side)
        nearest = float(np.linalg.norm(others - at, axis=-1).min(initial=np.inf))
        return min(nearest, 2 * _NAME_AWAY, 1 + _NAME_AWAY - float(np.linalg.norm(at)))

    return max(sides, key=room)


def _atoms(view: CertificateView) -> Marks:
    return view.marks[view.optimum.weight_decay]


def _atoms_on_disc(ax: Axes, view: CertificateView, side: float, largest: float) -> Artist:
    marks = _atoms(view)
    place = marks.place if view.lines else marks.place[_near(marks.place, view, side)]
    mass = marks.mass if view.lines else marks.mass[_near(marks.place, view, side)]
    x, y = _shown(place, view, side).T
    area = largest**2 * np.abs(mass) / max(float(np.abs(marks.mass).max(initial=0)), np.finfo(float).tiny)
    return ax.scatter(
        x,
        y,
        s=np.maximum(area, (largest / 5) ** 2),
        facecolors=PAPER,
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
