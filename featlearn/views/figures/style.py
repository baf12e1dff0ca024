"""The sizes and the style of all figures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.figure import Figure

SizeName = Literal["column", "page", "slide"]
StyleName = Literal["plain", "paper"]


@dataclass(frozen=True)
class Size:
    """Width in inches, font size in points, the diameter of the heaviest neuron, and which fonts."""

    width: float
    font: float
    dot: float
    style: StyleName = "plain"


# the widths that LaTeX classes of conferences leave: one of two columns, and a page of one column
SIZES: dict[SizeName, Size] = {"column": Size(3.25, 7.5, 9), "page": Size(5.5, 9, 13), "slide": Size(10, 17, 26)}


_FONTS: dict[StyleName, dict[str, Any]] = {  # these come with matplotlib: the same everywhere
    "plain": {
        "font.family": "DejaVu Sans",
        "mathtext.default": "regular",  # one font: the others would triple the time that a PDF takes
    },
    "paper": {"font.family": ["STIXGeneral", "DejaVu Serif"], "mathtext.fontset": "stix"},
}
STYLES = tuple(_FONTS)


@contextmanager
def style(size: Size) -> Iterator[None]:
    """Matplotlib's settings for all figures, whatever a user's own are; text stays text in PDF and SVG."""
    settings: dict[str, Any] = {
        **_FONTS[size.style],
        "font.size": size.font,
        "axes.labelsize": size.font,
        "xtick.labelsize": 0.9 * size.font,
        "ytick.labelsize": 0.9 * size.font,
        "legend.fontsize": 0.85 * size.font,
        "legend.frameon": True,
        "legend.framealpha": 0.8,
        "legend.edgecolor": "none",
        "legend.borderpad": 0.2,
        "legend.handlelength": 1.6,
        "lines.linewidth": size.font / 7,
        "axes.linewidth": size.font / 14,
        "hatch.linewidth": size.font / 25,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "figure.facecolor": "white",
        "pdf.fonttype": 42,
        "svg.fonttype": "none",
        "svg.hashsalt": "featlearn",
    }
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(settings)  # type: ignore[arg-type]
        yield


def blank(size: Size, aspect: float) -> Figure:
    """An empty figure of this width, and so many times as high."""
    return Figure(figsize=(size.width, aspect * size.width), layout="constrained")
