"""Events of a run: where it comes to rest at the best network, and why it does not while on a plateau."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import numpy as np

from featlearn.runs.records import AtomRecord
from featlearn.views.data.event import Event, event_at, teachers_in_words
from featlearn.views.data.plateaus import Plateau, as_floats, stage_rows
from featlearn.views.data.run import RunData
from featlearn.views.words.cells import cell
from featlearn.views.words.numbers import number, steps_in_words

AT_REST = 1e-3  # of the objective: with a smaller gap the network is the best one
RISEN = 1.1  # times the least loss of its λ, from which on that has risen
LITTLE = 0.01  # of an atom's mass: neurons that have less are as good as not there
_GROWN = 10.0  # times: what a mass near a line grows by, at least, to be told
_LEAST_SNAPSHOTS = 3


def rests_with_fewer(data: RunData) -> Iterator[Event]:
    """Where the gap becomes tiny at a λ whose optimum has fewer atoms than the teacher lines; each optimum once."""
    gaps, objectives, losses = (as_floats(data.metrics[name]) for name in ("gap", "objective", "loss"))
    decays, told = data.metrics["weight_decay"].tolist(), None
    for _, stage in stage_rows(data) if data.polynomial is None else ():
        for decay, group in groupby(stage.tolist(), key=lambda row: decays[row]):
            rows, atoms = np.array(list(group)), _atoms_at(data, decay)
            near = gaps[rows] <= AT_REST * np.abs(objectives[rows])
            has = sorted({atom.teacher for atom in atoms})
            if not atoms or len(atoms) >= data.teachers or near[0] or not near.any() or has == told:
                continue
            told, row = has, int(rows[np.argmax(near)])
            text = f"The network comes to rest at the best network for λ = {number(decay, 3)} (gap "
            text += f"{cell('gap', float(gaps[row]))}), which has {_directions(len(atoms))} where the teacher has "
            text += f"{data.teachers}"
            missing = [k for k in range(data.teachers) if k not in has]
            text += f", and none nearest to {teachers_in_words(missing)}" if missing else ""
            text += ": at this λ one more would cost more weight decay than it saves loss"
            before = rows[rows <= row]
            known = before[np.isfinite(losses[before])]
            least = int(known[np.argmin(losses[known])]) if len(known) else row
            if losses[row] > RISEN * losses[least] and objectives[row] < objectives[least]:
                rise, fall = (
                    f"from {number(float(of[least]), 3)} to {number(float(of[row]), 3)}" for of in (losses, objectives)
                )
                text += f", so that since step {data.metrics['step'][least]} the loss rises {rise} while the objective "
                text += f"falls {fall}"
            yield event_at(data, row, "rest", f"{text}.", mark=f"rests with {len(atoms)} of {data.teachers} directions")


def _directions(count: int) -> str:
    return "1 direction" if count == 1 else f"{count} directions"


def _atoms_at(data: RunData, decay: float) -> list[AtomRecord]:
    return [atom for record in data.info.optima if record.weight_decay == decay for atom in record.atoms]


def why_it_rests(data: RunData, plateau: Plateau) -> str:
    """Which neuron of the best network a plateau's network has next to nothing of; nothing where it has all."""
    found = _missing(data, plateau)
    if found is None:
        return ""
    atom, steps, masses = found
    text = f"; that has a neuron of mass {number(abs(atom.mass), 3)} nearest to {teachers_in_words([atom.teacher])}, "
    only = f"where the network's have only {number(float(masses[0]), 3)} (step {steps[0]})"
    return f"{text}{only} and, so small, next to no gradient"


def why_it_leaves(data: RunData, plateau: Plateau) -> str:
    """By how much that mass grows until the plateau ends, if it only grows."""
    found = _missing(data, plateau)
    if found is None:
        return ""
    atom, steps, masses = found
    if len(steps) < _LEAST_SNAPSHOTS or np.any(np.diff(masses) <= 0) or masses[-1] < _GROWN * masses[0]:
        return ""
    pace = round(float(steps[-1] - steps[0]) / float(np.log(masses[-1] / masses[0])))
    text = (
        f", for the mass of the neurons nearest to {teachers_in_words([atom.teacher])} has grown all the while, from "
    )
    text += f"{number(float(masses[0]), 3)} at step {steps[0]} to {number(float(masses[-1]), 3)} at step {steps[-1]}"
    return text + f", by a factor e every {steps_in_words(pace)} on average"


def _missing(data: RunData, plateau: Plateau) -> tuple[AtomRecord, np.ndarray, np.ndarray] | None:
    """The heaviest atom nearest to whose line there is next to nothing, with the mass there at snapshots of a plateau.

    Several atoms of one line are none that could be told apart.
    """
    neurons, steps = data.neurons, data.metrics["step"]
    if neurons is None or plateau.column != "gap":
        return None
    within = (neurons.steps >= steps[plateau.first]) & (neurons.steps <= steps[plateau.last])
    at = np.flatnonzero(within)
    atoms, found = _atoms_at(data, data.metrics["weight_decay"][plateau.first]), []
    for atom in atoms:
        there = np.where(neurons.teacher[at] == atom.teacher, np.nan_to_num(neurons.mass[at]), 0.0).sum(-1)
        alone = sum(other.teacher == atom.teacher for other in atoms) == 1
        if alone and len(there) and 0 < there[0] < LITTLE * abs(atom.mass):
            found.append((abs(atom.mass), atom, there))
    if not found:
        return None
    _, atom, masses = max(found, key=lambda each: each[0])
    return atom, neurons.steps[at], masses
