"""What sections of a configuration are made of: a strict model with rules between its keys, and kinds of numbers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

Violations = Iterator[tuple[tuple[str | int, ...], str]]  # (key path within the section, what is wrong)


TOO_LARGE = "is too large for a number"
LARGEST_WEIGHT = 1e50  # what is computed of weights has powers of them up to the sixth, which must be numbers


def fitting(value: Any) -> Any:
    """Refuse a whole number that no float can hold: tables and figures read numbers as floats."""
    if isinstance(value, int) and abs(value) > sys.float_info.max:
        raise PydanticCustomError("too_large", TOO_LARGE)
    return value


def _whole(value: Any) -> Any:
    """1e5 is a number, and a whole one: accept it where an integer is wanted."""
    return int(value) if isinstance(value, float) and value.is_integer() else fitting(value)


WholeNumber = Annotated[int, BeforeValidator(_whole)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Dimension = Annotated[WholeNumber, Field(ge=1, le=10_000_000)]
Weight = Annotated[float, Field(ge=-LARGEST_WEIGHT, le=LARGEST_WEIGHT)]
NotNegativeWeight = Annotated[float, Field(ge=0, le=LARGEST_WEIGHT)]
Vector = Annotated[list[Weight], Field(min_length=1)]
Matrix = Annotated[list[Vector], Field(min_length=1)]
Count = Annotated[WholeNumber, Field(ge=1, le=1_000_000_000)]


class Section(BaseModel):
    """A mapping of the configuration, complete once it is validated.

    ``violations`` yields every rule between its keys that is broken; ``settled`` gives the values of keys whose default
    depends on other keys.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, defer_build=True)

    also_needed: ClassVar[tuple[str, ...]] = ()  # keys without a default, each of which another one can stand for

    def violations(self) -> Violations:
        yield from ()

    def settled(self) -> dict[str, Any]:
        return {}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        errors = [
            InitErrorDetails(type=PydanticCustomError("rule", "{message}", context), loc=path, input=None)
            for path, message in self.violations()
            for context in [{"message": message, "depth": len(path)}]  # depth: of the path within the section
        ]
        if errors:
            raise ValidationError.from_exception_data(type(self).__name__, errors)
        for key, value in self.settled().items():
            object.__setattr__(self, key, value)  # the model is frozen for everybody else
        return self
