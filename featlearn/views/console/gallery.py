"""What there is to begin with, and what to do with what was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich import box
from rich.table import Table

from featlearn.views.console.output import output_console, shown, tell


def show_gallery(purposes: Mapping[str, str]) -> None:
    """A table of the gallery: each name, and what the file is for."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("name", no_wrap=True)
    table.add_column("what it is for")
    for name, purpose in purposes.items():
        table.add_row(shown(name), shown(purpose))
    output_console().print(table)
    tell("featlearn new NAME writes one of them into this directory.")


def show_written(files: Sequence[Path]) -> None:
    """Which files were written, and the command that runs the first one; the others are what it needs."""
    first, *others = files
    tell(f"wrote {first}" + "".join(f", and {other}, which it needs" for other in others))
    tell(f"run it with: featlearn {'sweep' if first.parent.name == 'sweeps' else 'train'} --config {first}")
