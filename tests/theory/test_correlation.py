"""The gradient of the correlation loss against fifty-digit kernels, and with a target of any kind."""

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.theory.activations import Activation, activation
from featlearn.theory.targets import loss as against
from tests.theory import exact
from tests.theory.exact import MP, number
from tests.theory.points import generic
from tests.theory.targets.examples import SETTINGS, every_target

ENTRIES = [activation(*which) for which in SETTINGS]
TARGETS = every_target()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: f"{e.name}-{e.drop_hermite_below}")
@pytest.mark.parametrize("hard", [False, True])
def test_the_gradient_of_the_correlation_has_eleven_digits(entry: Activation, hard: bool) -> None:
    a, w, teacher_a, teacher_w = generic(5, m=6, d=3)
    if hard:  # parallel, antiparallel, nearly so, long, short
        w[0, 0], w[0, 1] = 0.7 * teacher_w[0, 0], -1.3 * teacher_w[0, 1]
        w[0, 2] = teacher_w[0, 0] + 1e-9 * w[0, 2]
        w[0, 3], w[0, 4] = 1e3 * w[0, 3], 1e-6 * w[0, 4]
    slope = population.correlation_gradient(entry, a, w, teacher_a, teacher_w)
    rows, teachers = exact.rows_of(w[0]), exact.rows_of(teacher_w[0])
    for j, row in enumerate(rows):
        value, by_row = MP.zero, [MP.zero] * 3
        for c, other in zip(teacher_a[0], teachers, strict=True):
            q, q_other, s = (
                sum(x * y for x, y in zip(*both, strict=True)) for both in ((row, row), (other, other), (row, other))
            )
            k, k_s, k_q = exact.kernel(entry.name, entry.drop_hermite_below, q, q_other, s)
            value -= 2 * number(c) * k
            by_row = [g - 2 * number(c) * (k_s * y + 2 * k_q * x) for g, x, y in zip(by_row, row, other, strict=True)]
        wanted = [float(number(a[0, j]) * g) for g in by_row]
        size = float(np.linalg.norm(teacher_a)) * max(1.0, float(np.linalg.norm(w[0, j])))
        assert slope.second_layer[0, j] == pytest.approx(float(value), rel=1e-11, abs=1e-13 * size)
        np.testing.assert_allclose(slope.first_layer[0, j], wanted, rtol=1e-11, atol=1e-13 * size * abs(a[0, j]))


@pytest.mark.parametrize("kind", TARGETS)
def test_with_any_target_it_is_what_the_gradient_has_beside_the_students_own(kind: str) -> None:
    act, target = activation("erf", 0), TARGETS[kind]
    d = target.directions.shape[-1]
    a, w, *_ = generic(2, m=4, d=d)
    nothing = np.zeros((1, 0)), np.zeros((1, 0, d))
    found = against.correlation_gradient(act, a, w, *nothing, target)
    whole, own = against.gradient(act, a, w, *nothing, target), population.gradient(act, a, w, *nothing)
    np.testing.assert_allclose(found.second_layer, whole.second_layer - own.second_layer, rtol=0, atol=1e-13)
    np.testing.assert_allclose(found.first_layer, whole.first_layer - own.first_layer, rtol=0, atol=1e-13)
