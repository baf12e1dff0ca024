"""``featlearn report --index``: the page of all runs, as a file or kept fresh."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from featlearn.cli.errors import errors_told
from featlearn.cli.waiting import waiting


def write_index(runs_dir: Path, out: Path | None) -> None:
    """Write the page of a folder, and tell where."""
    with waiting("reading runs", quiet=False), errors_told():
        from featlearn.claims.listing import listing
        from featlearn.views.console.output import tell
        from featlearn.views.data.thumbnails import thumbnails
        from featlearn.views.report.index import PAGE_FILE, index_page
        from featlearn.views.report.page import write_page

        _check_is_there(runs_dir)
        file = out or runs_dir / PAGE_FILE
        write_page(index_page(listing(runs_dir), thumbnails(runs_dir), runs_dir, file.parent), file)
    tell(file)


def watch_index(runs_dir: Path) -> None:
    """Serve the page of a folder until Ctrl-C."""
    with waiting("reading runs", quiet=False), errors_told():
        from featlearn.views.console.output import tell
        from featlearn.views.report.watch import IndexServer

        _check_is_there(runs_dir)
        server = IndexServer(runs_dir)
        server.watched.news(0)
    with server, suppress(KeyboardInterrupt):
        tell(f"{server.address} shows the runs in {runs_dir} to this machine alone, until Ctrl-C", flush=True)
        server.serve_forever()


def _check_is_there(runs_dir: Path) -> None:
    from featlearn.storage.errors import RunNotFound

    if not runs_dir.is_dir():
        made = "make one with: featlearn new, then featlearn train --config quickstart.yaml"
        raise RunNotFound(f"there are no runs in {runs_dir}; {made}")
