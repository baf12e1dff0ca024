"""The judge of emergence on courses whose times are known."""

import numpy as np
import pytest

from featlearn.claims.papers.ren_2025.scaling import Course, judged, times
from tests.claims.papers.judging import claim_of, failed

CLAIM = claim_of("ren-2025", "scaling")


def course(power: float, seed: int, *, of_weight: float = 1.0, width: float = 0.1, rest: float = 0.0) -> Course:
    """Ten teachers that are learned at 100 a^(−of_weight), in sigmoids over the logarithm of time."""
    weights = np.arange(1, 11) ** -power
    arrival = 100 * (1 + 0.02 * seed) * weights**-of_weight
    steps = np.concatenate([[0], np.geomspace(1, 1e5, 400)])
    with np.errstate(divide="ignore"):
        far = (np.log(steps)[:, None] - np.log(arrival)) / width
    learned = weights / (1 + np.exp(-np.clip(far, -50, 50)))
    return Course(power, weights, steps, learned, np.sum((weights - learned) ** 2, axis=1) + rest)


def courses(**changed: float) -> list[Course]:
    return [course(power, seed, **changed) for power in (0.75, 1.0, 1.25) for seed in range(4)]


def test_it_holds_for_sudden_steps_at_inverse_times() -> None:
    assert failed(CLAIM, judged(courses())) == set()


def test_it_does_not_hold_for_others() -> None:
    assert failed(CLAIM, judged(courses(of_weight=1.4))) == {"times", "scaling"}
    assert failed(CLAIM, judged(courses(width=0.5))) >= {"sudden"}
    assert failed(CLAIM, judged(courses(rest=1.0))) == {"scaling"}


def test_a_time_is_between_snapshots_or_never() -> None:
    learned = np.array([[0.0, 0.0], [0.2, 0.1], [0.6, 0.1]])
    run = Course(1.0, np.array([1.0, 0.5]), np.array([0.0, 10.0, 20.0]), learned, np.ones(3))
    assert times(run, 0.4) == pytest.approx([15.0, np.inf])
    assert times(run, 0.1) == pytest.approx([5.0, 5.0])
