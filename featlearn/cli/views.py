"""``featlearn plot`` and ``featlearn report``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from featlearn.cli.errors import errors_told
from featlearn.cli.options import RunsDir
from featlearn.cli.waiting import waiting
from featlearn.runs.home import DEFAULT_RUNS_DIR

if TYPE_CHECKING:
    from featlearn.views.data.run import RunData
    from featlearn.views.data.theory import Theory

_DEFAULT_METRICS = ("loss", "mean_angle")  # what is shown of a sweep or an overlay without --metric
_SAMPLES = "samples_per_dimension"
_OF_SWEEPS = (
    "--x and --y are for sweeps, --metric is for sweeps and for --overlay; "
    f"of one run there is --x {_SAMPLES} alone, for its overlaps"
)
_OVERLAID = {"sweep": "--overlay takes runs, and those of a sweep are in its folder runs/"}
_MOST_RUNS = 3  # on one page
_SIDE_BY_SIDE = {
    "sweep": "side by side are runs, and those of a sweep are in {path}/runs; its own page: featlearn report {path}",
    "reproduction": "side by side are runs, and those of its sweeps are in the folders runs/ of these",
}
_DEFAULT_ON_DATA = ("test_loss", "train_loss")  # the same without a teacher


def plot(
    run: Annotated[
        str, typer.Argument(help="A run or a sweep: its path, `latest`, or its name or a beginning.")
    ] = "latest",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where the files go.", show_default="figures/ in the run")
    ] = None,
    formats: Annotated[
        str | None,
        typer.Option(
            "--format", "-f", help="Some of png, pdf, svg; of a film mp4 or gif.", show_default="pdf,png; mp4 or gif"
        ),
    ] = None,
    size: Annotated[
        str, typer.Option("--size", help="column (3.25 in wide), page (5.5 in) or slide (10 in).")
    ] = "column",
    fonts: Annotated[
        str, typer.Option("--style", help="plain (sans serif), or paper (serif, as papers in Times are set).")
    ] = "plain",
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            metavar="NAME",
            help="Of a sweep or an overlay: what to show. Of a sweep also when: 'loss below 0.01'. Repeatable.",
        ),
    ] = None,
    x: Annotated[
        str | None,
        typer.Option(
            "--x",
            metavar="KEY",
            help="Of a sweep: the horizontal axis; others give lines. Of a run on online data: samples_per_dimension,"
            " for its overlaps.",
        ),
    ] = None,
    y: Annotated[
        str | None, typer.Option("--y", metavar="KEY", help="Of a sweep: the vertical axis of a heat map.")
    ] = None,
    overlay: Annotated[
        list[str] | None, typer.Option("--overlay", metavar="RUN", help="Another run for the same figure. Repeatable.")
    ] = None,
    theory: Annotated[
        bool, typer.Option("--theory", help="Of a run on online data: its order-parameter flow behind the curves.")
    ] = False,
    film: Annotated[
        bool, typer.Option("--film", help="Of a run: its neurons over time as a film (MP4 or GIF), up to 10 s long.")
    ] = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Figures for a paper, with their data and captions.

    Of a run: curves, alignment, neurons, overlaps with the teacher's directions, the loss by degrees, the dual
    certificate and the λ-path. Of a sweep: medians over seeds against one axis, or a heat map over two. Each comes
    with the data behind it as CSV and a caption for LaTeX. Of a sweep with find: the condition along its axis, and the
    edge by another axis.
    """
    with waiting("loading", quiet=False):
        from featlearn.claims.find import find_only, find_run_or_sweep
        from featlearn.cli.film import film_of
        from featlearn.runs.directory import RunDirectory
        from featlearn.runs.metrics import Table, with_values
        from featlearn.sweeps.directory import SweepDirectory
        from featlearn.views.console.figure import show_figure
        from featlearn.views.console.output import complain
        from featlearn.views.data.edges import read_edges
        from featlearn.views.data.run import read_run
        from featlearn.views.data.sweep import check_metrics, read_sweep
        from featlearn.views.figures.edges import edge_figures
        from featlearn.views.figures.overlay import choose_overlay, overlay_figure
        from featlearn.views.figures.run import overlaps_by_samples, run_figures
        from featlearn.views.figures.saving import save
        from featlearn.views.figures.style import SIZES, STYLES
        from featlearn.views.figures.sweep import sweep_figures

    if size not in SIZES:
        raise typer.BadParameter(f"--size {size}: expected one of {', '.join(SIZES)}")
    if fonts not in STYLES:
        raise typer.BadParameter(f"--style {fonts}: expected one of {', '.join(STYLES)}")

    def named(*tables: Table) -> list[str]:
        """The metrics to show: those asked for; else the first kind of which every table has one, or else any."""
        held = [[with_values(table, names) for table in tables] for names in (_DEFAULT_METRICS, _DEFAULT_ON_DATA)]
        found = [[*filter(all, held)], [*filter(any, held)]]
        kind = next((kinds[0] for kinds in found if kinds), [[*_DEFAULT_METRICS]])
        return metrics or list(dict.fromkeys(chain.from_iterable(kind)))

    chosen = replace(SIZES[size], style=fonts)
    if film:
        given = {"--x": x, "--y": y, "--metric": metrics, "--overlay": overlay, "--theory": theory}
        film_of(run, runs_dir, out, formats, chosen, [option for option, value in given.items() if value])
        return
    kinds = _kinds(formats)
    with errors_told():
        found = find_run_or_sweep(run, runs_dir)
        check_metrics(metrics or [], conditions=isinstance(found, SweepDirectory))
        if isinstance(found, SweepDirectory):
            if overlay or theory:
                wrong = f"{'--overlay' if overlay else '--theory'} takes runs, and this is a sweep"
                raise typer.BadParameter(f"{wrong}; its runs are in its folder runs/")
            sweep = read_sweep(found)
            edges = None if metrics or x or y else read_edges(found)
            columns = named(sweep.columns)
            drawings = edge_figures(edges, chosen) if edges else sweep_figures(sweep, columns, x, y, chosen)
        else:
            by_samples = _by_samples(x, y, metrics, alone=not overlay, theory=theory)
            data = read_run(found)
            expected = _theory_of(data, overlay) if theory else None
            if by_samples:
                others, drawings = [], iter([overlaps_by_samples(data, chosen)])
            elif overlay:
                others = [read_run(find_only(RunDirectory, other, runs_dir, _OVERLAID)) for other in overlay]
                several = [data, *others]
                kept, held, left_out = choose_overlay(several, named(*(one.metrics for one in several)))
                complain(left_out)
                drawings = iter([overlay_figure(kept, held, chosen)])
            else:
                others = []
                drawings = run_figures(data, chosen, expected)
                complain([f"no figure of the neurons: {data.missing}"] if data.missing else [])
            complain(shown.lost for shown in (data, *others) if shown.lost)
        names = set()
        for drawing in drawings:
            names.add(drawing.name)
            files = save(drawing, out or found.inside(found.figures.name), kinds, chosen)
            show_figure(files, drawing.slopes)
        if names & {"neurons"}:
            complain(_missing(data, names))


