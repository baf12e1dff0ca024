"""The judge of the leaps on times whose laws are known."""

from collections.abc import Callable

import numpy as np
import pytest

from featlearn.claims.evidence import Findings
from featlearn.claims.papers.abbe_2022.leaps import TARGETS, measure
from tests.claims.papers.judging import failed, given, grid

PAPER = "abbe_2022"
Law = Callable[[np.ndarray], np.ndarray]


def judged(one: Law, two: Law, three: Law, *, overlap: float = 0.3) -> Findings:
    table = grid(12, teacher__polynomial=list(TARGETS.values()), teacher__input_dim=[1024, 4096, 16384, 65536])
    d = table["teacher.input_dim"].astype(float)
    laws = dict(zip(TARGETS.values(), (one, two, three), strict=True))
    times = np.array([laws[target](at) for target, at in zip(table["teacher.polynomial"], d, strict=True)])
    table["step"] = np.round(100 * times * (1 + 0.02 * np.sin(table["seed"])))
    table["step_size"] = np.full(len(d), 0.01)
    table["overlap_min"] = np.full(len(d), overlap)
    return measure(given(PAPER, "leaps", {"leaps": table}))


def constant(d: np.ndarray) -> np.ndarray:
    return 0.6 + 0 * d


def log(d: np.ndarray) -> np.ndarray:
    return np.asarray(0.1 * np.log(d))


def power(p: float) -> Law:
    return lambda d: 0.1 * d**p


def test_it_holds_for_the_laws_of_the_flow() -> None:
    assert failed(PAPER, "leaps", judged(constant, log, power(0.5))) == set()


@pytest.mark.parametrize(
    ("laws", "wrong"),
    [
        ((log, log, power(0.5)), {"staircase"}),
        ((constant, constant, power(0.5)), {"two", "two_grows"}),
        ((constant, power(0.5), power(0.5)), {"two"}),
        ((constant, log, log), {"three"}),
    ],
)
def test_it_does_not_hold_for_others(laws: tuple[Law, Law, Law], wrong: set[str]) -> None:
    assert failed(PAPER, "leaps", judged(*laws)) == wrong


def test_directions_that_are_never_found_do_not_count() -> None:
    found = judged(constant, log, power(0.5), overlap=0.1)
    assert failed(PAPER, "leaps", found) == {"staircase", "two", "two_grows", "three"}
