"""``featlearn plot``: which figures a run or a sweep has, their sizes and style, and the files they are written to."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from featlearn.storage.cells import cell_of
from featlearn.storage.errors import RunError, reason
from featlearn.storage.replacement import replace_file
from featlearn.views.data.certificate import CertificateView, certificate_table, certificate_view, read_certificates
from featlearn.views.data.run import (
    RunData,
    Table,
    alignment_table,
    curves_table,
    label_runs,
    neurons_table,
)
from featlearn.views.data.sweep import (
    Axis,
    Slope,
    SweepData,
    WrongChoice,
    numbers,
    numeric_columns,
    runs_table,
    summary_table,
)
from featlearn.views.figures import certificate as certificate_plots
from featlearn.views.figures import run as plots
from featlearn.views.figures import sweep as sweep_plots
from featlearn.views.figures.run import Artists
from featlearn.views.words.labels import label_of
from featlearn.views.words.palette import GREY

SizeName = Literal["column", "page", "slide"]
FORMATS = ("png", "pdf", "svg")
DEFAULT_METRICS = ("loss", "mean_angle")


@dataclass(frozen=True)
class Size:
    """Width in inches, font size in points, and the diameter of the heaviest neuron."""

    width: float
    font: float
    dot: float


# the widths that LaTeX classes of conferences leave: one of two columns, and a page of one column
SIZES: dict[SizeName, Size] = {"column": Size(3.25, 7.5, 9), "page": Size(5.5, 9, 13), "slide": Size(10, 17, 26)}


@dataclass(frozen=True)
class Drawing:
    """A figure with the data behind it, under the name that its files get."""

    name: str
    figure: Figure
    table: Table
    artists: Artists
    slopes: dict[str, Slope | None]


@contextmanager
def style(size: Size) -> Iterator[None]:
    """Sober, with real text in vector files."""
    settings: dict[str, Any] = {
        "font.family": "DejaVu Sans",  # comes with matplotlib: the same everywhere
        "mathtext.default": "regular",  # one font: the others would triple the time that a PDF takes
        "font.size": size.font,
        "axes.labelsize": size.font,
        "xtick.labelsize": 0.9 * size.font,
        "ytick.labelsize": 0.9 * size.font,
        "legend.fontsize": 0.85 * size.font,
        "legend.frameon": True,
        "legend.framealpha": 0.8,
        "legend.edgecolor": "none",
        "legend.borderpad": 0.2,
        "legend.handlelength": 1.6,
        "lines.linewidth": size.font / 7,
        "axes.linewidth": size.font / 14,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "figure.facecolor": "white",
        "pdf.fonttype": 42,
        "svg.fonttype": "none",
        "svg.hashsalt": "featlearn",
    }
    with mpl.rc_context(settings):  # type: ignore[arg-type]
        yield


def _figure(size: Size, aspect: float) -> Figure:
    return Figure(figsize=(size.width, aspect * size.width), layout="constrained")


# --- one run ------------------------------------------------------------------------------------


def run_figures(data: RunData, size: Size) -> Iterator[Drawing]:
    """Curves, alignment and, where there are snapshots, neurons; the certificate where there are optima."""
    with style(size):
        yield _curves(data, size)
        yield _alignment(data, size)
        if data.neurons is not None:
            yield _neurons(data, size)
        with suppress(RunError):  # a broken record of optima, which the report says
            if (certificates := read_certificates(data)) and (view := certificate_view(certificates, data.metrics)):
                yield _certificate(view, size)


def _curves(data: RunData, size: Size) -> Drawing:
    table = curves_table(data)
    with_gap = bool(np.any(table["gap"] > 0))
    figure = _figure(size, 0.95 if with_gap else 0.75)
    upper, *between, lower = figure.subplots(2 + with_gap, 1, height_ratios=[3, 2, 1] if with_gap else [3, 1])
    artists = plots.curves(upper, lower, table, data.stages, *between)
    _name_stages(figure, data, size)
    return Drawing("curves", figure, table, artists, {})


def _alignment(data: RunData, size: Size) -> Drawing:
    figure, table = _figure(size, 0.95), alignment_table(data)
    upper, lower = figure.subplots(2, 1, height_ratios=[3, 2])
    artists = plots.alignment(upper, lower, table, data.stages, data.teachers)
    _name_stages(figure, data, size)
    return Drawing("alignment", figure, table, artists, {})


def _name_stages(figure: Figure, data: RunData, size: Size) -> None:
    characters = int(size.width * 72 / (0.85 * size.font * 0.6))
    key = plots.stage_key(data.stages, characters)
    if data.info.status != "done":
        key += f"\n{data.info.status} at step {data.metrics['step'][-1]}"
    figure.suptitle(key, fontsize=0.85 * size.font, color=GREY)


def _neurons(data: RunData, size: Size) -> Drawing:
    neurons = data.neurons
    assert neurons is not None
    in_plane = neurons.rank == 2
    figure = _figure(size, (0.62 if neurons.lines else 1.05) if in_plane else 0.8)
    ax = figure.subplots()
    draw = plots.neurons_in_plane if in_plane else plots.neurons_by_mass
    artists = draw(ax, neurons, largest=size.dot)
    ax.set_title(f"neurons at step {neurons.steps[-1]:,}".replace(",", "\N{THIN SPACE}"), fontsize=size.font)
    return Drawing("neurons", figure, neurons_table(neurons), artists, {})


def _certificate(view: CertificateView, size: Size) -> Drawing:
    table = certificate_table(view)
    if view.frame is None:
        figure = _figure(size, 0.75)
        artists = certificate_plots.certificate_on_circle(figure.subplots(), view, largest=size.dot)
        figure.legend(loc="outside lower center", ncols=2 if size.width < 4 else 3)
    else:
        panels = certificate_plots.sphere_panels(view)
        rows, columns = -(-len(panels) // 2), min(len(panels), 2)
        figure = _figure(size, 0.25 + 0.8 * rows if len(panels) == 1 else 0.17 + 0.53 * rows)
        artists = {}
        axes = np.atleast_1d(figure.subplots(rows, columns)).ravel()
        for number, (ax, (curve, side, title)) in enumerate(zip(axes, panels, strict=True)):
            image, drawn = certificate_plots.certificate_on_disc(ax, view, curve, side, largest=size.dot)
            artists |= drawn if number == 0 else {f"{name} {number}": artist for name, artist in drawn.items()}
            ax.set_title(title, fontsize=size.font)
        extend = "both" if any(np.abs(curve.eta).max() > 1.02 for curve, *_ in panels) else "neither"
        bar = figure.colorbar(image, ax=axes, location="bottom", extend=extend, ticks=[-1, -0.5, 0, 0.5, 1], shrink=0.7)
        bar.set_label("certificate η(w)")
        bar.outline.set_visible(False)
    figure.suptitle(certificate_plots.verdict(view.optimum, view.decays), fontsize=0.85 * size.font, color=GREY)
    return Drawing("certificate", figure, table, artists, {})


def overlay_figure(runs: Sequence[RunData], metrics: Sequence[str], size: Size) -> Drawing:
    """Columns of several runs in one figure, one under the other."""
    named = list(zip(label_runs(list(runs)), (data.metrics for data in runs), strict=True))
    with style(size):
        figure = _figure(size, 0.2 + 0.45 * len(metrics))
        axes = np.atleast_1d(figure.subplots(len(metrics), 1))
        artists: Artists = {}
        for ax, metric in zip(axes, metrics, strict=True):
            for name, artist in plots.overlay(ax, metric, named).items():
                artists[f"{metric} {name}"] = artist
        for ax in axes[:-1]:
            ax.tick_params(labelbottom=False)
            ax.set_xlabel("")
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=1 if size.width < 5 else 2)
    table: Table = {"run": np.concatenate([[name] * len(m["step"]) for name, m in named])}
    table |= {name: np.concatenate([m[name] for _, m in named]) for name in ("step", "stage", *metrics)}
    return Drawing("overlay", figure, table, artists, {})


# --- a sweep ------------------------------------------------------------------------------------


def sweep_figures(
    data: SweepData, metrics: Sequence[str], x: str | None, y: str | None, size: Size
) -> Iterator[Drawing]:
    """A figure for each metric: against one axis, or over two.

    Raises:
        WrongChoice: when there are more axes than a figure can show, or no such axis.
    """
    across, up, lines = _choose_axes(data, x, y)
    with style(size):
        for metric in metrics:
            if across is None:
                yield _over_seeds(data, metric, size)
            elif up is None:
                yield _against(data, metric, across, lines, size)
            else:
                yield _heat_map(data, metric, across, up, size)


def _choose_axes(data: SweepData, x: str | None, y: str | None) -> tuple[Axis | None, Axis | None, list[Axis]]:
    """The axis of the figure, the second one of a heat map, and those that make a line each."""
    if not data.axes:
        if x or y:
            raise WrongChoice("this sweep varies nothing but the seed: there are no axes to choose")
        return None, None, []
    up = data.axis(y) if y else None
    rest = [axis for axis in data.axes if axis is not up]
    if x:
        across = data.axis(x)
        if across is up:
            raise WrongChoice(f"--x and --y are both {across.key}")
    elif not rest:
        raise WrongChoice(f"{y} is the only axis of this sweep; give it as --x")
    else:
        across = next((axis for axis in rest if axis.numeric), rest[0])
    others = [axis for axis in rest if axis is not across]
    if up is None and x is None and len(others) == 1:
        up, others = others[0], []
    if up is not None:
        if others:
            told = ", ".join(axis.key for axis in others)
            raise WrongChoice(
                f"a heat map has two axes, and this sweep varies {told} too: a median over it would mix "
                f"different settings; give --x alone for one line per setting"
            )
        return across, up, []
    lines = int(np.prod([len(axis.values) for axis in others]))
    if lines > sweep_plots.MOST_LINES:
        told = " and ".join(axis.key for axis in others)
        choices = ", ".join(axis.key for axis in data.axes)
        raise WrongChoice(
            f"one line for each {told} would be {lines} lines, and a figure holds {sweep_plots.MOST_LINES}; "
            f"choose other axes with --x and --y among {choices}, or split the sweep"
        )
    return across, None, others


def _against(data: SweepData, metric: str, across: Axis, lines: list[Axis], size: Size) -> Drawing:
    figure = _figure(size, 0.75)
    table = summary_table(data, [*lines, across], metric)
    named = list(_split(table, lines)) if lines else [("", table)]
    artists, slopes = sweep_plots.against(figure.subplots(), metric, across, named)
    return Drawing(f"{metric}-by-{across.name}", figure, table, artists, slopes)


def _split(table: Table, lines: list[Axis]) -> Iterator[tuple[str, Table]]:
    """The rows of each setting of the axes that make lines."""
    texts = [axis.texts() for axis in lines]
    settings = np.stack([axis.places(table[axis.key]) for axis in lines], -1)
    for setting in dict.fromkeys(map(tuple, settings.tolist())):
        told = zip(lines, texts, setting, strict=True)
        kept = np.all(settings == setting, axis=-1)
        yield (
            ", ".join(f"{axis.name} {text[place]}" for axis, text, place in told),
            {key: column[kept] for key, column in table.items()},
        )


def _heat_map(data: SweepData, metric: str, across: Axis, up: Axis, size: Size) -> Drawing:
    figure, table = _figure(size, 0.75), summary_table(data, [across, up], metric)
    ax = figure.subplots()
    mesh, artists = sweep_plots.heat_map(ax, metric, across, up, table)
    bar = figure.colorbar(mesh, ax=ax, label=label_of(metric).mathtext)
    bar.outline.set_visible(False)
    if isinstance(mesh.norm, LogNorm):
        low, high = mesh.get_clim()
        plots.log_ticks(bar.ax.yaxis, float(np.log10(high / low)))
    artists["cells"] = mesh
    return Drawing(f"{metric}-by-{across.name}-and-{up.name}", figure, table, artists, {})


def _over_seeds(data: SweepData, metric: str, size: Size) -> Drawing:
    figure, table = _figure(size, 0.7), runs_table(data, metric)
    values = np.where(data.done, numbers(data.columns[metric]), np.nan)
    lost = int(np.sum(~data.done))
    artists = sweep_plots.over_seeds(figure.subplots(), metric, values, lost)
    return Drawing(metric, figure, table, artists, {})


def check_metrics(metrics: Sequence[str]) -> None:
    """Raises WrongChoice when one of them does not exist."""
    for metric in metrics:
        if metric not in (known := numeric_columns()):
            near = get_close_matches(metric, known, 1)
            told = f"; did you mean {near[0]!r}?" if near else ""
            raise WrongChoice(f"there is no metric {metric!r}{told}; the metrics are {', '.join(known)}")


# --- files --------------------------------------------------------------------------------------


def save(
    drawing: Drawing,
    directory: Path,
    formats: Sequence[str],
    size: Size,
    dpi: int = 300,
    advice: str = "; choose another with --out",
) -> list[Path]:
    """Write a figure in each format and its data as CSV; what is there already is replaced whole.

    Raises:
        RunError: when it cannot be written; its message ends with the advice.
    """
    stem = re.sub(r"[^\w.-]+", "-", drawing.name)  # a stage's name may be in it
    files: list[Path] = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for kind in formats:
            files.append(directory / f"{stem}.{kind}")
            dateless: dict[str, Any] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(kind, {})
            content = BytesIO()  # matplotlib trips over itself when it meets a full disk
            with style(size):  # same data, same bytes
                drawing.figure.savefig(content, format=kind, dpi=dpi, metadata=dateless)
            replace_file(files[-1], partial(_write, content))
            drawing.figure.set_layout_engine("none")  # laid out once, for all formats
        files.append(directory / f"{stem}.csv")
        replace_file(files[-1], lambda out: write_table(out, drawing.table))
    except OSError as error:
        raise RunError(f"{directory} cannot be written: {reason(error)}{advice}") from None
    return files


def _write(content: BytesIO, out: BinaryIO) -> None:
    out.write(content.getbuffer())


def write_table(out: BinaryIO, table: Table) -> None:
    """The data behind a figure as CSV, numbers to the last bit; nothing where there is no number."""
    text = TextIOWrapper(out, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(cell_of, table))
    for row in zip(*(column.tolist() for column in table.values()), strict=True):
        writer.writerow(["" if isinstance(value, float) and np.isnan(value) else cell_of(value) for value in row])
    text.flush()
    text.detach()
