"""``featlearn train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from featlearn.cli.errors import errors_told
from featlearn.cli.options import AsJson, RunsDir, document_of, print_json
from featlearn.cli.waiting import waiting
from featlearn.runs.home import DEFAULT_RUNS_DIR


def train(
    config: Annotated[Path | None, typer.Option("--config", "-c", help="The YAML configuration.")] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a key, as in --set student.width=50. Repeatable."),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            "--resume", metavar="RUN", help="Go on with a run: its path, `latest`, or its name or a beginning."
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
    as_json: AsJson = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Run one experiment: live progress, a summary, and a run directory.

    Exit status: 0 done; 1 failed or diverged; 2 a wrong command line or configuration; 130 interrupted.
    """
    if (config is None) == (resume is None):
        raise typer.BadParameter("give one of the two: --config FILE for a new run, --resume RUN to go on with one")
    if resume is not None and overrides:
        raise typer.BadParameter("--set changes a configuration, and a resumed run keeps its own; start a new run")

    with errors_told():
        settings = None
        with waiting("preparing", quiet=quiet or as_json):
            if config is not None:
                from featlearn.config.load import load_config

                settings = load_config(config, overrides or [])  # what is wrong with it is said before the rest loads

            from featlearn.claims.find import find_to_resume
            from featlearn.runs import train as runs
            from featlearn.runs.directory import RunDirectory
            from featlearn.views.console.output import complain
            from featlearn.views.console.progress import TrainingView
            from featlearn.views.console.run import ending_of_run, show_run

        with TrainingView(quiet=quiet or as_json) as view:
            if settings is not None:
                result = runs.train(settings, runs_dir, view.watch)
            else:
                assert resume is not None
                result = runs.resume(find_to_resume(RunDirectory, resume, runs_dir), view.watch)

    if as_json:
        print_json(document_of(result.run, result.info))
    elif not quiet:
        show_run(result.run, result.info)
    if result.status != "done":
        complain([ending_of_run(result.run, result.info)])
        raise typer.Exit(130 if result.status == "interrupted" else 1)
