"""``featlearn new``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from featlearn.cli.errors import errors_told


def new(
    name: Annotated[str, typer.Argument(help="A name from the list.")] = "quickstart",
    names: Annotated[bool, typer.Option("--list", help="What there is to begin with, and what each is for.")] = False,
) -> None:
    """Write a commented configuration into this directory, ready to run and to change."""
    from featlearn.claims.gallery import copy_out, gallery, purpose
    from featlearn.views.console.gallery import show_gallery, show_written

    if names:
        show_gallery({name: purpose(path) for name, path in gallery().items()})
        return
    with errors_told():
        show_written(copy_out(name, Path()))
