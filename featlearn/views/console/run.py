"""The console: live progress on standard error, tables on standard output. Text from users is never read as markup."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich import box
from rich.console import Console, Group
from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from featlearn.claims.records import ReproductionBrief
from featlearn.runs.directory import RunDirectory
from featlearn.runs.records import RunInfo
from featlearn.storage.directory import Summary
from featlearn.storage.errors import RunError
from featlearn.storage.text import printable
from featlearn.sweeps.directory import known_columns
from featlearn.sweeps.records import SweepBrief
from featlearn.training.columns import Kind
from featlearn.training.events import Event, Logged
from featlearn.training.measurement import Row
from featlearn.training.plan import Plan
from featlearn.training.selfcheck import CheckResult
from featlearn.views.console.output import shown, tell
from featlearn.views.data.sweep import Slope
from featlearn.views.words.labels import heading_of

_STATUS_STYLES = {"done": "green", "running": "cyan", "interrupted": "yellow", "unreadable": "red"}


def output_console() -> Console:
    """Standard output; off a terminal, as wide as its tables want to be."""
    width = None if sys.stdout is not None and sys.stdout.isatty() else 160
    return Console(markup=False, highlight=False, width=width)


def error_console() -> Console:
    return Console(stderr=True, markup=False, highlight=False, soft_wrap=True)


def complain(lines: Iterable[str]) -> None:
    """Print error lines on standard error."""
    limit = 100
    lines = list(lines)
    for line in lines[:limit]:
        tell(line, sys.stderr)
    if len(lines) > limit:
        tell(f"… and {len(lines) - limit} more", sys.stderr)


# --- progress -----------------------------------------------------------------------------------


class TrainingView:
    """Live progress of one run: a bar on a terminal, a line now and then elsewhere."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._state = ""
        self._next_line = 0.0
        self._began = time.perf_counter()

    def __enter__(self) -> Self:
        console = error_console()
        if not self._quiet and console.is_terminal:
            self._bar = Bar(
                TextColumn("{task.description}", style="bold"),
                BarColumn(bar_width=24),
                TextColumn("{task.completed:.0f}/{task.total:.0f}"),
                TimeRemainingColumn(),
                TextColumn("{task.fields[state]}", markup=False),
                console=console,
                transient=True,
            )
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def watch(self, run: RunDirectory, plan: Plan, event: Event) -> None:
        """Show an event of the descent loop; the ``watch`` argument of ``train`` and ``resume``."""
        if self._quiet:
            return
        total, done = plan.total_steps(), event.position.step
        if isinstance(event, Logged):
            self._state = _row_in_brief(event.row)
        stage = plan.stages[min(event.position.stage, len(plan.stages) - 1)].name
        if self._bar is not None:
            if self._task is None:
                self._task = self._bar.add_task(stage, total=total, state="")
            self._bar.update(self._task, completed=done, description=stage, state=self._state)
        elif isinstance(event, Logged):
            try:
                self._plain_line(run, event, total)
            except OSError:  # whoever read this has gone; the run goes on
                self._quiet = True

    def _plain_line(self, run: RunDirectory, event: Logged, total: int) -> None:
        now = time.perf_counter()
        if event.row["step"] == 0:
            tell(f"run directory {run.path}", sys.stderr)
        elif event.ended is None and now < self._next_line:
            return
        self._next_line = now + 2.0
        seconds = f"{now - self._began:.0f} s"
        text = f"{seconds:>6}  step {event.row['step']}/{total}  {event.row['stage']}  {self._state}"
        tell(text, sys.stderr, flush=True)


def _row_in_brief(row: Row) -> str:
    return f"loss {_number(row['loss'])}  λ {_number(row['weight_decay'])}  max angle {_degrees(row['max_angle'])}"


# --- one run ------------------------------------------------------------------------------------

NARROW = 118  # columns of a terminal under which tables leave out what matters least

