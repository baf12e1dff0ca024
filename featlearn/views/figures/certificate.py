"""The figure of the dual certificate: on a circle, or on half spheres."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from featlearn.views.data.certificate_view import SEEN_ABOVE, CertificateView, certificate_table
from featlearn.views.data.run import RunData
from featlearn.views.figures.captions import certificate_caption
from featlearn.views.figures.certificate_circle import certificate_on_circle
from featlearn.views.figures.certificate_disc import NEGATIVE, certificate_on_disc, sphere_panels
from featlearn.views.figures.drawing import Artists, Drawing
from featlearn.views.figures.style import Size, blank
from featlearn.views.words.certificate import decay_among, verdict
from featlearn.views.words.palette import FAINT, INK, PAPER, PURPLE


def certificate_figure(data: RunData, view: CertificateView, size: Size) -> Drawing:
    """What the certificate of a run shows, and above it what it proves."""
    figure, artists = (_circle if view.frame is None else _spheres)(view, size)
    of = "\nof the population; training used the samples only" if data.sampled else ""
    figure.suptitle(f"{verdict(view.optimum, view.decays)}{of}", fontsize=0.85 * size.font, color=FAINT)
    table, caption = certificate_table(view), certificate_caption(data, view)
    return Drawing("certificate", figure, table, artists, caption=caption, title=f"certificate – {data.name}")


def _circle(view: CertificateView, size: Size) -> tuple[Figure, Artists]:
    figure = blank(size, 0.75)
    ax = figure.subplots()
    artists = certificate_on_circle(ax, view, largest=size.dot)
    dot: dict[str, Any] = {"ls": "none", "marker": "o", "color": FAINT, "ms": 5}
    handles = ax.get_legend_handles_labels()[0]
    handles.append(Line2D([], [], label="atom (area: mass)", **dot))
    handles += [
        Line2D([], [], mfc="none", mew=0.6, label=f"atom, λ = {decay_among(decay, view.decays)}", **dot)
        for decay in view.earlier_decays
    ]
    if "gain" in artists:
        handles.append(Patch(facecolor=PURPLE, alpha=0.25, lw=0, label="network's |η| > 1"))
    figure.legend(handles=handles, loc="outside lower center", ncols=2 if size.width < 4 else 3)
    return figure, artists


def _spheres(view: CertificateView, size: Size) -> tuple[Figure, Artists]:
    panels = sphere_panels(view)
    rows, columns = -(-len(panels) // 2), min(len(panels), 2)
    figure = blank(size, 0.33 + 0.8 * rows if len(panels) == 1 else 0.27 + 0.53 * rows)
    artists: Artists = {}
    axes = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for number, (ax, (curve, side, title)) in enumerate(zip(axes, panels, strict=True)):
        image, drawn = certificate_on_disc(ax, view, curve, side, largest=size.dot)
        artists |= drawn if number == 0 else {f"{name} {number}": artist for name, artist in drawn.items()}
        ax.set_title(title, fontsize=size.font)
    extend = "both" if any(np.abs(curve.eta).max() > SEEN_ABOVE for curve, *_ in panels) else "neither"
    bar = figure.colorbar(image, ax=axes, location="bottom", extend=extend, ticks=[-1, -0.5, 0, 0.5, 1], shrink=0.7)
    bar.set_label("certificate η(w)")
    bar.outline.set_visible(False)
    dot: dict[str, Any] = {"ls": "none", "color": INK}
    handles = [
        Line2D([], [], marker="x", ms=4, label="teacher", **dot),
        Line2D([], [], marker="o", ms=4, mfc=PAPER, mew=0.6, label="atom (area: mass)", **dot),
        Patch(facecolor="none", edgecolor=INK, lw=0, hatch=2 * NEGATIVE, label="η < 0"),
    ]
    if extend == "both":
        handles.append(Line2D([], [], lw=0.8, color=INK, label="|η| = 1"))
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure, artists
