"""``featlearn runs`` and ``featlearn show``."""

from __future__ import annotations

from typing import Annotated

import typer

from featlearn.cli.errors import errors_told
from featlearn.cli.options import DEFAULT_RUNS_DIR, AsJson, RunsDir, document_of, print_json


def runs(as_json: AsJson = False, runs_dir: RunsDir = DEFAULT_RUNS_DIR) -> None:
    """A table of all runs, sweeps and reproductions, oldest first."""
    from featlearn.claims.find import summaries_in
    from featlearn.views.console.runs import show_runs

    summaries = summaries_in(runs_dir)
    if as_json:
        print_json([summary.plain() for summary in summaries])
    else:
        show_runs(summaries, runs_dir)


def show(
    run: Annotated[
        str, typer.Argument(help="A run, a sweep or a reproduction: its path or name; a run or a sweep: `latest`.")
    ] = "latest",
    as_json: AsJson = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """One run (its stages, final metrics and environment), one sweep (its results), or one reproduction (verdicts)."""
    from featlearn.claims.directory import ReproductionDirectory
    from featlearn.claims.find import find
    from featlearn.sweeps.directory import SweepDirectory
    from featlearn.views.console.claims import show_reproduction
    from featlearn.views.console.output import complain
    from featlearn.views.console.run import show_environment, show_run
    from featlearn.views.console.sweep import show_sweep, sweep_document

    with errors_told():
        found = find(run, runs_dir)
        if isinstance(found, SweepDirectory):
            about = found.read_info()
            if as_json:
                print_json(sweep_document(found, about))
            else:
                show_sweep(found, about)
        elif isinstance(found, ReproductionDirectory):
            verdicts = found.read_info()
            if as_json:
                print_json(document_of(found, verdicts))
            else:
                show_reproduction(found, verdicts)
        else:
            info = found.read_info()
            if as_json:
                complain(text for text in (found.complaint(info),) if text)
                print_json(document_of(found, info))
            else:
                show_run(found, info)
                show_environment(info)
