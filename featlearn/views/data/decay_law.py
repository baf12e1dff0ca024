"""Where the loss of a run falls as the square of its weight decay, from epoch to epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from featlearn.views.data.plateaus import as_floats, stage_rows
from featlearn.views.data.run import RunData

EXPONENTS = (1.8, 2.2)  # of the loss in λ, between the ends of two epochs
LEAST_EPOCHS = 4
FAR = 0.5  # of the loss: with a larger gap it is that of a network far from the optimum, whatever it falls as


@dataclass(frozen=True)
class DecayLaw:
    """Epochs at whose ends the loss goes as λ^exponent: the rows of these ends, and the exponent over all of them."""

    ends: tuple[int, ...]
    exponent: float


def decay_laws(data: RunData) -> Iterator[DecayLaw]:
    """The longest sequences of at least ``LEAST_EPOCHS`` epochs of falling λ with such a law, of each stage."""
    decays, losses = as_floats(data.metrics["weight_decay"]), as_floats(data.metrics["loss"])
    gaps = as_floats(data.metrics["gap"])
    floor = data.info.loss_floor or 0.0  # losses near it are rounding
    for _, rows in stage_rows(data):
        decay = decays[rows]
        ends = rows[np.append(decay[1:] != decay[:-1], True)]
        if len(ends) < LEAST_EPOCHS or 2 * len(ends) > len(rows):  # as smooth schedules have
            continue
        usable = (losses[ends] > 10 * floor) & (losses[ends] > 0) & (decays[ends] > 0)
        usable &= ~(gaps[ends] > FAR * losses[ends])
        with np.errstate(all="ignore"):
            slopes = np.diff(np.log(losses[ends])) / np.diff(np.log(decays[ends]))
            falls = usable[1:] & usable[:-1] & (np.diff(decays[ends]) < 0)
            lawful = falls & (slopes >= EXPONENTS[0]) & (slopes <= EXPONENTS[1])
        begin = 0
        for place, holds in enumerate([*lawful.tolist(), False]):
            if not holds:
                if place - begin + 1 >= LEAST_EPOCHS:
                    yield _law(ends[begin : place + 1], decays, losses)
                begin = place + 1


def _law(ends: np.ndarray, decays: np.ndarray, losses: np.ndarray) -> DecayLaw:
    first, last = ends[0], ends[-1]
    exponent = np.log(losses[last] / losses[first]) / np.log(decays[last] / decays[first])
    return DecayLaw(tuple(ends.tolist()), float(exponent))
