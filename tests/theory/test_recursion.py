"""Long recursions by few steps: held against all of their steps."""

import numpy as np
import pytest

from featlearn.theory.recursion import ONE_BY_ONE, Change, states_at


def step_by_step(change: Change, y: np.ndarray, steps: np.ndarray) -> np.ndarray:
    found = []
    for t in range(int(steps[-1])):
        y = y + change(y, t)
        if t + 1 in steps:
            found.append(y)
    return np.array(found)


def logistic(y: np.ndarray, t: float) -> np.ndarray:
    return 1e-3 * y * (np.array([1.0, 2.0]) - y)


def with_time(y: np.ndarray, t: float) -> np.ndarray:
    return 2e-3 * np.cos(1e-3 * t) * y * (1 - y)


@pytest.mark.parametrize("change", [logistic, with_time])
def test_values_are_those_of_the_recursion(change: Change) -> None:
    steps = np.array([1, 7, ONE_BY_ONE, ONE_BY_ONE + 1, 1000, 5000, 20000])
    start = np.array([0.01, 1e-4])
    wanted = step_by_step(change, start, steps)
    np.testing.assert_allclose(states_at(change, start, steps), wanted, rtol=1e-5)
    np.testing.assert_array_equal(states_at(change, start, steps)[:3], wanted[:3])


def test_a_step_ten_times_as_large_is_wrong_by_no_more_than_a_hundred_times() -> None:
    """What is left out is of the third order in a step, of which there are fewer."""

    def error(size: float) -> float:
        steps = np.array([round(4 / size)])
        found, wanted = (
            at(lambda y, t: size * y * (1 - y), np.array([0.1]), steps)[0, 0] for at in (states_at, step_by_step)
        )
        return abs(float(found - wanted))

    assert 1e-9 < error(1e-3) < 1e-6
    assert error(1e-2) < 150 * error(1e-3)


def test_what_diverges_ends() -> None:
    with np.errstate(all="ignore"):
        found = states_at(lambda y, t: 0.02 * y * y, np.array([1.0]), np.array([10, 1000, 2000]))
    assert np.isfinite(found[0])
    assert np.isnan(found[1:]).all()


def test_few_steps_are_taken_themselves() -> None:
    found = states_at(lambda y, t: -1.9 * y, np.array([1.0]), np.array([1, 2, 3]))
    np.testing.assert_allclose(found[:, 0], [-0.9, 0.81, -0.729], rtol=1e-14)
