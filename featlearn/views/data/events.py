"""What happened in a run, found in its data: events at steps, each told in one plain sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from featlearn.views.data.run import RunData
from featlearn.views.words.numbers import number, steps_in_words


@dataclass(frozen=True)
class Event:
    """Something that happened in a run.

    Attributes:
        kind: a name of ``KINDS``.
        step: the logged step at which it shows.
        text: one plain sentence with its numbers, without markup.
        neuron, teacher: that it is about, from 0; in words they are counted from 1.
    """

    kind: str
    step: int
    text: str
    neuron: int | None = None
    teacher: int | None = None


@dataclass(frozen=True)
class Kind:
    """A kind of events: what it is, in words, and how those of a run are found."""

    about: str
    find: Callable[[RunData], Iterator[Event]]


def events_of(data: RunData) -> list[Event]:
    """The events of a run, in the order of their steps."""
    found = [event for kind in KINDS.values() for event in kind.find(data)]
    return sorted(found, key=lambda event: event.step)


def _stages(data: RunData) -> Iterator[Event]:
    for stage, later in zip(data.stages, data.stages[1:], strict=False):
        steps = steps_in_words(stage.last - stage.first)
        yield Event("stage", stage.last, f"{stage.name} ends after {steps}, and {later.name} begins.")


def _atoms(data: RunData) -> Iterator[Event]:
    """Of each stage, at the last logged steps before λ changes so that the optimum has atoms near other teacher lines.

    An optimum without any atom counts for nothing.
    """
    teachers = {record.weight_decay: {atom.teacher for atom in record.atoms} for record in data.info.optima}
    decays, stages, steps = (data.metrics[name].tolist() for name in ("weight_decay", "stage", "step"))
    for row in range(1, len(steps)):
        before, now = teachers.get(decays[row - 1]), teachers.get(decays[row])
        if before and now and stages[row] == stages[row - 1]:
            at = f"at λ = {number(decays[row], 3)} the best network of any width has"
            for teacher in sorted(now - before):
                text = f"From here on, {at} a neuron near teacher line w*{teacher + 1}."
                yield Event("atom gained", int(steps[row - 1]), text, teacher=teacher)
            for teacher in sorted(before - now):
                text = f"From here on, {at} no neuron near teacher line w*{teacher + 1} any more."
                yield Event("atom lost", int(steps[row - 1]), text, teacher=teacher)


KINDS = {
    "stage": Kind("a stage ends and the next one begins", _stages),
    "atom gained": Kind("the optimum gains an atom near a teacher line as λ changes", _atoms),
}
