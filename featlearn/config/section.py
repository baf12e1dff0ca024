"""What sections of a configuration are made of: a strict model with rules between its keys, and kinds of numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

Problems = Iterator[tuple[tuple[str | int, ...], str]]  # (key path within the section, what is wrong)


def _whole(value: Any) -> Any:
    """1e5 is a number, and a whole one: accept it where an integer is wanted."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WholeNumber = Annotated[int, BeforeValidator(_whole)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[WholeNumber, Field(ge=1, le=1_000_000_000)]


class Section(BaseModel):
    """A mapping of the configuration. ``problems`` yields what is wrong between its keys, all of it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    def problems(self) -> Problems:
        yield from ()

    @model_validator(mode="after")
    def _raise_problems(self) -> Self:
        errors = [
            InitErrorDetails(type=PydanticCustomError("rule", "{message}", {"message": message}), loc=path, input=None)
            for path, message in self.problems()
        ]
        if errors:
            raise ValidationError.from_exception_data(type(self).__name__, errors)
        return self
