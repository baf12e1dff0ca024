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
    changed(
        "polynomial_and_width",
        "{input_dim: 3, width: 2}",
        '{input_dim: 3, width: 2, polynomial: "He3(x1)", output_weights: {sign: positive}}',
        ("3:32", "teacher.width", "whose formula says it all"),
        ("3:74", "teacher.output_weights", "leave it out"),
    ),
    changed(
        "polynomial_and_weights_that_fall",
        "{input_dim: 3, width: 2}",
        '{input_dim: 3, polynomial: "x1", directions: axes, output_weights: {power_law: 1}, min_conditioning: 0.1}',
        ("3:77", "teacher.output_weights", "whose formula says it all"),
        ("3:111", "teacher.min_conditioning", "whose formula says it all"),
    ),
    changed(
        "too_few_axes",
        "{input_dim: 3, width: 2}",
        '{input_dim: 3, polynomial: "x1*x2*x3*x4", directions: axes}',
        ("3:37", "teacher.polynomial", "names x4, and the inputs have 3 dimensions"),
    ),
    changed(
        "no_formula",
        "{input_dim: 3, width: 2}",
        '{input_dim: 3, polynomial: "He3(x1) + sin(x2)"}',
        ("3:37", "teacher.polynomial", "in the formula, column 11: there is no 'sin'"),
    ),
    changed(
        "too_many_coordinates",
        "{input_dim: 3, width: 2}",
        '{input_dim: 3, polynomial: "x1*x2*x3*x4"}',
        ("3:37", "teacher.polynomial", "names x4, and the inputs have 3 dimensions"),
    ),
    changed(
        "a_gap_between_coordinates",
        "{input_dim: 3, width: 2}",
        '{input_dim: 3, polynomial: "x1*x3"}',
        ("3:37", "teacher.polynomial", "does not depend on x2"),
    ),
    changed(
        "a_polynomial_without_inputs",
        "{input_dim: 3, width: 2}",
        '{polynomial: "x1*x2"}',
        ("3:1", "teacher.input_dim", "missing"),
    ),
    changed(
        "slanting_directions",
        "{input_dim: 3, width: 2}",
        '{polynomial: "x1*x2", directions: [[1, 0, 0], [1, 1, 0]]}',
        ("3:44", "teacher.directions", "orthogonal"),
    ),
    changed(
        "a_direction_too_many",
        "{input_dim: 3, width: 2}",
        '{polynomial: "x1", directions: [[1, 0, 0], [0, 1, 0]]}',
        ("3:41", "teacher.directions", "2 rows for a polynomial of 1"),
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
        ({"input_dim": 3, "width": 1, "output_weights": None}, "only a polynomial has none"),
        ({"directions": [[1.0]], "output_weights": None}, "need a list of 1 output weights"),
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


def test_a_polynomial_has_a_rank_and_no_neurons() -> None:
    teacher = Teacher.model_validate({"input_dim": 5, "polynomial": "x1 + x1*x2"})
    assert (teacher.shape(), teacher.dimension_of_span()) == ((0, 5), 2)
    assert teacher.model_dump(exclude_none=True) == {"input_dim": 5, "polynomial": "x1 + x1*x2"}
    assert Teacher.model_validate(teacher.model_dump(exclude_none=True)) == teacher
    explicit = Teacher.model_validate({"polynomial": "x1", "directions": [[0, 3, 4]]})
    assert (explicit.shape(), explicit.dimension_of_span()) == ((0, 3), 1)


def test_directions_of_a_polynomial_are_orthonormal_whether_or_not_that_is_said() -> None:
    plain = {"input_dim": 5, "polynomial": "x1 + x1*x2"}
    for named in ("random", "orthonormal"):
        assert Teacher.model_validate(plain | {"directions": named}) == Teacher.model_validate(plain)
    axes = Teacher.model_validate(plain | {"directions": "axes"})
    assert (axes.shape(), axes.dimension_of_span()) == ((0, 5), 2)
    assert Teacher.model_validate(axes.model_dump(exclude_none=True)) == axes


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
