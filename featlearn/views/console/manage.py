"""What the commands that manage runs print: notes, differences, a neuron, what was removed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table

from featlearn.views.console.output import output_console, shown, tell
from featlearn.views.words.cells import degrees
from featlearn.views.words.numbers import number
from featlearn.views.words.values import labels

if TYPE_CHECKING:
    from featlearn.storage.directory import Notes
    from featlearn.views.data.differences import Differences
    from featlearn.views.data.neuron import Neuron


def show_notes(notes: Notes) -> None:
    """Tags and note of a run, where it has some."""
    if notes.tags:
        tell(f"tags: {' '.join(notes.tags)}")
    if notes.note:
        tell(f"note: {notes.note}")


def show_differences(names: tuple[str, str], found: Differences) -> None:
    """A table of each section in which two runs differ."""
    if not any(found.values()):
        tell("nothing differs")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("", *names):
        table.add_column(shown(heading), overflow="fold")
    for section, pairs in found.items():
        if pairs:
            table.add_row(shown(section, "bold"))
        for key, pair in pairs.items():
            table.add_row(shown(f"  {key}"), *map(shown, _texts(pair)))
    output_console().print(table)


def _texts(pair: tuple[Any, Any]) -> list[str]:
    known = iter(labels([value for value in pair if value is not None], 4))
    return ["–" if value is None else next(known) for value in pair]


def show_neuron(neuron: Neuron, asked: int | None) -> None:
    """Where a neuron points and how large it is, at the nearest snapshot."""
    instead = f", the snapshot that is nearest to step {asked}" if asked not in (None, neuron.step) else ""
    tell(f"neuron {neuron.number} at step {neuron.step}{instead}")
    size = f"norm ‖w‖ {number(neuron.norm, 4)}, output weight a {number(neuron.output_weight, 4)}"
    size += "" if neuron.bias is None else f", bias b {number(neuron.bias, 4)}"
    tell(f"  {size}, mass {number(neuron.mass, 4)}")
    if neuron.angles is None:
        tell("  no angle to a teacher: its row is zero or not finite, or there is no teacher")
        return
    for k, angle in enumerate(neuron.angles):
        tell(f"  to {neuron.lines} {k}: {degrees(angle)}{'  (nearest)' if k == neuron.nearest else ''}")


def show_removed(name: str, place: Path | None) -> None:
    """What became of a run."""
    tell(f"{name}: deleted" if place is None else f"{name}: moved to {place}")
