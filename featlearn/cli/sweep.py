"""``featlearn sweep``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from featlearn.cli.errors import errors_told
from featlearn.cli.options import AsJson, Jobs, RunsDir, print_json
from featlearn.cli.waiting import waiting
from featlearn.runs.home import DEFAULT_RUNS_DIR

if TYPE_CHECKING:
    from featlearn.sweeps.directory import Shard


def sweep(
    config: Annotated[Path | None, typer.Option("--config", "-c", help="The YAML sweep file.")] = None,
    jobs: Jobs = None,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", metavar="ADDR", help="A running Dask cluster to work on.")
    ] = None,
    shard: Annotated[
        str | None, typer.Option("--shard", metavar="I/N", help="Compute only share I of N, as in a job array.")
    ] = None,
    resume: Annotated[
        str | None, typer.Option("--resume", metavar="SWEEP", help="Go on with a sweep: its path, name or `latest`.")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="With --resume: compute failed and diverged points again.")
    ] = False,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first point that fails.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and what time and disk it takes.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no table.")] = False,
    as_json: AsJson = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Run many experiments: every point of a grid, each with every seed; or those that find an edge (find).

    Without --jobs or --scheduler all runs in this process, in batches that use all cores.

    Exit status: 0 all points done; 1 some failed or diverged; 2 a wrong command line or file; 130 interrupted.
    """
    if config is None and resume is None:
        raise typer.BadParameter("give --config FILE for a new sweep, --resume SWEEP to go on with one, or both")
    if jobs is not None and scheduler is not None:
        raise typer.BadParameter("--jobs starts workers here, --scheduler uses those of a cluster: give one of the two")
    if retry_failed and resume is None:
        raise typer.BadParameter("--retry-failed goes with --resume SWEEP")

    with errors_told():
        with waiting("preparing", quiet=quiet or as_json):
            share = _share(shard)

            from featlearn.claims.find import find_to_resume
            from featlearn.sweeps.begin import directory_of, sweep_of
            from featlearn.sweeps.directory import SweepDirectory
            from featlearn.sweeps.executors import make_executor
            from featlearn.sweeps.load import load_sweep
            from featlearn.sweeps.plan import plan_of
            from featlearn.sweeps.run import run_sweep
            from featlearn.views.console.output import complain
            from featlearn.views.console.progress import SweepView
            from featlearn.views.console.sweep import ending_of_sweep, show_plan, show_sweep, sweep_document

            begun = None if resume is None else find_to_resume(SweepDirectory, resume, runs_dir)
            asked = None if config is None else load_sweep(config)
        if dry_run:
            with waiting("measuring a few steps", quiet=quiet or as_json):
                plan = plan_of(sweep_of(begun, asked), share)
            show_plan(plan, jobs)
            return
        directory = directory_of(begun, asked, runs_dir, share)
        with SweepView(quiet=quiet or as_json) as view:
            result = run_sweep(
                directory,
                lambda: make_executor(jobs, scheduler),
                shard=share,
                retry_failed=retry_failed,
                fail_fast=fail_fast,
                watch=view.watch,
            )
        info = directory.read_info()

    if as_json:
        print_json(sweep_document(directory, info))
    elif not quiet:
        show_sweep(directory, info, advise=result.status == "done")  # the last line says it
    if result.status != "done" or result.failures:
        complain([ending_of_sweep(result, share)])
        raise typer.Exit(130 if result.status == "interrupted" else 1)


def _share(text: str | None) -> Shard:
    """The share that ``i/n`` names; the whole sweep without one."""
    from featlearn.sweeps.directory import WHOLE, Shard

    if text is None:
        return WHOLE
    number, slash, count = text.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count) <= 100_000):
        raise typer.BadParameter(f"--shard {text}: expected I/N with 1 ≤ I ≤ N, as in --shard 1/4")
    return Shard(int(number), int(count))
