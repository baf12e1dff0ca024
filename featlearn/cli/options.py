"""Options that several commands share, and how a JSON document is printed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

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


def print_json(document: Any) -> None:
    from featlearn.storage.text import printable_json

    speaks_unicode = (getattr(sys.stdout, "encoding", None) or "").lower().startswith("utf")
    typer.echo(printable_json(json.dumps(document, indent=2, ensure_ascii=not speaks_unicode)))


def document_of(directory: Directory[Any], info: Record) -> dict[str, Any]:
    """What ``--json`` prints of a run, a sweep or a reproduction: its path, and what its file of information says."""
    return {"path": str(directory.path.resolve()), **info.plain()}
