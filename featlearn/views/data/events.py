"""What happened in a run, found in its data: events at steps, each told in one plain sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from featlearn.views.data import events_best as best
from featlearn.views.data import events_course as course
from featlearn.views.data import events_learned as learned
from featlearn.views.data import events_rest as rest
from featlearn.views.data.event import Event
from featlearn.views.data.run import RunData

__all__ = ["KINDS", "Event", "Kind", "chapters_of", "events_of"]

MOST_EVENTS = 14  # of a run
MOST_CHAPTERS = 5


@dataclass(frozen=True)
class Kind:
    """A kind of events: what it is, in words, and how those of a run are found, in the order of their steps.

    Attributes:
        reverses: whether an event may undo the one before. Of too many the latest are told then, so that what is lost
            is never left out before what is found again.
        chapter: whether its first event begins a chapter of the run.
    """

    about: str
    find: Callable[[RunData], Iterator[Event]]
    reverses: bool = False
    chapter: bool = False


# the most important first
KINDS = {
    "end": Kind("the run ends, with its last numbers", course.end),
    "divergence": Kind("the loss or a weight has grown out of all bounds", course.divergence, chapter=True),
    "atom gained": Kind("with the next λ the optimum has an atom near another teacher line", best.atoms_gained),
    "plateau": Kind("the network comes to rest though it could lose much more", best.plateau_entered, chapter=True),
    "left": Kind("the network leaves a plateau", best.plateau_left, chapter=True),
    "found": Kind(
        "the network has found the teacher, or lost it again", learned.found_teacher, reverses=True, chapter=True
    ),
    "rest": Kind(
        "the network comes to rest at the best network for the present λ, which has fewer directions than the teacher",
        rest.rests_with_fewer,
        chapter=True,
    ),
    "overfitting": Kind(
        "the loss on what is not trained on is least, and rises from here while the train loss falls",
        course.overfitting,
        chapter=True,
    ),
    "subspace": Kind(
        f"{learned.SUBSPACE_FOUND:.0%} of the first layer lies in the teacher's span, or no longer",
        learned.subspace,
        reverses=True,
        chapter=True,
    ),
    "decay law": Kind("the loss falls as λ² from here on, from epoch to epoch", best.loss_as_decay_squared),
    "lines": Kind("teacher lines are recovered, or lost again", learned.lines, reverses=True),
    "dying": Kind(f"more than {learned.DIED:.0%} of the neurons have died, or have grown", learned.dying),
    "atom lost": Kind("with the next λ the optimum has no atom near a teacher line any more", best.atoms_lost),
    "stage": Kind("a stage ends and the next one begins", course.stage_ends),
}


def events_of(data: RunData, leaving_out: Sequence[str] = ()) -> list[Event]:
    """The events of a run in the order of their steps, ``MOST_EVENTS`` at most.

    Of more, every kind keeps its first one, then its last, and then others as long as there is room, kinds in the order
    of ``KINDS``; those that reverse each other keep the last two, then the two before.

    Args:
        leaving_out: kinds that are not asked for.
    """
    ranked: list[tuple[int, Event]] = []
    for name, kind in KINDS.items():
        if name not in leaving_out:
            found = list(kind.find(data))
            if kind.reverses:
                ranked += [(place // 2, event) for place, event in enumerate(reversed(found))]
            else:
                ranked += enumerate([*found[:1], *found[1:][-1:], *found[1:-1]])
    chosen = [event for _, event in sorted(ranked, key=lambda each: each[0])[:MOST_EVENTS]]
    latest_first = list(KINDS)
    return sorted(chosen, key=lambda event: (event.step, -latest_first.index(event.kind)))


def chapters_of(events: Sequence[Event]) -> list[Event]:
    """The first event of each kind that begins a chapter, those with a mark, the most important ``MOST_CHAPTERS``."""
    first = {event.kind: event for event in reversed(events) if KINDS[event.kind].chapter and event.mark}
    chosen = [first[kind] for kind in KINDS if kind in first][:MOST_CHAPTERS]
    return sorted(chosen, key=lambda event: event.step)
