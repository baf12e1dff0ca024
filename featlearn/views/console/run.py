"""One run on the console: where it stood at its start and after each stage, how it ended, and what it was made with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from featlearn.runs.directory import RunDirectory
from featlearn.runs.records import Environment, Provenance, RunInfo, changes
from featlearn.runs.statuses import STOPPED
from featlearn.storage.errors import RunError
from featlearn.training.column import Row
from featlearn.views.console.fitting import fitting_table, heading
from featlearn.views.console.output import complain, output_console, shown
from featlearn.views.console.status import status_of_run, style_of
from featlearn.views.words.cells import cell, seconds
from featlearn.views.words.curvature import curvature_in_brief
from featlearn.views.words.floors import floors_in_brief
from featlearn.views.words.glossary import of_the_population
from featlearn.views.words.labels import LOSSES, heading_of
from featlearn.views.words.numbers import number, steps_in_words
from featlearn.views.words.series import series_in_brief

_STAGE_COLUMNS = (
    "step",
    "weight_decay",
    *LOSSES,
    "subspace",
    "mean_angle",
    "max_angle",
    "aligned_mass",
    "alive",
    "recovered",
    "seconds",
)
_BY_WEIGHT = (
    *(*LOSSES, "subspace", "mean_angle", "aligned_mass", "recovered", "step", "weight_decay", "alive", "max_angle"),
    "seconds",
)
_MOSTLY_ALIGNED = 0.9  # share of the mass, from which on the largest angle is that of neurons that have almost vanished

_QUICKLY_READ = 2**25  # bytes of snapshots: of more, events do not say which teacher lines they are about
_WORSE = 10  # times the loss before the operations at the end of the last stage, from which on they are told of


def show_run(run: RunDirectory, info: RunInfo) -> None:
    """A run: where it stood at its start and after each stage, and how it ended."""
    output = output_console()
    try:
        rows = run.read_metrics()
        if lost := run.lost_end(info, rows):
            complain([lost])
    except RunError as error:
        rows = []
        complain([str(error)])
    columns: Sequence[str] = _STAGE_COLUMNS
    if rows:
        columns = [column for column in columns if any(row.get(column) is not None for row in rows)]
    status, last = status_of_run(info, locked=run.is_locked()), _last_row(info, rows)
    ending = Text.assemble(
        (status, f"bold {style_of(status)}"),
        f" after {seconds(last.get('seconds'))} s",
        *(f" · {text}" for text in _losses_in_brief(info, last)),
        f" · gradient norm {number(last.get('grad_norm'), 3)}",
        f" · gap {cell('gap', last['gap'])}" if last.get("gap") is not None else "",
    )
    gap = ["gap"] if last.get("gap") is not None else []
    table = fitting_table(output, columns, _BY_WEIGHT, partial(_stage_table, rows, info), *gap)
    target = [] if info.polynomial is None else [shown(f"target {info.polynomial}")]
    said = floors_in_brief(info.floors), series_in_brief(info.series), curvature_in_brief(info.curvature)
    floors = [shown(line) for line in said if line]
    if last.get("loss") is not None and last.get("train_loss") is not None:
        floors.append(shown(of_the_population(["loss", *gap, *(["floors"] if info.floors else [])])))
    path = shown(run.path, no_wrap=True)
    remarks = [shown(text, "yellow") for text in _remarks(rows, last, info)]
    parts = *target, *table, *_events(run, info, rows), ending, *remarks, *floors
    output.print(Group(shown(info.name or run.name, "bold"), *parts, path))
    if status == STOPPED:
        output.print(shown(f"killed before its end; go on with featlearn train --resume {run.path}", no_wrap=True))


def _events(run: RunDirectory, info: RunInfo, rows: list[Row]) -> Iterator[Table | Text]:
    """What happened, beyond what the table of stages and the line on the end say."""
    from featlearn.views.data.events import events_of
    from featlearn.views.data.run import run_data

    table = Table.grid(padding=(0, 2))
    table.add_column("step", style="bold", justify="right", no_wrap=True)
    table.add_column("event")
    with suppress(RunError):
        small = run.snapshots_file.is_file() and run.snapshots_file.stat().st_size <= _QUICKLY_READ
        for event in events_of(run_data(run, info, rows, snapshots=small), leaving_out=("stage", "end")):
            table.add_row(f"step {event.step}", shown(event.text))
    if table.row_count:
        yield table
        yield Text("")


def _stage_table(rows: list[Row], info: RunInfo, columns: Sequence[str], narrow: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=narrow)
    table.add_column("after", style="bold", no_wrap=True)
    for column in columns:
        table.add_column(heading(column, narrow), justify="right", no_wrap=True)
    for label, row in _stage_rows(_without_angles_of_nothing(rows)):
        table.add_row(shown(label), *(_stage_cell(column, row, info) for column in columns))
    return table


def _stage_cell(column: str, row: Row, info: RunInfo) -> Text:
    if column == "weight_decay" and row["step"] == 0:  # no step has used one yet
        return Text("–")
    text = cell(column, row[column])
    if column == "recovered" and info.teacher_width is not None:
        text += f" of {info.teacher_width}"
    vanishing = column == "max_angle" and (row["aligned_mass"] or 0.0) > _MOSTLY_ALIGNED
    return Text(text, "dim" if vanishing else "")


def _last_alive(rows: list[Row]) -> int | None:
    """The place of the last row with a living neuron; None where there is none."""
    return next((i for i in reversed(range(len(rows))) if rows[i].get("alive")), None)


def _without_angles_of_nothing(rows: list[Row]) -> list[Row]:
    """The rows, without the angles and shares of masses that have vanished for good.

    They stay where no neuron was ever alive: a start may be so small, and they tell how it turns.
    """
    dead = _last_alive(rows)
    if dead is None or rows[-1].get("alive") is None:
        return rows
    return rows[: dead + 1] + [row | {"mean_angle": None, "aligned_mass": None} for row in rows[dead + 1 :]]


def _remarks(rows: list[Row], last: Row, info: RunInfo | None = None) -> Iterator[str]:
    """What the numbers of a run that is done do not say aloud."""
    end_stage = info.stages[-1] if info is not None and info.status == "done" and info.stages else None
    if last.get("alive") == 0 and rows and _last_alive(rows) is None:
        yield "no neuron is alive, and none was: the network is still almost zero; try more steps or a larger start"
    elif last.get("alive") == 0 or (end_stage is not None and end_stage.vanished):
        yield (
            "no neuron is alive: the network is zero, and has no gradient to leave that; try a smaller step size or "
            "weight decay, or another start"
        )
    if end_stage is not None and end_stage.then and end_stage.loss_before is not None:
        loss = last.get("loss") if last.get("loss") is not None else last.get("train_loss")
        before = max(end_stage.loss_before, (info.loss_floor if info is not None else None) or 0.0)
        if loss is not None and loss > _WORSE * before:
            which = f"{' and '.join(end_stage.then)} at the end of {end_stage.name}"
            yield f"{which} changed the loss from {number(end_stage.loss_before, 3)} to {number(loss, 3)}"
    yield from _rough_gap(last, info)
    first, end = (row.get("test_loss") for row in (rows[0] if rows else last, last))
    if first is not None and end is not None and end > first:
        yield (
            "the test loss ended above its start: the network fits noise, or cannot represent the labels (erf is odd, "
            "the other activations are even but for relu's linear part)"
        )


def _rough_gap(last: Row, info: RunInfo | None) -> Iterator[str]:
    """That the gap at the end is as small as the distance of the bounds on its optimum, where these do not meet."""
    for optimum in info.optima if info is not None else ():
        apart = optimum.upper - optimum.lower
        small = last.get("gap") is not None and last["gap"] < 10 * apart
        if small and not optimum.certified and optimum.weight_decay == last.get("weight_decay"):
            yield (
                f"the bounds on J* at λ = {number(optimum.weight_decay, 3)} are {number(apart, 2)} apart: the gap may "
                "be too large by as much, and a smaller one in `stop` would end no stage"
            )


def _last_row(info: RunInfo, rows: list[Row]) -> Row:
    """The numbers at the end: of the log while the run goes on, and then what run.json says, whatever the log lost."""
    if info.status != "running" and info.final is not None:
        return info.final
    return rows[-1] if rows else {}


def _losses_in_brief(info: RunInfo, last: Row) -> Iterator[str]:
    if last.get("loss") is not None or info.loss_floor is not None:  # otherwise there is no teacher
        yield f"loss {number(last.get('loss'), 3)} (rounding floor {number(info.loss_floor, 3)})"
    for name in LOSSES[1:]:
        if last.get(name) is not None:
            yield f"{heading_of(name)} {number(last[name], 3)}"


def _stage_rows(rows: list[Row]) -> Iterator[tuple[str, Row]]:
    """The first row and the last one of each stage."""
    for i, row in enumerate(rows):
        if row["step"] == 0:
            yield "(start)", row
        elif i + 1 == len(rows) or rows[i + 1]["stage"] != row["stage"]:
            yield row["stage"], row


def ending_of_run(run: RunDirectory, info: RunInfo) -> str:
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
        why = "after all of them" if stage.stop_reason == "steps" else f"by {stage.stop_reason}"
        told = f"{steps_in_words(stage.steps)}, {stage.seconds:.2f} s, ended {why}"
        if stage.distinct_neurons != stage.neurons:
            told += f"; {stage.neurons} neurons, {stage.distinct_neurons} distinct"
        table.add_row("stage", shown(f"{stage.name}: {told}"))
    if info.git.commit:
        table.add_row("commit", shown(f"{info.git.commit}{' (changed since)' if info.git.dirty else ''}"))
    found = {**info.versions, **info.machine}
    table.add_row("versions", shown(", ".join(f"{key} {value}" for key, value in found.items())))
    before: Provenance | Environment = info
    for later in info.continued_by:
        table.add_row(f"from step {later.step}", shown(", ".join(changes(before, later))))
        before = later
    output_console().print(table)
