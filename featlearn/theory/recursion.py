"""A recursion y_{t+1} = y_t + Δ(y_t, t) of many steps, of which few are taken: a flow that has its values at integers.

With the shift S = e^D and the forward difference Δ = S − 1, the flow is y′ = D y = ln(1 + Δ) y = Δy − ½Δ²y + O(Δ³). It
is integrated with an adaptive method, whose steps are as long as the solution is smooth (the idea of multirevolution
methods, Graf 1974, and of projective integration, Gear & Kevrekidis 2003). Derived in docs/theory.md §13.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Change = Callable[[np.ndarray, float], np.ndarray]  # Δ(y, t), of y after t steps

ONE_BY_ONE = 200  # so many steps at the beginning are taken themselves: what decays within a few steps is not smooth
_RELATIVE, _ABSOLUTE = 1e-9, 1e-13


def states_at(change: Change, start: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """The values after the given numbers of steps.

    Args:
        change: Δ, smooth in t; called with t that are no integers, too.
        start: (n,) y after 0 steps.
        steps: (S,) integers above 0, ascending.
    Returns:
        (S, n); NaN from where they are no longer finite.
    Accuracy: the first ``ONE_BY_ONE`` steps to rounding; beyond, about 1e-9, and a third of Δ³y at each step, which
        adds up to the second order in the step size (tests/theory/test_recursion.py).
    """
    found = np.full((len(steps), len(start)), np.nan)
    y, t, last = start, 0, int(steps[-1])
    for t in range(min(last, ONE_BY_ONE)):
        y = y + change(y, t)
        found[steps == t + 1] = y
    later = steps > ONE_BY_ONE
    if later.any() and np.isfinite(y).all():
        found[later] = _smoothly(change, y, ONE_BY_ONE, steps[later])
    return found


def _smoothly(change: Change, y: np.ndarray, done: int, steps: np.ndarray) -> np.ndarray:
    from scipy.integrate import solve_ivp

    def slope(t: float, y: np.ndarray) -> np.ndarray:
        first = change(y, t)
        return 1.5 * first - 0.5 * change(y + first, t + 1)

    span = float(done), float(steps[-1])
    solved = solve_ivp(slope, span, y, "DOP853", t_eval=steps, rtol=_RELATIVE, atol=_ABSOLUTE)
    found = np.full((len(steps), len(y)), np.nan)
    found[: solved.y.shape[1]] = solved.y.T
    return found
