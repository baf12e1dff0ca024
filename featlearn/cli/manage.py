"""``featlearn diff``, ``export``, ``tag``, ``note`` and ``rm``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from featlearn.cli.errors import errors_told
from featlearn.cli.options import AsJson, RunsDir, print_json
from featlearn.runs.home import DEFAULT_RUNS_DIR

Run = Annotated[str, typer.Argument(metavar="RUN", help="Its path, `latest`, or its name or the beginning of it.")]
_TAG = re.compile(r"[\w.:/+-]{1,60}")


def diff(first: Run, second: Run, as_json: AsJson = False, runs_dir: RunsDir = DEFAULT_RUNS_DIR) -> None:
    """In what two runs differ: settings, results and environment; or two sweeps, at the values that both have."""
    from featlearn.claims.find import find_run_or_sweep
    from featlearn.views.console.manage import show_differences
    from featlearn.views.data.differences import differences

    with errors_told():
        one, other = find_run_or_sweep(first, runs_dir), find_run_or_sweep(second, runs_dir)
        found = differences(one, other)
    if as_json:
        print_json({"runs": [str(one.path), str(other.path)], **found})
    else:
        show_differences((one.name, other.name), found)


def export(
    run: Run = "latest",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to write.", show_default="NAME.zip here")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """One zip file of a run or a sweep: configuration, log, environment, figures and BibTeX."""
    from featlearn.claims.find import find_run_or_sweep
    from featlearn.views.console.output import tell
    from featlearn.views.export import export as write

    with errors_told():
        found = find_run_or_sweep(run, runs_dir)
        file = out or Path(f"{found.name}.zip")
        write(found, file, force=force)
    tell(file)


def tag(
    run: Run,
    tags: Annotated[list[str], typer.Argument(metavar="TAG…", help="Letters, digits and . _ - : / + without spaces.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take the tags away.")] = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Give a run tags: `runs --where tags=TAG` finds it."""
    from featlearn.claims.find import find
    from featlearn.views.console.manage import show_notes

    for text in tags:
        if not _TAG.fullmatch(text):
            raise typer.BadParameter(f"{text!r:.80} is no tag: letters, digits and . _ - : / +, without spaces")
    with errors_told():
        found = find(run, runs_dir)
        notes = found.read_notes()
        kept = [text for text in notes.tags if text not in tags]
        notes = notes.changed(tags=tuple(kept if remove else dict.fromkeys([*notes.tags, *tags])))
        found.write_notes(notes)
    show_notes(notes)


def note(
    run: Run,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to remember of it; '' takes the note away.")],
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Write down a note about a run, in place of the one it had."""
    from featlearn.claims.find import find
    from featlearn.views.console.manage import show_notes

    with errors_told():
        found = find(run, runs_dir)
        notes = found.read_notes().changed(note=text)
        found.write_notes(notes)
    show_notes(notes)


def rm(
    runs: Annotated[
        list[str], typer.Argument(metavar="RUN…", help="Runs, sweeps or reproductions: names, or beginnings of names.")
    ],
    purge: Annotated[bool, typer.Option("--purge", help="Delete for good.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Move runs to the folder .trash of the runs directory, from where they can be moved back; or delete them."""
    from featlearn.claims.find import find
    from featlearn.claims.removal import check_removable, remove
    from featlearn.storage.text import printable
    from featlearn.views.console.manage import show_removed

    with errors_told():
        found = list({meant.path: meant for meant in (find(name, runs_dir) for name in runs)}.values())
        for meant in found:  # all of them, before any is touched
            check_removable(meant, runs_dir, purge=purge)
        if not yes:
            names = ", ".join(printable(meant.name) for meant in found)
            typer.confirm(f"{'Delete' if purge else 'Move to the trash'}: {names}?", abort=True)
        for meant in found:
            show_removed(meant.name, remove(meant, runs_dir, purge=purge))
