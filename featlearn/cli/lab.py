"""``featlearn lab``."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from featlearn.cli.errors import errors_told
from featlearn.cli.waiting import waiting


def lab(
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")] = Path("lab.html"),
    show: Annotated[
        bool,
        typer.Option("--open/--no-open", help="Whether to open it in the browser, where output goes to a terminal."),
    ] = True,
) -> None:
    """A page on which a network is trained as you watch.

    Drag the teacher's lines, choose λ, and see where the neurons go and why; the page tells the configuration that
    trains the same network here. It needs no network and no run.
    """
    with waiting("loading", quiet=False):
        from featlearn.views.console.output import tell
        from featlearn.views.report.lab import lab_page
        from featlearn.views.report.page import write_page

    with errors_told():
        write_page(lab_page(), out)
    tell(out)
    if show and _has_screen():
        webbrowser.open(out.resolve().as_uri())


def _has_screen() -> bool:
    """Whether a person sees a window here: a browser for terminals would take over this one."""
    if not sys.stdout.isatty():
        return False
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
