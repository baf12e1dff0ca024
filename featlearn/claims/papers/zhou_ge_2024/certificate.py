"""The pre-certificate at the teacher's directions: how far it stays below 1 on the sphere, and for which teachers."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import Measured, median_of, proportion_of
from featlearn.claims.papers.zhou_ge_2024.teachers import ACTIVATION, number_of_teachers, teacher_of
from featlearn.claims.records import Panel, Series
from featlearn.theory.activations import Activation, activation
from featlearn.theory.precertificate import precertificate

_PLANAR = ((2, 25.0), (3, 45.0), (3, 25.0), (3, 10.0), (3, 5.0), (4, 10.0), (5, 10.0))  # lines, least angle
_APART, _CLOSE, _STOPS = (3, 25.0), (3, 5.0), (4, 10.0)
_IN_SPACE = (3, 4, 5)  # lines, 20° apart at least


def measure(evidence: Evidence) -> Findings:
    count = number_of_teachers(evidence)
    planar = {case: _ratios(range(count), 2, *case) for case in _PLANAR}
    space = {width: _ratios(range(max(4, count // 4)), 3, width, 20.0) for width in _IN_SPACE}
    plain = _ratios(range(max(4, count // 4)), 2, *_APART, phi=activation("relu", 0))
    return Findings(
        {
            "apart": _share(planar[_APART]),
            "close": _share(planar[_CLOSE]),
            "size": median_of(planar[_APART]),
            "stops": _share(planar[_STOPS]),
        },
        [
            *(f"{m} lines in a plane, {angle:g}° apart: {_told(found)}" for (m, angle), found in planar.items()),
            *(f"{m} lines in three dimensions, 20° apart: {_told(found)}" for m, found in space.items()),
            f"plain relu, 3 lines in a plane, 25° apart: {_told(plain)}",
        ],
        Panel(
            "ρ, the largest with |η| ≤ 1 − ρ δ² on the whole sphere",
            "share of teachers with a smaller one",
            [_distribution(f"{m} lines, {angle:g}°", planar[m, angle]) for m, angle in (_APART, _CLOSE, *_PLANAR[5:])],
        ),
    )


def _ratios(
    seeds: Iterable[int], rank: int, width: int, min_angle: float, *, phi: Activation = ACTIVATION
) -> np.ndarray:
    """ρ of the teacher of each seed."""
    teachers = [teacher_of(seed, rank=rank, width=width, min_angle=min_angle) for seed in seeds]
    found = [precertificate(phi, np.sign(t.second_layer), t.first_layer).non_degeneracy() for t in teachers]
    return np.array(found)


def _share(ratios: np.ndarray) -> Measured:
    return proportion_of(ratios > 0)


def _told(ratios: np.ndarray) -> str:
    share = _share(ratios)
    return (
        f"ρ > 0 for {int((ratios > 0).sum())} of {len(ratios)} [{share.low:.3f}, {share.high:.3f}]; least "
        f"{ratios.min():.2g}, median {np.median(ratios):.2g}"
    )


def _distribution(name: str, ratios: np.ndarray) -> Series:
    ratios = np.sort(ratios)
    return Series(name, ratios.tolist(), ((1 + np.arange(len(ratios))) / len(ratios)).tolist())
