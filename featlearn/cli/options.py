"""Options that several commands share, and how a JSON document is printed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from featlearn.storage.directory import Directory
    from featlearn.storage.records import Record

RunsDir = Annotated[
    Path,
    typer.Option("--runs-dir", envvar="FEATLEARN_RUNS", help="Where run directories live.", show_default="runs"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output, and nothing else.")]
Jobs = Annotated[
    int | None, typer.Option("--jobs", "-j", min=1, help="Worker processes on this machine, one thread each.")
]


class OptionsAlone(TyperCommand):
    """A command that says which option is meant by what was given without one."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.allow_extra_args = True
        super().parse_args(ctx, args)
        if ctx.args:
            option = "--claim" if self.name == "reproduce" else "--resume" if Path(ctx.args[0]).is_dir() else "--config"
            raise typer.BadParameter(f"{ctx.args[0]!r:.200} needs its option: {option} {ctx.args[0]:.200}", ctx)
        return []


def print_json(document: Any) -> None:
    from featlearn.storage.text import printable_json

    speaks_unicode = (getattr(sys.stdout, "encoding", None) or "").lower().startswith("utf")
    typer.echo(printable_json(json.dumps(document, indent=2, ensure_ascii=not speaks_unicode)))


def document_of(directory: Directory[Any], info: Record) -> dict[str, Any]:
    """What ``--json`` prints of a run, a sweep or a reproduction: its path, and what its file of information says."""
    return {"path": str(directory.path.resolve()), **info.plain()}
