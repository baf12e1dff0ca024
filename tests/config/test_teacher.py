"""The teacher section: which geometries are allowed, and what follows from them."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from featlearn.config.teacher import Teacher
from tests.config.broken import Broken, changed, must_be_refused

BROKEN = [
    changed(
        "infeasible_angle",
        "width: 2}",
        "width: 5, rank: 2, min_angle: 40}",
        ("3:55", "teacher.min_angle", "at most 36 degrees"),
    ),
    changed(
        "infeasible_welch",
        "width: 2}",
        "width: 7, rank: 3, min_angle: 70}",
        ("3:55", "teacher.min_angle", "at most 61.87 degrees"),
    ),
    changed(
        "weights_too_large",
        "{input_dim: 3, width: 2}",
        "{directions: [[1, 0, 0]], output_weights: [1e200]}",
        ("3:53", "teacher.output_weights[0]", "at most 1e+50"),
    ),
    changed("rank_above_width", "width: 2}", "width: 2, rank: 3}", ("3:41", "teacher.rank", "at most 2 dimensions")),
    changed("rank_above_dimension", "width: 2}", "width: 9, rank: 4}", ("3:41", "teacher.rank", "have 3 dimensions")),
    changed(
        "directions_and_rank",
        "{input_dim: 3, width: 2}",
        "{directions: [[1, 0, 0], [0, 0, 0]], output_weights: [1], rank: 1}",
        ("3:35", "teacher.directions[1]", "is zero"),
        ("3:63", "teacher.output_weights", "1 entries for 2"),
        ("3:74", "teacher.rank", "leave it out"),
    ),
]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_a_broken_teacher_is_refused_with_its_place_and_key(case: Broken, tmp_path: Path) -> None:
    must_be_refused(case, tmp_path)


@pytest.mark.parametrize(("width", "dim", "rank"), [(2, 3, 2), (5, 3, 3), (4, 4, 4)])
def test_rank_and_least_angle_are_written_out(width: int, dim: int, rank: int) -> None:
    teacher = Teacher.model_validate({"input_dim": dim, "width": width})
    assert (teacher.rank, teacher.min_angle) == (rank, 0.0)
    assert teacher.shape() == (width, dim)
    assert teacher.dimension_of_span() == rank


def test_a_given_rank_and_angle_stay() -> None:
    teacher = Teacher.model_validate({"input_dim": 6, "width": 3, "rank": 2, "min_angle": 25.0})
    assert (teacher.rank, teacher.min_angle) == (2, 25.0)


def test_shape_and_rank_of_explicit_directions_follow_from_them() -> None:
    rows = [[1.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0], [3.0, 3.0, 0.0, 0.0]]
    teacher = Teacher.model_validate({"directions": rows, "output_weights": [1.0, 1.0, 1.0]})
    assert teacher.shape() == (3, 4)
    assert teacher.dimension_of_span() == 2
    assert (teacher.rank, teacher.min_angle) == (None, None)


def test_one_neuron_may_ask_for_any_angle() -> None:
    assert Teacher.model_validate({"input_dim": 3, "width": 1, "min_angle": 90.0}).min_angle == 90.0


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({"input_dim": 3}, "missing; a random teacher needs it"),
        ({"width": 3}, "missing; a random teacher needs it"),
        ({"input_dim": 3, "width": 1, "output_weights": [1.0]}, "a list needs explicit `directions`"),
        ({"input_dim": 3, "width": 1, "output_weights": {"magnitude": [2.0, 1.0]}}, "2 is above the upper 1"),
        ({"input_dim": 3, "width": 1, "output_weights": {"magnitude": [0.0, 1.0]}}, "greater than 0"),
        ({"directions": [[1.0, 0.0], [1.0]], "output_weights": [1.0, 1.0]}, "has 1 entries, the first row has 2"),
        ({"directions": [[1.0, 0.0]]}, "need a list of 1 output weights"),
        ({"directions": [[1.0]], "output_weights": [1.0], "input_dim": 2}, "2 contradicts `directions`, which say 1"),
        ({"directions": [[1.0]], "output_weights": [1.0], "width": 2}, "2 contradicts `directions`, which say 1"),
        ({"directions": [[1.0]], "output_weights": [1.0], "min_angle": 0.0}, "follows from explicit `directions`"),
    ],
)
def test_contradictions_are_refused(data: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Teacher.model_validate(data)
    assert complaint in str(caught.value)


FIXED = {"input_dim": 4, "width": 3, "directions": "orthonormal"}


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (FIXED | {"width": 5}, "5 orthonormal directions do not fit into the 4 dimensions"),
        (FIXED | {"rank": 3}, "follows from `directions: orthonormal`"),
        (FIXED | {"directions": "axes", "min_angle": 10.0}, "follows from `directions: axes`"),
        (FIXED | {"min_conditioning": 0.1}, "follows from `directions: orthonormal`"),
        (FIXED | {"output_weights": [1.0]}, "has 1 entries for 3 directions"),
        (FIXED | {"output_weights": {"power_law": 1.0, "magnitude": [1.0, 2.0]}}, "Extra inputs"),
        (FIXED | {"output_weights": {"power_law": -1.0}}, "greater than or equal to 0"),
        (FIXED | {"directions": "orthogonal"}, "orthonormal"),
        ({"directions": [[1.0]], "output_weights": [1.0], "min_conditioning": 0.1}, "follows from explicit"),
        ({"input_dim": 3, "width": 2, "min_conditioning": 0.0}, "greater than 0"),
        ({"directions": "axes", "width": 2}, "missing; a random teacher needs it"),
    ],
)
def test_contradictions_of_named_directions_are_refused(data: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Teacher.model_validate(data)
    assert complaint in str(caught.value)


@pytest.mark.parametrize("directions", ["orthonormal", "axes"])
@pytest.mark.parametrize("weights", [[1.0, -2.0, 3.0], {"power_law": 1.0}, {"sign": "positive"}])
def test_named_directions_span_as_many_dimensions_as_there_are_neurons(directions: str, weights: object) -> None:
    teacher = Teacher.model_validate(FIXED | {"directions": directions, "output_weights": weights})
    assert teacher.shape() == (3, 4)
    assert teacher.dimension_of_span() == 3
    assert Teacher.model_validate(teacher.model_dump(exclude_none=True)) == teacher


def test_random_directions_are_what_is_there_when_nothing_is_said() -> None:
    plain = {"input_dim": 3, "width": 2}
    assert Teacher.model_validate(plain | {"directions": "random"}) == Teacher.model_validate(plain)