def _kinds(formats: str | None) -> list[str]:
    """The endings of the files of figures."""
    from featlearn.views.figures.saving import FORMATS

    kinds = list(dict.fromkeys(part.strip().lower() for part in (formats or "pdf,png").split(",")))
    if unknown := [kind for kind in kinds if kind not in FORMATS]:
        films = "; mp4 and gif are for --film" if {"mp4", "gif"} & set(unknown) else ""
        raise typer.BadParameter(f"--format {','.join(unknown)}: expected some of {', '.join(FORMATS)}{films}")
    return kinds


def _missing(data: RunData, names: set[str]) -> Iterator[str]:
    """Why a run has no figures beyond that of its neurons."""
    from featlearn.views.data.certificate import why_no_certificate
    from featlearn.views.data.path import why_no_path
    from featlearn.views.data.trained import trained_functions

    if "overlaps" in names and "degrees" not in names:
        yield f"no figure of the loss by degrees: {trained_functions(data).no_degrees}"
    if "certificate" not in names:
        yield f"no figure of the certificate: {why_no_certificate(data)}"
    if "path" not in names and (why := why_no_path(data)) != why_no_certificate(data) and why is not None:
        yield f"no figure of the λ-path: {why}"


def _by_samples(x: str | None, y: str | None, metrics: list[str] | None, *, alone: bool, theory: bool) -> bool:
    """Whether a run is to be drawn against samples; options that are not for runs, or not together, are refused."""
    by_samples = x == _SAMPLES and alone and not (y or metrics or theory)
    if (x and not by_samples) or y or (metrics and alone):
        raise typer.BadParameter(_OF_SWEEPS)
    return by_samples


