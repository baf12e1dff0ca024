"""Teachers are as asked for, the same for every caller, and those of sweeps have the right norm and conditioning."""

import numpy as np
import pytest

from featlearn.claims.evidence import Evidence
from featlearn.claims.papers.zhou_ge_2024.teachers import (
    best_measure,
    conditionings,
    number_of_teachers,
    squared_norm,
    teacher_of,
)
from featlearn.config.build import build
from featlearn.theory.alignment import angles
from featlearn.theory.span import dimension_of_span
from tests.claims.papers.judging import grid
from tests.claims.papers.zhou_ge_2024.tables import tables


@pytest.mark.parametrize(("quick", "count"), [(False, 30), (True, 4)])
def test_a_quick_reproduction_has_fewer(quick: bool, count: int) -> None:
    assert number_of_teachers(Evidence({}, {"teachers": 30.0, "quick_teachers": 4.0}, quick)) == count


def test_a_teacher_is_as_asked_for_and_its_seed_s() -> None:
    teacher = teacher_of(7, rank=2, width=3, min_angle=25.0)
    assert teacher.first_layer.shape == (3, 12)
    assert dimension_of_span(teacher.first_layer) == 2
    between = np.degrees(angles(teacher.first_layer[None], teacher.first_layer[None])[0][np.triu_indices(3, k=1)])
    assert np.minimum(between, 180 - between).min() >= 25
    assert ((np.abs(teacher.second_layer) >= 0.7) & (np.abs(teacher.second_layer) <= 1.3)).all()
    np.testing.assert_array_equal(teacher_of(7, rank=2, width=3, min_angle=25.0).first_layer, teacher.first_layer)
    assert not np.array_equal(teacher_of(8, rank=2, width=3, min_angle=25.0).first_layer, teacher.first_layer)


def test_the_best_measure_at_a_small_decay_is_near_the_teacher() -> None:
    teacher = teacher_of(0, rank=2, width=2, min_angle=60.0)
    found = best_measure(teacher, 1e-4)
    assert found.certified
    assert np.abs(found.masses).sum() == pytest.approx(np.abs(teacher.second_layer).sum(), rel=1e-2)


def test_the_teachers_of_a_sweep_have_their_conditioning_and_a_run_s_has_its_norm() -> None:
    table = grid(2) | {"conditioning": np.array([0.5, 0.25])}
    evidence = tables("width", some=table)
    assert conditionings(evidence, "some") == pytest.approx([0.5, 0.25])
    problem = build(evidence.configs("some")[1])[0]
    assert squared_norm(problem) == pytest.approx((np.pi / 2 - 1) / (2 * np.pi) * (1 + 0.25**2))
