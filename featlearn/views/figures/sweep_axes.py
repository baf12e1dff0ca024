"""Which axes of a sweep a figure shows, and as what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from featlearn.storage.errors import WrongChoice
from featlearn.views.data.axis import Axis
from featlearn.views.data.sweep import SweepData
from featlearn.views.words.palette import COLOURS

MOST_LINES = len(COLOURS)


@dataclass(frozen=True)
class OverSeeds:
    """No axis: the sweep varies nothing but the seed."""


@dataclass(frozen=True)
class Lines:
    """One axis, and a line for each setting of the others."""

    across: Axis
    lines: list[Axis]


@dataclass(frozen=True)
class HeatMap:
    """Two axes."""

    across: Axis
    up: Axis


def choose_axes(data: SweepData, x: str | None, y: str | None) -> OverSeeds | Lines | HeatMap:
    """What a figure of a sweep shows when these axes are asked for; None leaves the choice to it.

    Raises:
        WrongChoice: when there is no such axis, or a figure cannot show all that the sweep varies.
    """
    if not data.axes:
        if x or y:
            raise WrongChoice("this sweep varies nothing but the seed: there are no axes to choose")
        return OverSeeds()
    if y:
        return _heat_map(data, x, y)
    across = data.axis(x) if x else _first_numeric(data.axes)
    others = _without(across, data.axes)
    if not x and len(others) == 1:
        return HeatMap(across, others[0])
    _refuse_too_many_lines(data, others)
    return Lines(across, others)


def _heat_map(data: SweepData, x: str | None, y: str) -> HeatMap:
    up = data.axis(y)
    rest = _without(up, data.axes)
    if x:
        across = data.axis(x)
        if across is up:
            raise WrongChoice(f"--x and --y are both {across.key}")
    elif rest:
        across = _first_numeric(rest)
    else:
        raise WrongChoice(f"{y} is the only axis of this sweep; give it as --x")
    if others := _without(across, rest):
        told = ", ".join(axis.key for axis in others)
        raise WrongChoice(
            f"a heat map has two axes, and this sweep varies {told} too: a median over it would mix "
            f"different settings; give --x alone for one line per setting"
        )
    return HeatMap(across, up)


def _first_numeric(axes: Sequence[Axis]) -> Axis:
    return next((axis for axis in axes if axis.numeric), axes[0])


def _without(one: Axis, axes: Sequence[Axis]) -> list[Axis]:
    return [axis for axis in axes if axis is not one]


def _refuse_too_many_lines(data: SweepData, axes: Sequence[Axis]) -> None:
    count = int(np.prod([len(axis.values) for axis in axes]))
    if count > MOST_LINES:
        told = " and ".join(axis.key for axis in axes)
        choices = ", ".join(axis.key for axis in data.axes)
        raise WrongChoice(
            f"one line for each {told} would be {count} lines, and a figure holds {MOST_LINES}; "
            f"choose other axes with --x and --y among {choices}, or split the sweep"
        )
