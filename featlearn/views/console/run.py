"""The console: live progress on standard error, tables on standard output. Text from users is never read as markup."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
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

from featlearn.runs.directory import RunDirectory, RunError, RunInfo, RunSummary
from featlearn.sweeps.directory import known_columns
from featlearn.training.columns import Kind
from featlearn.training.events import Event, Logged
from featlearn.training.plan import Plan
from featlearn.training.selfcheck import CheckResult
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
    """Print error lines on standard error, as they are."""
    limit = 100
    lines = list(lines)
    for line in lines[:limit]:
        print(line, file=sys.stderr)
    if len(lines) > limit:
        print(f"… and {len(lines) - limit} more", file=sys.stderr)


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
            print(f"run directory {run.path}", file=sys.stderr)
        elif event.ended is None and now < self._next_line:
            return
        self._next_line = now + 2.0
        seconds = f"{now - self._began:.0f} s"
        text = f"{seconds:>6}  step {event.row['step']}/{total}  {event.row['stage']}  {self._state}"
        print(text, file=sys.stderr, flush=True)


def _row_in_brief(row: dict[str, Any]) -> str:
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
        teachers = len(run.read_arrays(run.snapshots_file)["teacher_second_layer"]) if rows else 0
    except (RunError, KeyError) as error:
        rows, teachers = [], 0
        complain([str(error)])
    for label, row in _stage_rows(rows):
        cells = {column: cell(column, row.get(column)) for column in columns}
        if teachers:
            cells["recovered"] += f" of {teachers}"
        table.add_row(Text(label), *cells.values())
    status, last = _shown_status(info, run.is_locked()), rows[-1] if rows else {}
    ending = Text.assemble(
        (status, f"bold {_STATUS_STYLES.get(status, 'red')}"),
        f" after {_seconds(last.get('seconds'))} s",
        f" · loss {_number(last.get('loss'))} (floor {_number(info.get('loss_floor'))})",
        f" · gradient norm {_number(last.get('grad_norm'))}",
        f" · gap {_number(last['gap'])}" if isinstance(last.get("gap"), int | float) else "",
    )
    shown = [Text(line) for line in (_floors_in_brief(info),) if line]
    path = Text(str(run.path), no_wrap=True)
    output.print(Group(Text(str(info.get("name", run.name)), "bold"), table, ending, *shown, path))
    if status == "stopped":
        output.print(Text(f"killed before its end; go on with featlearn train --resume {run.path}", no_wrap=True))


def _floors_in_brief(info: RunInfo) -> str | None:
    """What predictors that are linear in features of the start can reach at best, beside ‖f*‖²."""
    floors = info.get("floors")
    if not floors or not floors["target"]:
        return None
    names, target = {"random_features": "random features", "ntk": "NTK"}, floors["target"]
    told = [
        f"{name} {_number(floors[key])} ({floors[key] / target:.0%}{' of ‖f*‖²' if first else ''})"
        for first, (key, name) in zip((True, False), names.items(), strict=True)
        if floors[key] is not None
    ]
    return f"floors: {', '.join(told)}" if told else None


def _shown_status(info: RunInfo, alive: bool) -> str:
    """The status of a run, "stopped" for one that says running and has no process."""
    status = str(info["status"])
    return "stopped" if status == "running" and not alive else status


def _stage_rows(rows: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The first row and the last one of each stage."""
    for i, row in enumerate(rows):
        if row.get("step") == 0:
            yield "(start)", row
        elif i + 1 == len(rows) or rows[i + 1].get("stage") != row.get("stage"):
            yield str(row.get("stage")), row


def ending(run: RunDirectory, info: RunInfo) -> str:
    """One line on a run that did not get done, with what to do."""
    text = f"{info['status']}: {info['message']}" if info.get("message") else f"{info['status']}"
    if info.get("traceback"):
        return f"{text}; the traceback is in {run.info_file}"
    if info["status"] in ("interrupted", "failed"):
        text += f"; go on with: featlearn train --resume {run.path}"
    return text


def show_environment(info: RunInfo) -> None:
    """What a run was made with."""
    table = Table(box=box.SIMPLE_HEAD, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column()
    for key in ("created", "config_hash", "seed", "backend", "device", "threads", "precision", "resumed", "message"):
        if info.get(key) is not None:
            table.add_row(key, Text(str(info[key])))
    for stage in info.get("stages") or []:
        told = f"{stage['steps']} steps, {stage['seconds']:.2f} s, ended by {stage['stop_reason']}"
        table.add_row("stage", Text(f"{stage['name']}: {told}"))
    git = info.get("git") or {}
    if git.get("commit"):
        table.add_row("commit", Text(f"{git['commit']}{' (changed since)' if git.get('dirty') else ''}"))
    found = {**(info.get("versions") or {}), **(info.get("machine") or {})}
    table.add_row("versions", Text(", ".join(f"{key} {value}" for key, value in found.items())))
    output_console().print(table)


# --- many runs ----------------------------------------------------------------------------------

_RUN_COLUMNS = ("loss", "max_angle", "mean_angle", "recovered", "step", "seconds")


def show_runs(summaries: list[RunSummary], runs_dir: Path) -> None:
    """The table of runs."""
    if not summaries:
        output_console().print(
            Text(f"no runs in {runs_dir}; make one with: featlearn train --config configs/quickstart.yaml")
        )
        return
    output = output_console()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("run", no_wrap=True, min_width=max(len(s.name) for s in summaries))
    table.add_column("status", no_wrap=True)
    columns = _RUN_COLUMNS[:2] if output.width < NARROW else _RUN_COLUMNS
    for column in columns:
        table.add_column(heading_of(column), justify="right", no_wrap=True)
    for summary in summaries:
        shown = _shown_status(summary.info, summary.alive)
        if "points" in summary.info:
            table.add_row(Text(summary.name), *_sweep_cells(summary.info, shown, len(columns)))
            continue
        if "claims" in summary.info:
            table.add_row(Text(summary.name), _claims_cell(summary.info, shown))
            continue
        cells = [cell(column, _final(summary.info, column)) for column in columns]
        table.add_row(Text(summary.name), Text(shown, _STATUS_STYLES.get(shown, "red")), *cells)
    output.print(table)
    if any(_shown_status(s.info, s.alive) == "stopped" for s in summaries):
        output.print(Text("stopped: killed before its end; go on with featlearn train --resume RUN"))
    complain(s.error for s in summaries if s.error)


def _sweep_cells(info: RunInfo, shown: str, columns: int) -> list[Text]:
    """A sweep's line in the table of runs: how many of its points are done, and the least of their losses."""
    told = Text(f"{shown}, {info['done']} of {info['points']}", _STATUS_STYLES.get(shown, "red"))
    return [told, Text(_number(info["best_loss"])), *[Text("")] * (columns - 1)]


def _claims_cell(info: RunInfo, shown: str) -> Text:
    """A reproduction's status in the table of runs: how many of its claims hold."""
    return Text(f"{shown}, {info['held']} of {info['claims']} hold", _STATUS_STYLES.get(shown, "red"))


def _final(info: RunInfo, column: str) -> Any:
    final = info.get("final")
    return final.get(column) if isinstance(final, dict) else None


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
        print(file)
    for name, slope in slopes.items():
        if slope is not None:
            print(f"  slope{f' at {name}' if name else ''}: {slope}")


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
