"""The command line: parse, call, print. What takes long to load is loaded by the command that needs it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="How does gradient descent learn features? Teacher–student experiments on Gaussian inputs, with exact losses.",
)

RunsDir = Annotated[
    Path | None,
    typer.Option("--runs-dir", envvar="FEATLEARN_RUNS", help="Where run directories live.", show_default="runs"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output, and nothing else.")]


def main() -> None:
    """The entry point of the ``featlearn`` command."""
    _open_streams()
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output went away, as in `featlearn runs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _open_streams() -> None:
    """Output that a terminal cannot show is replaced, and closed streams lead nowhere: neither may end a run."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: PTH123, SIM115 - open for the life of the process
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"featlearn {version('featlearn')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def train(
    config: Annotated[Path | None, typer.Option("--config", "-c", help="The YAML configuration.")] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a key, as in --set student.width=50. Repeatable."),
    ] = None,
    resume: Annotated[
        str | None, typer.Option("--resume", metavar="RUN", help="Go on with a run: its path, its name or `latest`.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
    as_json: AsJson = False,
    runs_dir: RunsDir = None,
) -> None:
    """Run one experiment: live progress, a summary, and a run directory.

    Exit status: 0 done; 1 failed or diverged; 2 a wrong command line or configuration; 130 interrupted.
    """
    if (config is None) == (resume is None):
        raise typer.BadParameter("give one of the two: --config FILE for a new run, --resume RUN to go on with one")
    if resume is not None and overrides:
        raise typer.BadParameter("--set changes a configuration, and a resumed run keeps its own; start a new run")

    from featlearn.config.load import load_config
    from featlearn.config.yaml_source import ConfigError
    from featlearn.runs.directory import DEFAULT_RUNS_DIR, RunDirectory, RunError, RunNotFound
    from featlearn.runs.train import RunResult
    from featlearn.runs.train import resume as resume_run
    from featlearn.runs.train import train as train_run
    from featlearn.views.console import run as console

    view = console.TrainingView(quiet=quiet or as_json)
    result: RunResult
    try:
        if resume is not None:
            with view:
                result = resume_run(RunDirectory.find(resume, runs_dir or DEFAULT_RUNS_DIR), view.watch)
        else:
            assert config is not None
            settings = load_config(config, overrides or [])
            with view:
                result = train_run(settings, runs_dir or DEFAULT_RUNS_DIR, view.watch)
    except ConfigError as error:
        console.complain(map(str, error.complaints))
        raise typer.Exit(2) from None
    except RunError as error:
        console.complain([str(error)])
        raise typer.Exit(2 if isinstance(error, RunNotFound) else 1) from None

    if as_json:
        _print_json(_document(result.run, result.info))
    elif not quiet:
        console.show_run(result.run, result.info)
    if result.status != "done":
        console.complain([console.ending(result.run, result.info)])
        raise typer.Exit(130 if result.status == "interrupted" else 1)


@app.command()
def sweep(
    config: Annotated[Path | None, typer.Option("--config", "-c", help="The YAML sweep file.")] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Worker processes on this machine, one thread each.")
    ] = None,
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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done and how long it takes.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no table.")] = False,
    as_json: AsJson = False,
    runs_dir: RunsDir = None,
) -> None:
    """Run many experiments: every point of a grid, each with every seed.

    Without --jobs or --scheduler all runs in this process, in batches that use all cores.

    Exit status: 0 all points done; 1 some failed or diverged; 2 a wrong command line or file; 130 interrupted.
    """
    if config is None and resume is None:
        raise typer.BadParameter("give --config FILE for a new sweep, --resume SWEEP to go on with one, or both")
    if jobs is not None and scheduler is not None:
        raise typer.BadParameter("--jobs starts workers here, --scheduler uses those of a cluster: give one of the two")
    if retry_failed and resume is None:
        raise typer.BadParameter("--retry-failed goes with --resume SWEEP")

    from featlearn.config.yaml_source import ConfigError
    from featlearn.runs.directory import DEFAULT_RUNS_DIR, RunError, RunNotFound
    from featlearn.sweeps import sweep as sweeps
    from featlearn.sweeps.directory import SweepDirectory
    from featlearn.sweeps.executors import DaskExecutor, Executor, SerialExecutor
    from featlearn.sweeps.load import load_sweep
    from featlearn.views.console import run as console
    from featlearn.views.console import sweep as sweep_console

    share = _shard(shard)
    where = runs_dir or DEFAULT_RUNS_DIR

    def make_executor() -> Executor:
        return SerialExecutor() if jobs is None and scheduler is None else DaskExecutor(jobs, scheduler)

    try:
        directory = None if resume is None else SweepDirectory.find(resume, where)
        asked = load_sweep(config) if config is not None else None
        if dry_run:
            planned = asked if directory is None else load_sweep(directory.sweep_file)
            assert planned is not None
            sweep_console.show_plan(sweeps.plan(planned, share), jobs)
            return
        if directory is None:
            assert asked is not None
            directory = sweeps.begin(asked, where) if share.count == 1 else sweeps.join(asked, where, share)
        elif asked is not None:
            sweeps.check_same(directory, asked)
        with sweep_console.SweepView(quiet=quiet or as_json) as view:
            result = sweeps.run_sweep(
                directory,
                make_executor,
                shard=share,
                retry_failed=retry_failed,
                fail_fast=fail_fast,
                watch=view.watch,
            )
        info = directory.read_info()
    except ConfigError as error:
        console.complain(map(str, error.complaints))
        raise typer.Exit(2) from None
    except RunError as error:
        console.complain([str(error)])
        raise typer.Exit(2 if isinstance(error, RunNotFound) else 1) from None

    if as_json:
        _print_json(sweep_console.sweep_document(directory, info))
    elif not quiet:
        sweep_console.show_sweep(directory, info)
    if result.status != "done" or result.failures:
        console.complain([sweep_console.ending(result, share)])
        raise typer.Exit(130 if result.status == "interrupted" else 1)


