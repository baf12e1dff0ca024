"""A figure that is drawn, with the data behind it."""

from __future__ import annotations

from dataclasses import dataclass, field

from matplotlib.artist import Artist
from matplotlib.figure import Figure

from featlearn.runs.metrics import Table
from featlearn.views.data.slope import Slope

Artists = dict[str, Artist]


@dataclass(frozen=True)
class Drawing:
    """A figure with the data behind it, under the name that its files get.

    Attributes:
        artists: what was drawn, by name.
        slopes: of the power laws measured in it, by line; None where there is none.
        caption: what it shows, for the figure environment of a LaTeX document; empty for none.
        title: of its file.
    """

    name: str
    figure: Figure
    table: Table
    artists: Artists
    slopes: dict[str, Slope | None] = field(default_factory=dict)
    caption: str = ""
    title: str = ""
