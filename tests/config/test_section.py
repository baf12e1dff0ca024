"""What every section has: strict types, rules between keys with their places, and completeness."""

import sys
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from featlearn.config.section import Count, NotNegative, Positive, Section, Vector, Violations, WholeNumber


class Box(Section):
    """A section with a rule and a default that depends on another key."""

    height: WholeNumber
    width: WholeNumber | None = None

    def violations(self) -> Violations:
        if self.height == 13:
            yield ("height",), "13 brings bad luck"
        if self.width is not None and self.width < self.height:
            yield ("width",), f"{self.width} is below the height"

    def settled(self) -> dict[str, Any]:
        return {"width": 2 * self.height if self.width is None else self.width}


class Shelf(Section):
    boxes: dict[str, Box]


def errors_of(model: type[BaseModel], data: Any) -> list[tuple[tuple[int | str, ...], str, str]]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(data)
    return [(error["loc"], error["type"], error["msg"]) for error in caught.value.errors()]


def test_a_default_that_depends_on_another_key_is_written_out() -> None:
    assert Box.model_validate({"height": 3}).model_dump() == {"height": 3, "width": 6}
    assert Box.model_validate({"height": 3, "width": 4}).width == 4


def test_a_complete_section_validates_to_itself() -> None:
    shelf = Shelf.model_validate({"boxes": {"a": {"height": 3}}})
    assert Shelf.model_validate(shelf.model_dump()) == shelf


def test_every_rule_that_is_broken_is_told_at_its_place() -> None:
    assert errors_of(Shelf, {"boxes": {"a": {"height": 13, "width": 1}, "b": {"height": 2, "width": 1}}}) == [
        (("boxes", "a", "height"), "rule", "13 brings bad luck"),
        (("boxes", "a", "width"), "rule", "1 is below the height"),
        (("boxes", "b", "width"), "rule", "1 is below the height"),
    ]


def test_braces_in_the_message_of_a_rule_stay_as_they_are() -> None:
    class Braces(Section):
        def violations(self) -> Violations:
            yield (), "use {magnitude, sign}"

    assert errors_of(Braces, {}) == [((), "rule", "use {magnitude, sign}")]


def test_unknown_keys_are_refused() -> None:
    assert [error[:2] for error in errors_of(Box, {"height": 1, "depth": 1})] == [(("depth",), "extra_forbidden")]


def test_a_section_cannot_be_changed() -> None:
    box = Box(height=3)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(box, "height", 4)  # noqa: B010 - a type checker would refuse the plain way


class Numbers(Section):
    whole: WholeNumber = 1
    count: Count = 1
    positive: Positive = 1.0
    not_negative: NotNegative = 0.0
    vector: Vector = [0.0]  # noqa: RUF012 - pydantic copies it


@pytest.mark.parametrize(("value", "read"), [(3, 3), (1e5, 100_000), (-2.0, -2)])
def test_a_float_that_is_whole_is_a_whole_number(value: float, read: int) -> None:
    whole = Numbers.model_validate({"whole": value}).whole
    assert whole == read
    assert type(whole) is int


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("whole", 0.5),
        ("whole", True),
        ("whole", "3"),
        ("whole", float("inf")),
        ("whole", float("nan")),
        ("count", 0),
        ("count", 1_000_000_001),
        ("positive", 0.0),
        ("positive", float("inf")),
        ("positive", True),
        ("positive", "1.0"),
        ("not_negative", -1e-300),
        ("not_negative", float("nan")),
        ("vector", []),
        ("vector", [1.0, float("nan")]),
        ("vector", 1.0),
    ],
)
def test_what_is_no_such_number_is_refused(key: str, value: Any) -> None:
    [(place, _, _)] = errors_of(Numbers, {key: value})
    assert place[0] == key


@pytest.mark.parametrize("value", [10**400, -(10**400), int(sys.float_info.max) + 2**970])
def test_a_whole_number_that_no_float_can_hold_is_refused(value: int) -> None:
    [(place, kind, message)] = errors_of(Numbers, {"whole": value})
    assert (place, kind, message) == (("whole",), "too_large", "is too large for a number")
    assert Numbers.model_validate({"whole": 10**300}).whole == 10**300
