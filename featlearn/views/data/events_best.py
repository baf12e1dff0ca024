"""Events of a run: how far the network is from the best one, and what weight decay does to that."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from featlearn.views.data.decay_law import decay_laws
from featlearn.views.data.event import Event, event_at, teachers_in_words
from featlearn.views.data.events_rest import why_it_leaves, why_it_rests
from featlearn.views.data.plateaus import FLAT, Plateau, as_floats, plateaus_of
from featlearn.views.data.run import RunData
from featlearn.views.words.cells import cell
from featlearn.views.words.labels import heading_of
from featlearn.views.words.numbers import number, steps_in_words

_GROWS = 1.5  # times its first, from which on a gap has grown
_TURNED = 0.8  # of the mean angle: what falls below it is told


def plateau_entered(data: RunData) -> Iterator[Event]:
    """Where the network comes to rest on a plateau."""
    for plateau in plateaus_of(data):
        row, steps = plateau.first, _steps(data, plateau.first, plateau.last)
        stretch = f"the next {steps}" if plateau.fallen is not None else f"the last {steps} of its stage"
        text = f"For {stretch} the network rests on a plateau: "
        at = float(data.metrics[plateau.column][row])
        if plateau.column == "gap":
            share = at / float(data.metrics["objective"][row])
            text += (
                f"its gradient is small (norm {cell('grad_norm', float(data.metrics['grad_norm'][row]))}), though the "
            )
            text += (
                f"best network's objective is {share:.0%} lower (gap {cell('gap', at)}){why_it_rests(data, plateau)}"
            )
            text += f"{_grown(data, plateau)}."
        else:
            text += (
                f"the {heading_of(plateau.column)} stays near {number(at, 3)}, and falls by less than {FLAT:.0%} of "
            )
            text += "what it loses later."
        yield event_at(data, row, "plateau", text, mark="stuck on a plateau")


def _grown(data: RunData, plateau: Plateau) -> str:
    """That the gap grows on a plateau with the fall of λ, where it does."""
    gap, decay = (as_floats(data.metrics[name]) for name in ("gap", "weight_decay"))
    first, last = plateau.first, plateau.last
    if not (gap[last] > _GROWS * gap[first] and decay[last] < decay[first]):
        return ""
    return f", and the gap grows to {cell('gap', float(gap[last]))} because λ falls to {number(float(decay[last]), 3)}"


def plateau_left(data: RunData) -> Iterator[Event]:
    """Where the network leaves a plateau."""
    for plateau in plateaus_of(data):
        if plateau.fallen is None:
            continue
        rested, falls = _steps(data, plateau.first, plateau.last), _steps(data, plateau.last, plateau.fallen)
        ends = [plateau.last, plateau.fallen]
        before, after = (cell(plateau.column, float(data.metrics[plateau.column][row])) for row in ends)
        text = f"The network leaves its plateau after {rested}: within {falls} more the "
        text += f"{heading_of(plateau.column)} falls from {before} to {after}"
        had, has = as_floats(data.metrics["mean_angle"])[ends].tolist()
        if has < _TURNED * had:
            text += f", and the mean angle of the mass to the teacher lines from {had:.1f}° to {has:.1f}°"
        text += why_it_leaves(data, plateau)
        yield event_at(data, plateau.last, "left", f"{text}.", mark="plateau left")


def _steps(data: RunData, first: int, last: int) -> str:
    return steps_in_words(int(data.metrics["step"][last] - data.metrics["step"][first]))


def atoms_gained(data: RunData) -> Iterator[Event]:
    """Of each stage, the last logged steps before λ changes so that the optimum has atoms near more teacher lines."""
    gaps = as_floats(data.metrics["gap"])
    for row, gained, _ in _atoms(data):
        if not gained:
            continue
        before, now = (number(float(data.metrics["weight_decay"][at]), 3) for at in (row, row + 1))
        named, apart = teachers_in_words(gained), _apart(data, row + 1, gained)
        text = f"From λ = {now} on, the best network of any width has {'a neuron' if len(gained) == 1 else 'neurons'} "
        text += f"near {named} (within {apart:.1f}°), where at λ = {before} every neuron was nearer to other lines"
        if gaps[row + 1] > 2 * gaps[row]:
            had, has = (cell("gap", float(gaps[at])) for at in (row, row + 1))
            text += f": with λ the gap to it changes from {had} to {has}"
        yield event_at(data, row, "atom gained", f"{text}.", _only(gained), mark=f"optimum gains {_short(named)}")


def atoms_lost(data: RunData) -> Iterator[Event]:
    """Likewise where it has none any more near some of them."""
    for row, _, lost in _atoms(data):
        if lost:
            named, now = teachers_in_words(lost), number(float(data.metrics["weight_decay"][row + 1]), 3)
            text = f"From λ = {now} on, every neuron of the best network of any width is nearer to other lines than to "
            text += f"{named}."
            yield event_at(data, row, "atom lost", text, _only(lost), mark=f"optimum loses {_short(named)}")


def _atoms(data: RunData) -> Iterator[tuple[int, list[int], list[int]]]:
    """Rows after which the optimum changes within a stage, and the teacher lines of which it gains and loses atoms.

    An atom is one of the line that is nearest to it, however far that is. An optimum without any atom counts for
    nothing.
    """
    teachers = {record.weight_decay: {atom.teacher for atom in record.atoms} for record in data.info.optima}
    decays, stages = (data.metrics[name].tolist() for name in ("weight_decay", "stage"))
    for row in range(len(decays) - 1):
        before, now = teachers.get(decays[row]), teachers.get(decays[row + 1])
        if before and now and before != now and stages[row] == stages[row + 1]:
            yield row, sorted(now - before), sorted(before - now)


def _apart(data: RunData, row: int, teachers: list[int]) -> float:
    """The largest angle, in degrees, of the optimum's nearest atoms to some teacher lines at a row."""
    decay = data.metrics["weight_decay"][row]
    atoms = [atom for record in data.info.optima if record.weight_decay == decay for atom in record.atoms]
    return max(min(atom.angle for atom in atoms if atom.teacher == teacher) for teacher in teachers)


def _only(teachers: list[int]) -> int | None:
    return teachers[0] if len(teachers) == 1 else None


def _short(named: str) -> str:
    return named.removeprefix("teacher lines ").removeprefix("teacher line ")


def loss_as_decay_squared(data: RunData) -> Iterator[Event]:
    """Where the loss begins to fall as λ² from epoch to epoch."""
    for law in decay_laws(data):
        decays, losses = (
            [number(float(data.metrics[name][row]), 3) for row in (law.ends[0], law.ends[-1])]
            for name in ("weight_decay", "loss")
        )
        text = f"From here on the loss falls as λ²: at the ends of {len(law.ends)} epochs it goes from {losses[0]} to "
        text += f"{losses[1]} with λ from {decays[0]} to {decays[1]} (exponent {law.exponent:.2f}), "
        known = np.isfinite(as_floats(data.metrics["gap"])[list(law.ends)]).all()
        text += "so that only" if known else "as it does where only"
        text += " what weight decay costs is left of it."
        yield event_at(data, law.ends[0], "decay law", text)