@app.command()
def reproduce(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer runs, for a first look.")] = False,
    claims: Annotated[
        list[str] | None, typer.Option("--claim", metavar="ID", help="Only this claim. Repeatable.")
    ] = None,
    resume: Annotated[
        str | None, typer.Option("--resume", metavar="DIR", help="Go on with a reproduction: its path or its name.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Worker processes on this machine, one thread each.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no verdicts.")] = False,
    as_json: AsJson = False,
    runs_dir: RunsDir = None,
) -> None:
    """The paper's claims: each run, measured with 95 % intervals over seeds, and judged.

    Leaves a directory with the verdicts, a page for people, a figure for each claim, and the sweeps behind them.

    Exit status: 0 all hold; 1 one does not hold; 2 a wrong command line or file; 130 interrupted.
    """
    if resume is not None and (quick or claims):
        raise typer.BadParameter("--quick and --claim begin a reproduction, and one that is resumed knows its own")

    from featlearn.claims import reproduce as reproduction
    from featlearn.claims.directory import ReproductionDirectory
    from featlearn.config.yaml_source import ConfigError
    from featlearn.runs.directory import DEFAULT_RUNS_DIR, RunError, RunNotFound
    from featlearn.sweeps.executors import DaskExecutor, SerialExecutor
    from featlearn.views.console import claims as claims_console
    from featlearn.views.console import run as console
    from featlearn.views.report import claims_files

    where = runs_dir or DEFAULT_RUNS_DIR
    try:
        if resume is not None:
            directory = ReproductionDirectory.find(resume, where)
        else:
            directory = reproduction.begin(claims or [], where, quick=quick)
        with claims_console.ClaimsView(directory, quiet=quiet or as_json) as view:
            watch = view.watch(lambda record: claims_files.write(directory))
            try:
                info = reproduction.reproduce(
                    directory, watch, SerialExecutor if jobs is None else lambda: DaskExecutor(jobs)
                )
            except reproduction.Interrupted:
                console.complain([claims_console.interrupted(directory)])
                raise typer.Exit(130) from None
        claims_files.write(directory)
    except ConfigError as error:
        console.complain(map(str, error.complaints))
        raise typer.Exit(2) from None
    except RunError as error:
        console.complain([str(error)])
        raise typer.Exit(2 if isinstance(error, RunNotFound) else 1) from None

    if as_json:
        _print_json(_document(directory, info))
    elif not quiet:
        claims_console.show_summary(directory, info)
    if not info.all_hold:
        console.complain([claims_console.ending(info)] if quiet or as_json else [])
        raise typer.Exit(1)


