"""JSON files and lines of JSON, each of one type that is written and read.

Somebody may have edited or damaged a file, so everything is checked when it is read. A file says the number of its
format. A format older than ours is read through ``upgraded``, in which its type fills in what was not written then; a
newer one is refused. The lines of a log carry no number: the file of their directory that has one answers for them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import from_json

from featlearn.storage.errors import RunError
from featlearn.storage.opening import read_regular
from featlearn.storage.replacement import write_file


def _encodable(value: Any) -> Any:
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_encodable)]  # text that may quote a path or an error, which need not be Unicode


class Record(BaseModel):
    """Part of a file. Unknown keys are left out: they may be of a version that has more to say in the same format."""

    model_config = ConfigDict(strict=True, frozen=True, allow_inf_nan=False, extra="ignore", defer_build=True)

    @classmethod
    def made_of(cls, *parts: object, **given: Any) -> Self:
        """The record with the given fields; any other is an attribute, of the same name, of a part that has one."""
        found = {name: getattr(part, name) for part in parts for name in cls.model_fields if hasattr(part, name)}
        return cls(**found | given)

    def changed(self, **changes: Any) -> Self:
        """The same with other values for some fields."""
        return type(self)(**(dict(self) | changes))

    def plain(self) -> dict[str, Any]:
        """Its keys and values as JSON has them."""
        return self.model_dump(mode="json")

    def line(self) -> bytes:
        """One line of JSON, without what is null."""
        return json.dumps(self.model_dump(mode="json", exclude_none=True), allow_nan=False).encode()

    @classmethod
    def parse(cls, text: bytes | str) -> Self:
        """The record in a text. Raises ValueError when there is none; the message is one line."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise ValueError(f"{place}: {first['msg']}" if place else first["msg"]) from None


class NewerFormat(ValueError):
    """A file that a later version wrote in a format that this one does not know."""


class FileRecord(Record):
    """A whole file. A subclass with another format gives ``format`` its number, and says what older files lack."""

    format: int = 1

    @classmethod
    def upgraded(cls, value: dict[str, Any], old: int) -> dict[str, Any]:
        """The content of a file of an older format, in ours. Files of version 0.1.0 have no number, which counts 0."""
        return value

    @classmethod
    def parse(cls, text: bytes | str) -> Self:
        """As of a record. Raises NewerFormat for a file of a later version."""
        value = parse_object(text)
        found, ours = value.get("format", 0), cls.model_fields["format"].default
        if not isinstance(found, int) or isinstance(found, bool) or found < 0:
            raise ValueError("format: Input should be a whole number")
        if found > ours:
            ourselves = f"featlearn {version('featlearn')} reads formats up to {ours}"
            raise NewerFormat(f"has format {found}{_written_by(value)}, and {ourselves}")
        if found < ours:
            text = json.dumps(cls.upgraded(value, found) | {"format": ours})
        return super().parse(text)

    def text(self) -> bytes:
        """The content of the file."""
        return (json.dumps(self.plain(), indent=2, allow_nan=False, ensure_ascii=False) + "\n").encode()


def parse_object(text: bytes | str) -> dict[str, Any]:
    """The JSON object in a text. Raises ValueError when there is none; the message is one line."""
    value = from_json(text, allow_inf_nan=False)
    if not isinstance(value, dict):
        raise ValueError("it is not a JSON object")
    return value


F = TypeVar("F", bound=FileRecord)


def parse_file(text: bytes | str, kind: type[F], file: Path) -> F:
    """The record that a file, or a part of it, holds. Raises RunError."""
    try:
        return kind.parse(text)
    except NewerFormat as error:
        raise RunError(f"{file} {error}; use the later version") from None
    except ValueError as error:
        raise RunError(f"{file} is broken: {error}") from None


def read_record(file: Path, kind: type[F]) -> F:
    """What a file holds. Raises RunError when it is missing, broken, or of a later version."""
    return parse_file(read_regular(file), kind, file)


def write_record(file: Path, record: FileRecord) -> None:
    """Replace a file by a record. Raises OSError."""
    write_file(file, record.text())


def _written_by(value: Mapping[str, Any]) -> str:
    versions = value.get("versions")
    made = versions.get("featlearn") if isinstance(versions, dict) else None
    return f", which featlearn {made} wrote" if isinstance(made, str) else ""