def _theory_of(data: RunData, overlay: list[str] | None) -> Theory:
    """The theory of a run; it is told where that is the drift alone."""
    if overlay:
        raise typer.BadParameter("--theory is for the figures of one run, not for those of --overlay")
    with waiting("integrating the order parameters", quiet=False):
        from featlearn.views.console.output import complain
        from featlearn.views.data.theory import read_theory

        found = read_theory(data)
    if found.drift_alone is not None:
        complain([f"the theory lines are the population drift alone: {found.drift_alone}"])
    return found


def report(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN]…",
            help="A run or a sweep: its path, `latest`, or its name or a beginning. Two or three runs: side by side.",
            show_default="latest",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to write.", show_default="report.html in the run")
    ] = None,
    index: Annotated[
        bool,
        typer.Option("--index", help="Of all runs, sweeps and reproductions, as index.html in the runs directory."),
    ] = False,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="With --index: serve the page to this machine alone, kept fresh, until Ctrl-C."),
    ] = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """One HTML page that needs no network.

    Of a run: curves, neurons and certificate over time, and the configuration. Of two or three runs: their neurons side
    by side at the same time, their curves in shared charts, and in what they differ. Of a sweep: its map and table. Of
    all of them: a table with filters, from which runs are chosen.
    """
    if index or watch:
        _report_on_all(runs or [], out, runs_dir, index=index, watch=watch)
        return
    names = runs or ["latest"]
    if len(names) > _MOST_RUNS:
        raise typer.BadParameter(
            f"a page shows one run, or two or three side by side, and here are {len(names)}; more are drawn in one "
            "figure by `featlearn plot RUN --overlay RUN --overlay RUN …`, those of a sweep by `featlearn report SWEEP`"
        )
    with errors_told():
        page, file = _page_of_runs(names, runs_dir) if len(names) > 1 else _page_of(names[0], out, runs_dir)
        from featlearn.views.console.output import tell
        from featlearn.views.report.page import write_page

        write_page(page, out or file)
    tell(out or file)


def _page_of(name: str, out: Path | None, runs_dir: Path) -> tuple[str, Path]:
    """The page of a run or a sweep, and where it goes unless somebody says otherwise."""
    with waiting("loading", quiet=False):
        from featlearn.claims.find import find_run_or_sweep
        from featlearn.sweeps.directory import SweepDirectory
        from featlearn.views.console.output import complain
        from featlearn.views.console.progress import counting
        from featlearn.views.data.run import read_run
        from featlearn.views.data.sweep import read_sweep
        from featlearn.views.report.run import run_page
        from featlearn.views.report.sweep import sweep_page

    found = find_run_or_sweep(name, runs_dir)
    if isinstance(found, SweepDirectory):
        with counting("reading runs") as watch:
            return sweep_page(read_sweep(found), watch, (out or found.report_file).parent), found.report_file
    data = read_run(found)
    complain([data.lost] if data.lost else [])
    return run_page(data), found.report_file


def _page_of_runs(names: list[str], runs_dir: Path) -> tuple[str, Path]:
    """The page of several runs side by side, and where it goes: into the directory of the first."""
    with waiting("loading", quiet=False):
        from featlearn.claims.find import find_only
        from featlearn.runs.directory import RunDirectory
        from featlearn.views.console.output import complain
        from featlearn.views.data.comparison import compare
        from featlearn.views.data.run import read_run
        from featlearn.views.report.compare import comparison_page

    found = [find_only(RunDirectory, name, runs_dir, _SIDE_BY_SIDE) for name in names]
    data = [read_run(run) for run in found]
    complain(one.lost for one in data if one.lost)
    others = "-".join(run.name for run in found[1:])
    return comparison_page(compare(data)), found[0].inside(f"report-with-{others}.html")


def _report_on_all(runs: list[str], out: Path | None, runs_dir: Path, *, index: bool, watch: bool) -> None:
    from featlearn.cli.index import watch_index, write_index

    if not index:
        raise typer.BadParameter(
            "--watch goes with --index; the page of one run is written anew by: featlearn report RUN"
        )
    if runs:
        raise typer.BadParameter(
            f"--index is of all runs; leave out {' '.join(runs)!r:.200}, or --index for a page of what is named"
        )
    if watch and out is not None:
        raise typer.BadParameter("--watch serves the page and writes none; leave out --out, or --watch for a file")
    if watch:
        watch_index(runs_dir)
    else:
        write_index(runs_dir, out)
