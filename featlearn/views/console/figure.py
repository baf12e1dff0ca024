"""What ``featlearn plot`` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from featlearn.views.console.output import tell
from featlearn.views.data.slope import Slope


def show_figure(files: Sequence[Path], slopes: Mapping[str, Slope | None]) -> None:
    """The files of one figure, and the slopes measured in it."""
    for file in files:
        tell(file)
    for name, slope in slopes.items():
        if slope is not None:
            tell(f"  slope{f' at {name}' if name else ''}: {slope}")
