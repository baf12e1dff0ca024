"""The student section: the width and the initial weights go together."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from featlearn.config.student import ExplicitInit, Student, SymmetricInit
from tests.config.broken import Broken, changed, must_be_refused

BROKEN = [
    changed("odd_symmetric_width", "{width: 4}", "{width: 5}", ("4:18", "student.width", "even")),
]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_a_broken_student_is_refused_with_its_place_and_key(case: Broken, tmp_path: Path) -> None:
    must_be_refused(case, tmp_path)


def explicit(**changes: Any) -> dict[str, Any]:
    return {"kind": "explicit", "first_layer": [[1.0, 0.0], [0.0, 1.0]], "second_layer": [1.0, -1.0], **changes}


def test_a_student_starts_symmetric_and_is_not_scaled_unless_it_is_said() -> None:
    student = Student.model_validate({"width": 4})
    assert student.init == SymmetricInit()
    assert student.output_scale is None


def test_the_width_may_be_left_out_where_the_weights_say_it() -> None:
    assert isinstance(Student.model_validate({"init": explicit()}).init, ExplicitInit)
    assert Student.model_validate({"init": {"kind": "file", "path": "w.npz"}}).width is None
    assert Student.model_validate({"width": 2, "init": explicit()}).width == 2


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({}, "missing; the number of student neurons"),
        ({"init": {"kind": "gaussian", "first_layer_std": 1.0, "second_layer_std": 1.0}}, "missing; the number of"),
        ({"width": 3, "init": explicit()}, "3 contradicts init.first_layer, which has 2 rows"),
        ({"init": explicit(first_layer=[[1.0, 0.0], [0.0]])}, "has 1 entries, the first row has 2"),
        ({"init": explicit(second_layer=[1.0])}, "has 1 entries for 2 rows"),
        ({"width": 3}, "3 is odd"),
        ({"width": 0}, "greater than or equal to 1"),
        ({"width": 2, "init": {"kind": "near_teacher", "angle": 90.5}}, "less than or equal to 90"),
        ({"width": 2, "init": {"kind": "gaussian", "first_layer_std": -1.0, "second_layer_std": 1.0}}, "equal to 0"),
        (
            {"width": 2, "init": {"kind": "gaussian", "first_layer_std": 1.0}},
            "missing (standard deviation of every a_j",
        ),
        ({"width": 2, "init": {"kind": "sphere"}}, "missing (a_j: a number, which all of them are"),
        ({"width": 2, "init": {"kind": "sphere", "second_layer": {"signs": 1.0, "std": 1.0}}}, "Extra inputs"),
        ({"width": 2, "init": {"kind": "sphere", "second_layer": {"signs": -1.0}}}, "greater than or equal to 0"),
        ({"width": 2, "init": {"kind": "sphere", "second_layer": "ones"}}, "valid number"),
        ({"width": 2, "init": {"kind": "sphere", "second_layer": 0.0, "balanced": True}}, "second layer of zeros has"),
        ({"width": 3, "init": {"kind": "sphere", "second_layer": 1.0, "mirrored": True}}, "a mirrored start mirrors"),
        (
            {
                "width": 2,
                "init": {"kind": "gaussian", "first_layer_std": 1.0, "second_layer_std": 1, "second_layer": 1},
            },
            "says the same as second_layer",
        ),
        ({"width": 2, "output_scale": 0.0}, "greater than 0"),
        ({"width": 2, "output_scale": 1e9}, "less than or equal to 1"),
    ],
)
def test_contradictions_are_refused(data: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Student.model_validate(data)
    assert complaint in str(caught.value)


def test_an_odd_width_is_fine_where_nothing_is_mirrored() -> None:
    assert Student.model_validate({"width": 3, "init": {"kind": "near_teacher", "angle": 5.0}}).width == 3
