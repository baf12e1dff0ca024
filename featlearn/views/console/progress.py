"""Live progress on standard error: of a run, of a sweep, and of anything that is counted."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, ProgressColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from featlearn.runs.directory import RunDirectory
from featlearn.training.backends.kernel_cache import before_compiling
from featlearn.training.column import Row
from featlearn.training.events import Event, Logged
from featlearn.training.plan import Plan
from featlearn.views.console.output import error_console, is_live, tell
from featlearn.views.words.cells import degrees
from featlearn.views.words.edges import searching
from featlearn.views.words.labels import LOSSES, heading_of
from featlearn.views.words.numbers import duration, number
from featlearn.views.words.values import clipped

if TYPE_CHECKING:
    from featlearn.sweeps.state import SweepState


_COMPILING = "compiling, once: this machine has not run the like before"
_WIDE = 100  # columns of a terminal, from which on there is room for a long bar and all numbers
_SHORT_BAR, _LONG_BAR = 8, 24  # columns
_LONGEST_NAME = 20  # characters of a stage on a narrow terminal
_PACE_KNOWN = 0.05  # the share of a sweep's work after which a first chunk tells how long it takes
_PARTS_GAP = "  "  # between the parts of a state

Part = tuple[int, str]  # its rank, the least for what matters most, and its text


def calm_bar(length: int = _LONG_BAR) -> BarColumn:
    """The bar of all views: nothing is red while nothing is wrong."""
    return BarColumn(bar_width=length, complete_style="cyan", finished_style="green", pulse_style="cyan")


def fitting(parts: Sequence[Part], room: int) -> str:
    """The parts in their order; where there is not room for all, those of the largest ranks are left out."""
    kept = list(parts)
    while len(kept) > 1 and len(_joined(kept)) > room:
        kept.remove(max(kept))
    return _joined(kept)


def _joined(parts: Iterable[Part]) -> str:
    return _PARTS_GAP.join(text for _, text in parts)


class _LiveView:
    """A bar on a terminal, which lives within it; where there is none, or it is quiet, a subclass does without."""

    def __init__(self, quiet: bool, columns: Callable[[BarColumn], Sequence[ProgressColumn]]) -> None:
        """``columns``: what stands beside the bar, and the bar itself."""
        console = error_console()
        self._quiet, self._tells, self._is_wide = quiet, not quiet, console.width >= _WIDE
        length = _LONG_BAR if self._is_wide else _SHORT_BAR
        self._room = console.width - length - 1
        shown = columns(calm_bar(length))
        self._bar = Bar(*shown, console=console, transient=True) if not quiet and is_live(console) else None

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        if self._tells:
            before_compiling.append(_tell_of_compiling)
        return self

    def __exit__(self, *error: object) -> None:
        if self._tells:
            before_compiling.remove(_tell_of_compiling)
        if self._bar is not None:
            self._bar.stop()


def _tell_of_compiling() -> None:
    with suppress(OSError):  # whoever read this has gone
        error_console().print(_COMPILING, highlight=False)


class TrainingView(_LiveView):
    """Live progress of one run: a bar on a terminal, a line now and then elsewhere."""

    def __init__(self, *, quiet: bool) -> None:
        super().__init__(
            quiet,
            lambda bar: (
                TextColumn("{task.description}", style="bold", markup=False),
                bar,
                TextColumn("{task.fields[steps]}"),
                TimeRemainingColumn(),
                TextColumn("{task.fields[state]}", markup=False),
            ),
        )
        self._task: TaskID | None = None
        if self._bar is not None:
            self._task = self._bar.add_task("preparing", total=None, steps="", state="")
        self._state: list[Part] = []
        self._next_line = 0.0
        self._began = time.perf_counter()

    def watch(self, run: RunDirectory, plan: Plan, event: Event) -> None:
        """Show an event of the descent loop; the ``watch`` argument of ``train`` and ``resume``."""
        if self._quiet:
            return
        total, done = plan.total_steps(), event.position.step
        if isinstance(event, Logged):
            self._state = row_in_parts(event.row)
        stage = plan.stages[min(event.position.stage, len(plan.stages) - 1)].name
        if self._bar is not None:
            assert self._task is not None
            name = stage if self._is_wide else clipped([stage], _LONGEST_NAME)[0]
            steps = f"{done}/{total}" if self._is_wide else f"{done / max(total, 1):.0%}"
            beside = sum(len(text) + 1 for text in (name, steps, "0:00:00"))
            state = fitting(self._state, self._room - beside)
            self._bar.update(self._task, total=total, completed=done, description=name, steps=steps, state=state)
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
        text = f"{seconds:>6}  step {event.row['step']}/{total}  {event.row['stage']}  {_joined(self._state)}"
        tell(text, sys.stderr, flush=True)


def row_in_parts(row: Row) -> list[Part]:
    """What the line tells of a row: the losses, λ and the mean angle."""
    held = [name for name in LOSSES if row[name] is not None]
    losses = [(2 * rank, f"{heading_of(name)} {number(row[name], 3)}") for rank, name in enumerate(held)]
    angle = [] if row["mean_angle"] is None else [(1, f"mean angle {degrees(row['mean_angle'])}")]
    return [*(losses or [(0, "loss –")]), (9, f"λ {number(row['weight_decay'], 3)}"), *angle]


class SweepView(_LiveView):
    """Live progress of a sweep: a bar on a terminal, a line now and then elsewhere; ``title`` says what it is for."""

    def __init__(self, *, quiet: bool, title: str = "") -> None:
        super().__init__(quiet, lambda bar: (bar, TextColumn("{task.fields[state]}", markup=False)))
        if self._bar is not None:
            self._bar.add_task("", total=1.0, state="")
        self._title = f"{title}  " if title else ""
        self._next = 0.0
        self._shown = -1

    def watch(self, state: SweepState) -> None:
        """Show where a sweep is; the ``watch`` argument of ``run_sweep``."""
        now = time.perf_counter()
        if self._quiet or now < self._next:
            return
        if self._bar is not None:
            self._next = now + 0.1
            told = self._title + fitting(_in_parts(state), self._room - len(self._title))
            self._bar.update(self._bar.task_ids[0], completed=_share(state), state=told)
            return
        try:
            if self._shown < 0:
                tell(f"sweep directory {state.directory.path}", sys.stderr)
            if state.ended != self._shown or now > self._next + 30.0:
                text = f"{state.seconds():5.0f} s  {self._title}{_joined(_in_parts(state))}"
                tell(text, sys.stderr, flush=True)
                self._next, self._shown = now + 2.0, state.ended
        except OSError:  # whoever read this has gone; the sweep goes on
            self._quiet = True


def _share(state: SweepState) -> float:
    before = (state.ended - state.computed) / max(1, state.total)
    return before + (1 - before) * min(1.0, (state.work_done + state.fraction) / state.work) if state.work else before


def _in_parts(state: SweepState) -> list[Part]:
    failed = state.failures
    parts = [
        (0, f"{state.ended - failed}/{state.total} done"),
        (1 if failed else 4, f"{failed} failed"),
        (5, f"{state.running} running"),
    ]
    if state.computed:
        parts.append((6, f"{number(state.computed / max(state.seconds(), 1e-9), 3)} a second"))
    known = state.computed or state.fraction > _PACE_KNOWN * state.work  # before, the pace is that of starting
    left = state.seconds_left() if known else None
    if left is not None and state.ended < state.total:
        parts.append((2, f"{duration(left)} left"))
    if state.edges:
        parts.append((2, searching(state.edges)))
    elif state.best_loss is not None:
        parts.append((3, f"best loss {number(state.best_loss, 3)}"))
    return parts


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal for something that is counted; the caller tells how many of how many are done."""
    console = error_console()
    with Bar(
        TextColumn("{task.description}"),
        calm_bar(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not is_live(console),
    ) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