@app.command()
def runs(as_json: AsJson = False, runs_dir: RunsDir = None) -> None:
    """A table of all runs, sweeps and reproductions, oldest first."""
    from featlearn.claims.directory import ReproductionDirectory
    from featlearn.runs.directory import DEFAULT_RUNS_DIR, RunDirectory
    from featlearn.sweeps.directory import SweepDirectory
    from featlearn.views.console import run as console

    where = runs_dir or DEFAULT_RUNS_DIR
    kinds = RunDirectory, SweepDirectory, ReproductionDirectory
    summaries = sorted((s for kind in kinds for s in kind.summarise(where)), key=lambda s: s.name)
    if as_json:
        _print_json([summary.plain() for summary in summaries])
    else:
        console.show_runs(summaries, where)


@app.command()
def show(
    run: Annotated[
        str, typer.Argument(help="A run, a sweep or a reproduction: its path or name; a run or a sweep: `latest`.")
    ] = "latest",
    as_json: AsJson = False,
    runs_dir: RunsDir = None,
) -> None:
    """One run (its stages, final metrics and environment), one sweep (its results), or one reproduction (verdicts)."""
    from featlearn.claims.directory import ReproductionDirectory
    from featlearn.runs.directory import DEFAULT_RUNS_DIR, RunDirectory, RunError
    from featlearn.sweeps.directory import SweepDirectory
    from featlearn.views.console import run as console
    from featlearn.views.console import sweep as sweep_console

    where = runs_dir or DEFAULT_RUNS_DIR
    try:
        if SweepDirectory.named(run, where) is not None:
            sweep = SweepDirectory.find(run, where)
            about = sweep.read_info()
            if as_json:
                _print_json(sweep_console.sweep_document(sweep, about))
            else:
                sweep_console.show_sweep(sweep, about)
            return
        if (reproduction := ReproductionDirectory.named(run, where)) is not None:
            verdicts = reproduction.read_info()
            if as_json:
                _print_json(_document(reproduction, verdicts))
            else:
                from featlearn.views.console import claims as claims_console  # with all that a reproduction needs

                claims_console.show_reproduction(reproduction, verdicts)
            return
        found = RunDirectory.find(run, where)
        info = found.read_info()
        if as_json:
            _print_json(_document(found, info))
        else:
            console.show_run(found, info)
            console.show_environment(info)
    except RunError as error:
        console.complain([str(error)])
        raise typer.Exit(2) from None


@app.command()
def plot(
    run: Annotated[str, typer.Argument(help="A run or a sweep: its path, its name or `latest`.")] = "latest",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where the files go.", show_default="figures/ in the run")
    ] = None,
    formats: Annotated[str, typer.Option("--format", "-f", help="Some of png, pdf, svg.")] = "pdf,png",
    size: Annotated[
        str, typer.Option("--size", help="column (3.25 in wide), page (5.5 in) or slide (10 in).")
    ] = "column",
    metrics: Annotated[
        list[str] | None,
        typer.Option("--metric", metavar="NAME", help="Of a sweep or an overlay: what to show. Repeatable."),
    ] = None,
    x: Annotated[
        str | None, typer.Option("--x", metavar="KEY", help="Of a sweep: the horizontal axis; others give lines.")
    ] = None,
    y: Annotated[
        str | None, typer.Option("--y", metavar="KEY", help="Of a sweep: the vertical axis of a heat map.")
    ] = None,
    overlay: Annotated[
        list[str] | None, typer.Option("--overlay", metavar="RUN", help="Another run for the same figure. Repeatable.")
    ] = None,
    runs_dir: RunsDir = None,
) -> None:
    """Figures for a paper, each with the data behind it as CSV.

    Of a run: curves, alignment, neurons and the dual certificate. Of a sweep: medians over seeds against one axis, or a
    heat map over two.
    """
    from featlearn.claims.directory import refuse_reproduction
    from featlearn.runs.directory import DEFAULT_RUNS_DIR, RunDirectory, RunError, RunNotFound
    from featlearn.sweeps.directory import SweepDirectory
    from featlearn.views.console import run as console
    from featlearn.views.data.run import read_run
    from featlearn.views.data.sweep import WrongChoice, read_sweep
    from featlearn.views.figures import drawing as figures

    where = runs_dir or DEFAULT_RUNS_DIR
    kinds = list(dict.fromkeys(part.strip().lower() for part in formats.split(",")))
    if unknown := [kind for kind in kinds if kind not in figures.FORMATS]:
        raise typer.BadParameter(f"--format {','.join(unknown)}: expected some of {', '.join(figures.FORMATS)}")
    if size not in figures.SIZES:
        raise typer.BadParameter(f"--size {size}: expected one of {', '.join(figures.SIZES)}")
    chosen, shown = figures.SIZES[size], metrics or list(figures.DEFAULT_METRICS)
    try:
        figures.check_metrics(shown)
        refuse_reproduction(run, where)
        sweep = SweepDirectory.named(run, where)
        if sweep is not None:
            if overlay:
                raise typer.BadParameter("--overlay takes runs, and this is a sweep; its runs are in its folder runs/")
            data = read_sweep(sweep)
            drawings = figures.sweep_figures(data, shown, x, y, chosen)
            target = out or sweep.inside(sweep.figures.name)
        else:
            if x or y or (metrics and not overlay):
                raise typer.BadParameter("--x and --y are for sweeps, --metric is for sweeps and for --overlay")
            found = RunDirectory.find(run, where)
            runs_shown = [read_run(found), *(read_run(RunDirectory.find(other, where)) for other in overlay or [])]
            drawings = figures.run_figures(runs_shown[0], chosen)
            if overlay:
                drawings = iter([figures.overlay_figure(runs_shown, shown, chosen)])
            elif runs_shown[0].missing:
                console.complain([f"no figure of the neurons: {runs_shown[0].missing}"])
            console.complain(shown_run.lost for shown_run in runs_shown if shown_run.lost)
            target = out or found.inside(found.figures.name)
        for drawing in drawings:
            files = figures.save(drawing, target, kinds, chosen)
            console.show_figure(files, drawing.slopes)
    except RunError as error:
        console.complain([str(error)])
        raise typer.Exit(2 if isinstance(error, RunNotFound | WrongChoice) else 1) from None


