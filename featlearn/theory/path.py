"""The path of the optimum: how the atoms of the best measure appear, split and move as λ falls (docs/theory.md §10).

The optimum is solved on a grid of λ, and the grid is bisected wherever atoms come or go between neighbours. Two changes
that undo each other between neighbours of the grid are missed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from featlearn.theory.activations import Activation
from featlearn.theory.certificate import maxima
from featlearn.theory.measures import Atoms, Target, lengths
from featlearn.theory.optimum import Optimum, certified_optimum

LOCATED_WITHIN = 1e-3  # The λ on the two sides of a change differ by this share of them at most.
TOGETHER = 0.1  # Atoms of one sign that are nearer to one another than this, in degrees, count as one.
_FARTHEST = 0.3  # An atom is looked for at the next λ no farther away than this, in radians,
_BORN_BELOW = 0.05  # and one that is new comes from nothing if it has less than this share of all mass.
_SEARCH = 4096, 24  # How |η| of the zero function is searched for its maximum: points, ascents.

Kind = Literal["born", "split", "gone", "merged"]


@dataclass(frozen=True)
class Point:
    """The optimum at one λ, with atoms that are nearer to one another than ``TOGETHER`` made one.

    Attributes:
        masses: (n,) signed.
        directions: (n, d) of norm 1.
    """

    weight_decay: float
    masses: np.ndarray
    directions: np.ndarray
    certified: bool


@dataclass(frozen=True)
class Change:
    """An atom comes or goes as λ falls: from mass 0 or out of another one (born, split), or the reverse (gone, merged).

    Attributes:
        above, below: the λ between which it happens.
        direction: (d,) of the atom, at ``below`` where it comes, at ``above`` where it goes.
    """

    kind: Kind
    above: float
    below: float
    direction: np.ndarray


@dataclass(frozen=True)
class Path:
    """Points by falling λ.

    Attributes:
        links: for each point but the first, (k, 2) which of the atoms before it and which of its own are one branch.
        changes: by falling λ.
    """

    points: tuple[Point, ...]
    links: tuple[np.ndarray, ...]
    changes: tuple[Change, ...]


def first_atom(activation: Activation, teacher_second_layer: np.ndarray, teacher_first_layer: np.ndarray) -> float:
    """The λ from which on the zero function is the best: 2 max |⟨f*, φ̃_w⟩| over unit vectors w.

    Args:
        activation: homogeneous of degree 1, with ``Activation.degree_one``.
        teacher_second_layer, teacher_first_layer: (m*,), (m*, d), rows of any norm but 0.
    """
    norms = lengths(teacher_first_layer)
    target = Target(activation, teacher_second_layer * norms, teacher_first_layer / norms[:, None], 1.0)
    return maxima(target, Atoms(np.zeros(0), np.zeros((0, target.rank))), *_SEARCH)[1]


def optimum_path(
    activation: Activation, teacher_second_layer: np.ndarray, teacher_first_layer: np.ndarray, decays: Sequence[float]
) -> Path:
    """The path through some λ, and those between which atoms come or go.

    Args:
        activation, teacher_second_layer, teacher_first_layer: as for ``certified_optimum``, with a teacher in a plane:
            in more dimensions the best measure is spread, and its atoms cannot be counted.
        decays: λ > 0, by falling λ.
    Accuracy: a change lies between λ that ``LOCATED_WITHIN`` says. An atom that splits is seen when its parts are
        ``TOGETHER`` apart, some 1 % of λ later (tests/theory/test_path.py).
    Source: docs/theory.md §10.
    """
    lines = activation.symmetry == "even"

    def solved(decay: float) -> Point:
        return joined(certified_optimum(activation, teacher_second_layer, teacher_first_layer, decay), lines=lines)

    points: list[Point] = []
    for decay in decays:
        after = solved(decay)
        points += [*(_between(points[-1], after, solved, lines=lines) if points else []), after]
    steps = list(pairwise(points))
    links = [_linked(above, below, lines=lines) for above, below in steps]
    changes = [
        change
        for (above, below), pairs in zip(steps, links, strict=True)
        for change in _changes(above, below, pairs, lines=lines)
    ]
    return Path(tuple(points), tuple(links), tuple(changes))


def joined(optimum: Optimum, *, lines: bool) -> Point:
    """An optimum with its atoms, those that are together made one; ``lines``: w and −w are one neuron."""
    left, masses, directions = list(range(len(optimum.masses))), [], []
    while left:
        group, left = [left[0]], left[1:]
        for one in group:  # it grows: an atom is together with all that are together with its neighbours
            near = [other for other in left if _apart(optimum, one, optimum, other, lines) < np.radians(TOGETHER)]
            group, left = group + near, [other for other in left if other not in near]
        own, unit = optimum.masses[group], optimum.directions[group]
        facing = np.where(unit @ unit[0] < 0, -1.0, 1.0)[:, None]  # −w is w, or it would not be near
        middle = np.abs(own) @ (facing * unit)
        masses.append(float(own.sum()))
        directions.append(middle / np.linalg.norm(middle))
    shape = -1, optimum.directions.shape[-1]
    return Point(optimum.weight_decay, np.array(masses), np.array(directions).reshape(shape), optimum.certified)


def _apart(one: Point | Optimum, i: int, other: Point | Optimum, j: int, lines: bool) -> float:
    """The distance of two atoms, of their lines if w and −w are one neuron; infinite for atoms of two signs."""
    if one.masses[i] * other.masses[j] <= 0:
        return np.inf
    u, v = one.directions[i], other.directions[j]
    apart = float(np.linalg.norm(u - v))
    return min(apart, float(np.linalg.norm(u + v))) if lines else apart


def _between(above: Point, below: Point, solved: Callable[[float], Point], *, lines: bool) -> list[Point]:
    """Points between two, until atoms come and go between neighbours that are close alone."""
    close = above.weight_decay <= (1 + LOCATED_WITHIN) * below.weight_decay
    if close or len(above.masses) == len(below.masses) == len(_partners(above, below, lines=lines)):
        return []
    middle = solved(float(np.sqrt(above.weight_decay * below.weight_decay)))
    return [*_between(above, middle, solved, lines=lines), middle, *_between(middle, below, solved, lines=lines)]


def _partners(above: Point, below: Point, *, lines: bool) -> list[tuple[int, int]]:
    """Which atoms of two points are the same, each at most once: the nearest pairs first."""
    every = [(i, j) for i in range(len(above.masses)) for j in range(len(below.masses))]
    apart = {(i, j): _apart(above, i, below, j, lines) for i, j in every}
    found: list[tuple[int, int]] = []
    for i, j in sorted(every, key=apart.__getitem__):
        if apart[i, j] < _FARTHEST and not any(i == a or j == b for a, b in found):
            found.append((i, j))
    return found


def _changes(above: Point, below: Point, links: np.ndarray, *, lines: bool) -> list[Change]:
    """What comes and goes between two points."""
    partners = _partners(above, below, lines=lines)
    kept, continued = {i for i, _ in partners}, {j for _, j in partners}
    decays = above.weight_decay, below.weight_decay
    changes = []
    for j in sorted(set(range(len(below.masses))) - continued):
        changes.append(Change("split" if j in links[:, 1] else "born", *decays, below.directions[j]))
    for i in sorted(set(range(len(above.masses))) - kept):
        changes.append(Change("merged" if i in links[:, 0] else "gone", *decays, above.directions[i]))
    return changes


def _linked(above: Point, below: Point, *, lines: bool) -> np.ndarray:
    """The same atoms at two points, (k, 2), and those that come out of others or go into them."""
    partners = _partners(above, below, lines=lines)
    links = list(partners)
    links += [(_nearest(below, j, above, lines), j) for j in _heavy(below, {j for _, j in partners})]
    links += [(i, _nearest(above, i, below, lines)) for i in _heavy(above, {i for i, _ in partners})]
    return np.array([pair for pair in links if min(pair) >= 0], dtype=int).reshape(-1, 2)


def _heavy(point: Point, but: set[int]) -> list[int]:
    """The atoms, without some, that do not come from nothing."""
    mass = np.abs(point.masses)
    return [i for i in range(len(mass)) if i not in but and mass[i] >= _BORN_BELOW * mass.sum()]


def _nearest(one: Point, i: int, other: Point, lines: bool) -> int:
    """The atom of another point that is the nearest to one; −1 where none is near."""
    apart = [_apart(one, i, other, j, lines) for j in range(len(other.masses))]
    return int(np.argmin(apart)) if apart and min(apart) < _FARTHEST else -1
