"""A folder with runs of all kinds, made of one that was trained: for the tests of the page of all runs."""

import json
import shutil
from pathlib import Path
from typing import Any

from featlearn.runs.directory import RunDirectory
from featlearn.storage.directory import Notes
from tests.sweeps.small import new_sweep
from tests.views.examples import new_run
from tests.views.pages import HOSTILE

WIDTHS = {"a": 8, "b": 10, "c": 20, "d": 100}


def folder_of_runs(place: Path) -> Path:
    """Runs a to d by their widths, a broken one, one that was killed, and a sweep that has not begun.

    Run a has a page, b hostile notes, c diverged, d has its loss as null.
    """
    runs = place / "runs"
    trained = new_run(place / "trained")
    runs.mkdir()
    for number, (name, width) in enumerate(WIDTHS.items()):
        copied(trained, runs / f"20261101-00000{number}-{name}-00000{number}", width, name=name)
    a, b, c, d = (RunDirectory(path) for path in sorted(runs.iterdir()))
    a.report_file.write_text("<!DOCTYPE html><title>page of a</title>")
    a.write_notes(Notes(tags=("paper", "good"), note="the one to show"))
    b.write_notes(Notes(tags=(HOSTILE, "paper"), note=HOSTILE))
    changed(c, status="diverged", final={"loss": 5.0})
    changed(d, final={"loss": None})
    copied(trained, runs / "20261101-000005-broken-000005", 8).info_file.write_text("{")
    changed(copied(trained, runs / "20261101-000006-killed-000006", 8, name="killed"), status="running")
    new_sweep(place, "name: swept\nseeds: 2\n").path.rename(runs / "20261101-000007-swept-000007")
    return runs


def copied(run: RunDirectory, path: Path, width: int, **info: Any) -> RunDirectory:
    """A copy of a run, with another width in its configuration."""
    shutil.copytree(run.path, path)
    copy = RunDirectory(path)
    text = copy.config_file.read_text()
    copy.config_file.write_text(text.replace("width: 20\n", f"width: {width}\n"))
    changed(copy, **info)
    return copy


def changed(run: RunDirectory, final: dict[str, Any] | None = None, **info: Any) -> None:
    """Change what a run says of itself."""
    said = json.loads(run.info_file.read_text()) | info
    said["final"] |= final or {}
    run.info_file.write_text(json.dumps(said))