@app.command()
def report(
    run: Annotated[str, typer.Argument(help="A run or a sweep: its path, its name or `latest`.")] = "latest",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to write.", show_default="report.html in the run")
    ] = None,
    runs_dir: RunsDir = None,
) -> None:
    """One HTML page that needs no network: curves, neurons and certificate over time, configuration; a sweep's map and
    table."""
    from featlearn.claims.directory import refuse_reproduction
    from featlearn.runs.directory import DEFAULT_RUNS_DIR, RunDirectory, RunError, RunNotFound
    from featlearn.sweeps.directory import SweepDirectory
    from featlearn.views.console import run as console
    from featlearn.views.console.output import tell
    from featlearn.views.data.run import read_run
    from featlearn.views.data.sweep import read_sweep
    from featlearn.views.report import page as reports

    where = runs_dir or DEFAULT_RUNS_DIR
    try:
        refuse_reproduction(run, where)
        sweep = SweepDirectory.named(run, where)
        if sweep is not None:
            with console.counting("reading runs") as watch:
                page, file = reports.sweep_page(read_sweep(sweep), watch), sweep.report_file
        else:
            found = RunDirectory.find(run, where)
            data = read_run(found)
            console.complain([data.lost] if data.lost else [])
            page, file = reports.run_page(data), found.report_file
        reports.write_page(page, out or file)
    except RunError as error:
        console.complain([str(error)])
        raise typer.Exit(2 if isinstance(error, RunNotFound) else 1) from None
    tell(out or file)


@app.command()
def schema() -> None:
    """The JSON schema of the configuration, for editors."""
    from featlearn.config.model import Config

    _print_json(Config.model_json_schema())


@app.command()
def check(as_json: AsJson = False) -> None:
    """Check the closed forms on this machine: quadrature, Monte Carlo, finite differences, backends."""
    from featlearn.training.selfcheck import run_checks
    from featlearn.views.console import run as console

    results = [r.__dict__ | {"passed": r.passed} for r in console.watch_checks(run_checks(), quiet=as_json)]
    if as_json:
        _print_json(results)
    if not all(r["passed"] for r in results):
        raise typer.Exit(1)


def _shard(text: str | None) -> Any:
    """The share that ``i/n`` names."""
    from featlearn.sweeps.directory import WHOLE, Shard

    if text is None:
        return WHOLE
    number, slash, count = text.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count) <= 100_000):
        raise typer.BadParameter(f"--shard {text}: expected I/N with 1 ≤ I ≤ N, as in --shard 1/4")
    return Shard(int(number), int(count))


def _document(directory: Any, info: Any) -> dict[str, Any]:
    return {"path": str(directory.path.resolve()), **info.plain()}


def _print_json(document: Any) -> None:
    from featlearn.storage.text import printable_json

    typer.echo(printable_json(json.dumps(document, indent=2, ensure_ascii=False)))
