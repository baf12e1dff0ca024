"""The console's view of reproductions: progress on standard error, claims and verdicts on standard output."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Self, TextIO

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from featlearn.claims.directory import ReproductionDirectory
from featlearn.claims.load import Claim
from featlearn.claims.records import CheckRecord, ClaimRecord, ReproductionInfo
from featlearn.claims.reproduce import Watch, resume_command
from featlearn.sweeps.state import SweepState
from featlearn.views.console.output import output_console, pass_or_fail, shown, tell
from featlearn.views.console.progress import SweepView
from featlearn.views.report.claims import verdict
from featlearn.views.words.numbers import duration, grouped, interval, value

_WIDEST = 116  # columns that a paragraph takes
_NARROW = 80  # columns under which the words stand above the numbers


class ClaimsView:
    """Each claim as it is run, and what was found once it is judged."""

    def __init__(self, directory: ReproductionDirectory, *, quiet: bool) -> None:
        self._directory, self._quiet = directory, quiet
        self._wanted: tuple[str, ...] = ()
        self._title = ""
        self._sweep: tuple[Any, SweepView] | None = None

    def __enter__(self) -> Self:
        self._wanted = self._directory.read_info().wanted
        self._tell(f"reproduction directory {self._directory.path}")
        return self

    def __exit__(self, *error: object) -> None:
        self._close()

    def watch(self, verdict: Any) -> Watch:
        """Who is told by ``reproduce``; ``verdict`` is called before a claim that was judged is shown."""

        def judged(record: ClaimRecord) -> None:
            self._close()
            verdict(record)
            self.show(record)

        return Watch(self.show, self.claim, self.sweep, self.measure, judged)

    def claim(self, claim: Claim) -> None:
        """A claim's turn has come."""
        self._title = f"{claim.id} ({self._wanted.index(claim.id) + 1} of {len(self._wanted)})"
        self._tell(f"{self._title}: {claim.file.sentence}")

    def sweep(self, state: SweepState) -> None:
        """Show where a sweep of the claim is."""
        if self._sweep is None or self._sweep[0] != state.directory.path:
            self._close()
            self._sweep = state.directory.path, SweepView(quiet=self._quiet, title=self._title).__enter__()
        self._sweep[1].watch(state)

    def measure(self, claim: Claim) -> None:
        """Its sweeps are done."""
        self._close()
        self._tell(f"{self._title}  measuring")

    def show(self, record: ClaimRecord) -> None:
        """What was found."""
        console = output_console()
        with console.capture() as captured:
            console.print(_claim(record))
        self._tell(captured.get().rstrip("\n"), sys.stdout)

    def _close(self) -> None:
        if self._sweep is not None:
            self._sweep[1].__exit__()
            self._sweep = None

    def _tell(self, text: str, file: TextIO | None = None) -> None:
        if self._quiet:
            return
        try:
            if file is None:
                tell(text, sys.stderr, flush=True)
            else:  # made of what is shown already
                print(text, file=file, flush=True)
        except OSError:  # whoever read this has gone; the reproduction goes on
            self._quiet = True


def show_reproduction(directory: ReproductionDirectory, info: ReproductionInfo) -> None:
    """All claims of a reproduction, and how many hold."""
    for record in info.claims:
        output_console().print(_claim(record))
    show_summary(directory, info)


def show_summary(directory: ReproductionDirectory, info: ReproductionInfo) -> None:
    """How many claims hold, and where everything is."""
    output = output_console()
    output.print(shown(f"{verdict(info)} · {duration(info.seconds)}{' · quick' if info.quick else ''}", "bold"))
    output.print(shown(directory.page_file if info.claims else directory.path, no_wrap=True))
    if info.status != "done" and not directory.is_locked():
        output.print(shown(f"go on with: {resume_command(directory)}", no_wrap=True))


def interrupted(directory: ReproductionDirectory, *left: ReproductionDirectory) -> str:
    """One line on a reproduction that was interrupted, and with it those that were to come after it."""
    info = directory.read_info()
    wanted = len(info.wanted)
    judged = f"interrupted with {len(info.claims)} of {wanted} {'claim' if wanted == 1 else 'claims'} judged"
    return f"{judged}; go on with: {resume_command(directory, *left)}"


def _claim(record: ClaimRecord) -> Group:
    width = min(output_console().width, _WIDEST)
    lines: list[Any] = [Text.assemble(pass_or_fail(record.passed), " ", shown(record.id, "bold"))]
    paragraphs: list[Any] = [shown(record.sentence)]
    if width < _NARROW:
        for check in record.checks:
            paragraphs += [shown(f"{check.measures}:"), _numbers([check])]
    else:
        paragraphs.append(_numbers(record.checks, words=True))
    if record.message is not None:
        paragraphs.append(shown(record.message, "red"))
    paragraphs += [shown(f"edge: {edge}", "dim") for edge in record.edges]
    lines += [Padding(part, (0, 0, 0, 5), expand=False) for part in paragraphs]
    return Group(*(_Narrow(part, width) for part in lines))


def _numbers(checks: Sequence[CheckRecord], *, words: bool = False) -> Table:
    """A line for each check: verdict, measured value, threshold and, with ``words``, what it is."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(4):
        table.add_column(no_wrap=True)
    for check in checks:
        bounds, count = interval(check), f"{grouped(check.count)} case{'s' * (check.count > 1)}" if check.count else ""
        measured = value(check) + ("" if bounds == "–" else f" [{bounds}]")
        cells = [pass_or_fail(check.passed), *map(shown, (measured, check.threshold, count))]
        table.add_row(*cells, *([shown(check.measures)] if words else []))
    return table


class _Narrow:
    """Something that is no wider than it should be read."""

    def __init__(self, part: Any, width: int) -> None:
        self._part, self._width = part, width

    def __rich_console__(self, console: Any, options: Any) -> Any:
        yield from console.render(self._part, options.update_width(min(self._width, options.max_width)))