_STAGE_COLUMNS = (
    "step",
    "weight_decay",
    "loss",
    "subspace",
    "mean_angle",
    "max_angle",
    "aligned_mass",
    "alive",
    "recovered",
    "seconds",
)
_NARROW_STAGE_COLUMNS = ("step", "loss", "max_angle", "recovered")


def show_run(run: RunDirectory, info: RunInfo) -> None:
    """The story of a run: where it stood at its start and after each stage, and how it ended."""
    output = output_console()
    columns = _STAGE_COLUMNS if output.width >= NARROW else _NARROW_STAGE_COLUMNS
    table = Table(box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    table.add_column("after", style="bold", no_wrap=True)
    for column in columns:
        table.add_column(heading_of(column), justify="right", no_wrap=True)
    try:
        rows = run.read_metrics()
        if lost := run.lost_end(info, rows):
            complain([lost])
    except RunError as error:
        rows = []
        complain([str(error)])
    for label, row in _stage_rows(rows):
        cells = {column: cell(column, row[column]) for column in columns}
        if info.teacher_width is not None:
            cells["recovered"] += f" of {info.teacher_width}"
        table.add_row(shown(label), *cells.values())
    status, last = _shown_status(info, run.is_locked()), _last_row(info, rows)
    ending = Text.assemble(
        (status, f"bold {_STATUS_STYLES.get(status, 'red')}"),
        f" after {_seconds(last.get('seconds'))} s",
        f" · loss {_number(last.get('loss'))} (floor {_number(info.loss_floor)})",
        f" · gradient norm {_number(last.get('grad_norm'))}",
        f" · gap {_number(last['gap'])}" if last.get("gap") is not None else "",
    )
    floors = [shown(line) for line in (_floors_in_brief(info),) if line]
    path = shown(run.path, no_wrap=True)
    output.print(Group(shown(info.name or run.name, "bold"), table, ending, *floors, path))
    if status == "stopped":
        output.print(shown(f"killed before its end; go on with featlearn train --resume {run.path}", no_wrap=True))


def _last_row(info: RunInfo, rows: list[Row]) -> Row:
    """The numbers at the end: of the log while the run goes on, and then what run.json says, whatever the log lost."""
    if info.status != "running" and info.final is not None:
        return info.final
    return rows[-1] if rows else {}


def _floors_in_brief(info: RunInfo) -> str | None:
    """What predictors that are linear in features of the start can reach at best, beside ‖f*‖²."""
    floors = info.floors
    if floors is None or not floors.target:
        return None
    told = [
        f"{name} {_number(floor)} ({floor / floors.target:.0%}{' of ‖f*‖²' if first else ''})"
        for first, name, floor in ((True, "random features", floors.random_features), (False, "NTK", floors.ntk))
        if floor is not None
    ]
    return f"floors: {', '.join(told)}" if told else None


def _shown_status(info: RunInfo, alive: bool) -> str:
    """The status of a run, "stopped" for one that says running and has no process."""
    return "stopped" if info.status == "running" and not alive else info.status


def _stage_rows(rows: list[Row]) -> Iterator[tuple[str, Row]]:
    """The first row and the last one of each stage."""
    for i, row in enumerate(rows):
        if row["step"] == 0:
            yield "(start)", row
        elif i + 1 == len(rows) or rows[i + 1]["stage"] != row["stage"]:
            yield row["stage"], row


def ending(run: RunDirectory, info: RunInfo) -> str:
    """One line on a run that did not get done, with what to do."""
    text = f"{info.status}: {info.message}" if info.message else info.status
    if not run.path.is_dir():
        return f"{text}; its directory was moved or removed meanwhile: resume it by its new path"
    if info.traceback:
        return f"{text}; the traceback is in {run.info_file}"
    if info.status in ("interrupted", "failed"):
        text += f"; go on with: featlearn train --resume {run.path}"
    return text


def show_environment(info: RunInfo) -> None:
    """What a run was made with."""
    table = Table(box=box.SIMPLE_HEAD, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column()
    for key in ("created", "config_hash", "seed", "backend", "device", "threads", "precision", "resumed", "message"):
        if getattr(info, key) is not None:
            table.add_row(key, shown(getattr(info, key)))
    for stage in info.stages:
        told = f"{stage.steps} steps, {stage.seconds:.2f} s, ended by {stage.stop_reason}"
        table.add_row("stage", shown(f"{stage.name}: {told}"))
    if info.git.commit:
        table.add_row("commit", shown(f"{info.git.commit}{' (changed since)' if info.git.dirty else ''}"))
    found = {**info.versions, **info.machine}
    table.add_row("versions", shown(", ".join(f"{key} {value}" for key, value in found.items())))
    output_console().print(table)


# --- many runs ----------------------------------------------------------------------------------

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
    if any(isinstance(s.about, RunInfo) and _shown_status(s.about, s.alive) == "stopped" for s in summaries):
        output.print(Text("stopped: killed before its end; go on with featlearn train --resume RUN"))
    complain(s.error for s in summaries if s.error)


def _cells(summary: Summary, columns: Sequence[str]) -> list[Text]:
    """The status of something in the table of runs, and its numbers, as far as it has them."""
    about = summary.about
    if isinstance(about, RunInfo):
        final = about.final or {}
        numbers = [Text(cell(column, final.get(column))) for column in columns]
        return [_status_cell(_shown_status(about, summary.alive)), *numbers]
    if isinstance(about, SweepBrief):
        blank = [Text("")] * (len(columns) - 1)
        done = f", {about.done} of {about.points}"
        return [_status_cell(about.status, done), Text(_number(about.best_loss)), *blank]
    if isinstance(about, ReproductionBrief):
        return [_status_cell(about.status, f", {about.held} of {about.claims} hold")]
    return [_status_cell("unreadable")]


def _status_cell(status: str, more: str = "") -> Text:
    return Text(status + more, _STATUS_STYLES.get(status, "red"))


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal for something that is counted; the caller tells how many of how many are done."""
    console = error_console()
    with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


# --- figures ------------------------------------------------------------------------------------


def show_figure(files: list[Path], slopes: dict[str, Slope | None]) -> None:
    """The files of one figure, and the slopes measured in it."""
    for file in files:
        tell(file)
    for name, slope in slopes.items():
        if slope is not None:
            tell(f"  slope{f' at {name}' if name else ''}: {slope}")


# --- checks -------------------------------------------------------------------------------------


def watch_checks(results: Iterable[CheckResult], *, quiet: bool) -> list[CheckResult]:
    """Print each check as it is done, and the verdict; returns them all."""
    console, done = output_console(), []
    for result in results:
        done.append(result)
        if not quiet:
            verdict = Text("PASS", "green") if result.passed else Text("FAIL", "bold red")
            told = f"  {result.name:<61} error {result.error:8.1e}  allowed {result.allowed:7.0e}"
            console.print(Text.assemble(verdict, told))
    if not quiet:
        failed = sum(not r.passed for r in done)
        console.print(Text(f"{len(done) - failed} of {len(done)} checks passed", "bold"))
    return done


# --- numbers ------------------------------------------------------------------------------------


def _written(value: Any, form: str) -> str:
    """A number in a format; a dash for what is missing or, in a file that somebody damaged, no number."""
    return format(value, form) if isinstance(value, int | float) and not isinstance(value, bool) else "–"


def _number(value: Any) -> str:
    return _written(value, ".3g")


def _count(value: Any) -> str:
    return _written(value, "" if isinstance(value, int) else ".3g")  # a median of counts need not be one


def _degrees(value: Any) -> str:
    return "–" if _written(value, "") == "–" else f"{value:.2f}°"


def _percent(value: Any) -> str:
    return _written(value, ".1%")


def _seconds(value: Any) -> str:
    return _written(value, ".1f")


_FORMATS: dict[Kind, Callable[[Any], str]] = {
    "text": str,
    "count": _count,
    "number": _number,
    "degrees": _degrees,
    "share": _percent,
    "seconds": _seconds,
}


def cell(column: str, value: Any) -> str:
    """A value of a column as tables show it."""
    return _FORMATS[known_columns()[column].kind](value)
