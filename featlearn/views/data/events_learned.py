"""Events of a run: what the network learns of its teacher, and what becomes of its neurons."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from featlearn.storage.errors import RunError
from featlearn.theory.alignment import ALIGNED_WITHIN, ALIVE_ABOVE, finds_teacher
from featlearn.theory.population import squared_norm
from featlearn.views.data.event import Event, event_at, lines_in_words, teachers_in_words
from featlearn.views.data.levels import Level, changes
from featlearn.views.data.plateaus import as_floats
from featlearn.views.data.run import RunData, activation_of
from featlearn.views.words.cells import cell
from featlearn.views.words.numbers import number

SUBSPACE_FOUND = 0.9  # share of the first layer in the teacher's span, from which on this is found
DIED = 0.05  # share of the neurons: fewer that die, or grow, are no event


def subspace(data: RunData) -> Iterator[Event]:
    """Where the teacher's span is found, or lost again."""
    share = as_floats(data.metrics["subspace"])
    enough = np.where(np.isfinite(share), share >= SUBSPACE_FOUND, np.nan)
    for place, (before, now) in enumerate(changes(data.metrics["step"], enough)):
        start, had, has = (cell("subspace", float(share[row])) for row in (before.first, before.last, now.first))
        if now.value:
            was = f"{had} before" if place else f"{start} at first"
            text = (
                f"{has} of the first layer lies in the teacher's span ({was}), among the {_dimensions(data)}directions "
            )
            text += "of the input on which the labels depend."
            yield event_at(
                data, now.first, "subspace", text, mark="plane found" if data.info.rank == 2 else "subspace found"
            )
        else:
            text = f"Only {has} of the first layer lies in the teacher's span any more ({had} before)."
            yield event_at(data, now.first, "subspace", text)


def _dimensions(data: RunData) -> str:
    whole = data.settings.get("teacher.input_dim")
    whole = data.snapshots.first_layer.shape[-1] if data.snapshots is not None else whole
    return f"{data.info.rank} of {whole} " if data.info.rank is not None and isinstance(whole, int) else ""


def lines(data: RunData) -> Iterator[Event]:
    """Where teacher lines get a living neuron near them, or lose it; which ones is told where snapshots know it."""
    recovered, known = as_floats(data.metrics["recovered"]), _recovered_at_snapshots(data)
    angles = as_floats(data.metrics["mean_angle"])
    most: Level | None = None  # before the one before
    for before, now in changes(data.metrics["step"], recovered):
        more, count = now.value > before.value, round(abs(now.value - before.value))
        which = sorted(_which(known, _span(data, before), _span(data, now), more=more))
        told = teachers_in_words(which) if len(which) == count else lines_in_words(count)
        spread = more and angles[now.first] > ALIGNED_WITHIN
        become = "close to some neuron" if spread else "recovered" if more else "lost again"
        text = f"{told[0].upper()}{told[1:]} {'is' if count == 1 else 'are'} {become}: "
        text += f"{now.value:.0f} of {data.teachers} {'has' if now.value == 1 else 'have'} a living neuron within "
        text += f"{ALIGNED_WITHIN:g}° ({before.value:.0f} before"
        if more and most is not None and most.value > before.value:
            text += f", though {most.value:.0f} had one at step {data.metrics['step'][most.first]}"
        text += ")"
        if spread:
            text += f", but not yet because neurons gather there: the mean angle is still {angles[now.first]:.1f}°"
        yield event_at(data, now.first, "lines", f"{text}.", which[0] if len(which) == count == 1 else None)
        most = before if most is None or before.value >= most.value else most


def _span(data: RunData, level: Level) -> tuple[int, int]:
    return int(data.metrics["step"][level.first]), int(data.metrics["step"][level.last])


def _recovered_at_snapshots(data: RunData) -> dict[int, set[int]]:
    """By step, the teacher lines that have a living neuron near them."""
    if (neurons := data.neurons) is None:
        return {}
    near = (neurons.angle < ALIGNED_WITHIN) & (neurons.mass > neurons.alive_above)
    teachers = zip(neurons.steps.tolist(), near, neurons.teacher, strict=True)
    return {step: set(teacher[here].tolist()) for step, here, teacher in teachers}


def _which(known: dict[int, set[int]], before: tuple[int, int], now: tuple[int, int], *, more: bool) -> set[int]:
    """The lines that are there at the first snapshot of a time and not at the last one of another, or the reverse."""
    had = [found for step, found in known.items() if before[0] <= step <= before[1]]
    have = [found for step, found in known.items() if now[0] <= step <= now[1]]
    if not had or not have:
        return set()
    return have[0] - had[-1] if more else had[-1] - have[0]


def found_teacher(data: RunData) -> Iterator[Event]:
    """Where a run finds its teacher, by ``theory.alignment.finds_teacher``, or has it no longer."""
    table = {name: as_floats(data.metrics[name]) for name in ("recovered", "aligned_mass", "mass_error", "loss")}
    if data.snapshots is None or not all(np.isfinite(column).any() for column in table.values()):
        return
    weights, directions = data.snapshots.teacher_second_layer, data.snapshots.teacher_first_layer
    try:
        size = squared_norm(activation_of(data.run, data.info), weights[None], directions[None])
    except (RunError, ValueError):
        return
    found = finds_teacher(table, np.array([len(weights)]), np.min(np.abs(weights), keepdims=True), size)
    for place, (_, now) in enumerate(
        changes(data.metrics["step"], np.where(np.isfinite(table["loss"]), found, np.nan))
    ):
        loss, aligned = number(float(table["loss"][now.first]), 3), float(table["aligned_mass"][now.first])
        if now.value:
            near = f"its {len(weights)} lines have" if len(weights) > 1 else "its line has"
            text = f"The network has found the teacher{' again' if place else ''}: {near} a neuron within "
            text += (
                f"{ALIGNED_WITHIN:g}°, {cell('aligned_mass', aligned)} of the mass lies there in the right amounts, "
            )
            text += f"and the loss is {loss}."
            yield event_at(data, now.first, "found", text, mark="teacher found")
        else:
            yield event_at(data, now.first, "found", f"The network has lost the teacher again: the loss is {loss}.")


def dying(data: RunData) -> Iterator[Event]:
    """Where many neurons have died, or have grown."""
    alive = as_floats(data.metrics["alive"])
    width = float(np.max(alive, initial=0.0, where=np.isfinite(alive)))
    for before, now in changes(data.metrics["step"], alive, DIED * width):
        count, left = round(abs(now.value - before.value)), f"{now.value:.0f} of {width:.0f}"
        which = "1 neuron" if count == 1 else f"{count} neurons"
        if now.value == 0:
            text = f"No neuron is alive any more: each has less than {ALIVE_ABOVE:g} of the teacher's mass."
        elif now.value < before.value:
            text = (
                f"{which} {'has' if count == 1 else 'have'} died, each with less than {ALIVE_ABOVE:g} of the teacher's "
            )
            text += f"mass, which is too little to be seen: {left} are left."
        else:
            text = f"{which} {'has' if count == 1 else 'have'} grown to a mass that matters: {left} have one."
        yield event_at(data, now.first, "dying", text)
