"""``featlearn reproduce``."""

from __future__ import annotations

from typing import Annotated

import typer

from featlearn.cli.errors import errors_told
from featlearn.cli.options import AsJson, Jobs, RunsDir, document_of, print_json
from featlearn.runs.home import DEFAULT_RUNS_DIR


def reproduce(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer runs, for a first look.")] = False,
    claims: Annotated[
        list[str] | None, typer.Option("--claim", metavar="ID", help="Only this claim. Repeatable.")
    ] = None,
    resume: Annotated[
        str | None, typer.Option("--resume", metavar="DIR", help="Go on with a reproduction: its path or its name.")
    ] = None,
    jobs: Jobs = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no verdicts.")] = False,
    as_json: AsJson = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """The paper's claims: each run, measured with 95 % intervals over seeds, and judged.

    Leaves a directory with the verdicts, a page for people, a figure for each claim, and the sweeps behind them.

    Exit status: 0 all hold; 1 one does not hold; 2 a wrong command line or file; 130 interrupted.
    """
    if resume is not None and (quick or claims):
        raise typer.BadParameter("--quick and --claim begin a reproduction, and one that is resumed knows its own")

    from featlearn.claims import load
    from featlearn.claims import reproduce as reproductions
    from featlearn.claims.directory import ReproductionDirectory
    from featlearn.claims.find import find_to_resume
    from featlearn.sweeps.executors import make_executor
    from featlearn.views.console import claims as claims_console
    from featlearn.views.console.output import complain
    from featlearn.views.report import claims_files
    from featlearn.views.report.claims import verdict

    with errors_told():
        paper = load.load_paper(load.SEED_PAPER)
        if resume is not None:
            directory = find_to_resume(ReproductionDirectory, resume, runs_dir)
        else:
            directory = reproductions.begin(paper, claims or [], runs_dir, quick=quick)
        with claims_console.ClaimsView(directory, quiet=quiet or as_json) as view:
            watch = view.watch(lambda record: claims_files.write(directory))
            try:
                info = reproductions.reproduce(paper, directory, watch, lambda: make_executor(jobs))
            except reproductions.Interrupted:
                complain([claims_console.interrupted(directory)])
                raise typer.Exit(130) from None
        claims_files.write(directory)

    if as_json:
        print_json(document_of(directory, info))
    elif not quiet:
        claims_console.show_summary(directory, info)
    if not info.all_hold:
        complain([verdict(info)] if quiet or as_json else [])
        raise typer.Exit(1)
