"""The judge of the ends of small students: what neurons do, the loss of one, and ends that are known."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from featlearn.claims.papers.simsek_2023.ends import End, judged, kind, least_loss
from tests.claims.papers.judging import claim_of, failed

CLAIM = claim_of("simsek-2023", "ends")
TEACHER = np.eye(5)


def test_the_least_loss_of_one_unit_is_that_along_the_mean() -> None:
    for p in (1, 2, 5):

        def loss(size: float, p: int = p) -> float:
            q = size**2
            own, cross = (2 / np.pi * np.arcsin(x) for x in (q / (1 + q), size / np.sqrt(2 * p * (1 + q))))
            return float(p / 3 - (p * cross) ** 2 / own)

        assert minimize_scalar(loss, bounds=(0.01, 5), method="bounded").fun == pytest.approx(least_loss(p), abs=1e-9)


def test_what_students_do_is_told_by_their_angles() -> None:
    copies = 3 * TEACHER[:2]
    assert kind(np.stack([*copies, -TEACHER[2:].sum(0)]), TEACHER) == "average"
    assert kind(np.stack([*copies, TEACHER[2:4].sum(0)]), TEACHER) == "other"
    assert kind(np.stack([*copies, TEACHER[2] + 0.5 * TEACHER[4]]), TEACHER) == "copies"
    assert kind(np.stack([*copies, TEACHER[1] + 0.5 * TEACHER[4]]), TEACHER) == "other"


def ends(**changed: float | str) -> list[End]:
    """Forty ends, some of which are changed."""
    few = [End(2, 5, 1.0, "average"), End(3, 5, 1.0, "average")] * 15
    many = [End(4, 5, 0.95, "copies")] * 10
    return [End(**(end.__dict__ | changed)) if i % 4 == 1 else end for i, end in enumerate([*few, *many])]


def test_it_holds_for_copies_and_averages() -> None:
    assert failed(CLAIM, judged(ends())) == set()


def test_it_does_not_hold_for_other_ends() -> None:
    assert failed(CLAIM, judged(ends(kind="other"))) == {"ends", "many"}
    assert failed(CLAIM, judged(ends(ratio=1.01))) == {"loss"}
    assert failed(CLAIM, judged([*ends(), End(2, 5, 0.9, "copies")])) == {"few"}
    assert failed(CLAIM, judged([End(4, 5, 1.0, "average"), End(2, 5, 1.0, "average")] * 20)) == {"many"}
