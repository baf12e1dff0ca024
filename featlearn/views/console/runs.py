"""The table of all runs, sweeps and reproductions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from featlearn.claims.records import ReproductionBrief
from featlearn.runs.records import RunInfo
from featlearn.storage.directory import Summary
from featlearn.storage.text import printable
from featlearn.sweeps.records import SweepBrief
from featlearn.views.console.output import NARROW, complain, output_console, shown
from featlearn.views.console.status import STOPPED, status_of_run, style_of
from featlearn.views.words.cells import cell
from featlearn.views.words.labels import heading_of
from featlearn.views.words.numbers import number

_RUN_COLUMNS = ("loss", "max_angle", "mean_angle", "recovered", "step", "seconds")


def show_runs(summaries: list[Summary], runs_dir: Path) -> None:
    """The table of runs, sweeps and reproductions."""
    output = output_console()
    if not summaries:
        output.print(shown(f"no runs in {runs_dir}; make one with: featlearn train --config configs/quickstart.yaml"))
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("run", no_wrap=True, min_width=max(len(printable(s.name)) for s in summaries))
    table.add_column("status", no_wrap=True)
    columns = _RUN_COLUMNS[:2] if output.width < NARROW else _RUN_COLUMNS
    for column in columns:
        table.add_column(heading_of(column), justify="right", no_wrap=True)
    for summary in summaries:
        table.add_row(shown(summary.name), *_cells(summary, columns))
    output.print(table)
    if any(isinstance(s.about, RunInfo) and status_of_run(s.about, locked=s.alive) == STOPPED for s in summaries):
        output.print(Text("stopped: killed before its end; go on with featlearn train --resume RUN"))
    complain(s.error for s in summaries if s.error)


def _cells(summary: Summary, columns: Sequence[str]) -> list[Text]:
    """The status of something in the table of runs, and its numbers, as far as it has them."""
    about = summary.about
    if isinstance(about, RunInfo):
        final = about.final or {}
        numbers = [Text(cell(column, final.get(column))) for column in columns]
        return [_status_cell(status_of_run(about, locked=summary.alive)), *numbers]
    if isinstance(about, SweepBrief):
        blank = [Text("")] * (len(columns) - 1)
        done = f", {about.done} of {about.points}"
        return [_status_cell(about.status, done), Text(number(about.best_loss, 3)), *blank]
    if isinstance(about, ReproductionBrief):
        return [_status_cell(about.status, f", {about.held} of {about.claims} hold")]
    return [_status_cell("unreadable")]


def _status_cell(status: str, more: str = "") -> Text:
    return Text(status + more, style_of(status))
