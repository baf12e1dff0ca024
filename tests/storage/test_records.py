"""Files hold what their type says, whatever version wrote them; anything else is one clear line."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from featlearn.storage.errors import RunError
from featlearn.storage.records import FileRecord, Record, Text, read_record, write_record


class Part(Record):
    name: str
    size: float = 0.0


class Whole(FileRecord):
    """A file in its third format: the first had no number, the second no parts."""

    format: int = 2
    title: Text
    parts: tuple[Part, ...]

    @classmethod
    def upgraded(cls, value: dict[str, Any], old: int) -> dict[str, Any]:
        if old == 0:
            value = value | {"title": value["heading"]}
        return value | {"parts": []}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "whole.json"


def test_what_is_written_is_read(file: Path) -> None:
    whole = Whole(title="α\u2028", parts=(Part(name="a"), Part(name="b", size=1e-300)))
    write_record(file, whole)
    assert read_record(file, Whole) == whole
    assert '"format": 2' in file.read_text()


def test_older_formats_are_read(file: Path) -> None:
    file.write_text('{"heading": "old"}')
    assert read_record(file, Whole) == Whole(title="old", parts=())
    file.write_text('{"format": 1, "title": "not so old"}')
    assert read_record(file, Whole) == Whole(title="not so old", parts=())


@pytest.mark.parametrize(("versions", "told"), [({"featlearn": "9.1.0"}, ", which featlearn 9.1.0 wrote,"), (3, "")])
def test_a_newer_format_is_refused_with_the_file_and_both_versions(versions: Any, told: str, file: Path) -> None:
    file.write_text(f'{{"format": 3, "versions": {versions}}}'.replace("'", '"'))
    with pytest.raises(RunError) as caught:
        read_record(file, Whole)
    text = str(caught.value)
    assert text.startswith(f"{file} has format 3{told}")
    assert "featlearn 0.1.0 reads formats up to 2" in text
    assert "\n" not in text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"format": 2}',
        b'{"format": 2, "title": 3, "parts": []}',
        b'{"format": 2, "title": "t", "parts": [{"name": "a", "size": "1"}]}',
        b'{"format": 2, "title": "t", "parts": [{"name": "a", "size": NaN}]}',
        b'{"format": 2, "title": "t", "parts": [{"name": "a", "size": 1e999}]}',
        b'{"format": 2, "title": "t", "parts": [{"name": "a", "size": ' + b"9" * 400 + b"}]}",
        b'{"format": 2, "title": "\\ud800", "parts": []}',
        b'{"format": 2, "title": "\xff", "parts": []}',
        b'\xef\xbb\xbf{"format": 2, "title": "t", "parts": []}',
        b'{"format": 2, "title": "t", "parts": []}' + bytes(10),
        b'{"format": "2", "title": "t", "parts": []}',
        b'{"format": true, "title": "t", "parts": []}',
        b'{"format": -1, "title": "t", "parts": []}',
        b'{"format": null, "title": "t", "parts": []}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        bytes(100),
    ],
)
def test_anything_else_is_one_clear_line(content: bytes, file: Path) -> None:
    file.write_bytes(content)
    with pytest.raises(RunError) as caught:
        read_record(file, Whole)
    assert str(caught.value).startswith(f"{file} is broken: ")
    assert "\n" not in str(caught.value)


def test_a_record_cannot_be_changed_but_gives_a_changed_one() -> None:
    part = Part(name="a")
    with pytest.raises(ValueError, match="frozen"):
        part.name = "b"  # type: ignore[misc]
    assert part.changed(name="b") == Part(name="b")
    with pytest.raises(ValueError, match="size"):
        part.changed(size="large")


def test_a_record_is_made_of_what_has_its_fields() -> None:
    named, sized = SimpleNamespace(name="a", other=1), SimpleNamespace(size=2.0)
    assert Part.made_of(named, sized) == Part(name="a", size=2.0)
    assert Part.made_of(named) == Part(name="a")  # the default
    assert Part.made_of(named, sized, name="b") == Part(name="b", size=2.0)
    with pytest.raises(ValidationError, match="name"):
        Part.made_of(sized)


def test_text_that_is_no_unicode_can_be_written_and_read(file: Path) -> None:
    name = b"caf\xe9".decode(errors="surrogateescape")  # as paths come from the system
    write_record(file, Whole(title=name, parts=()))
    assert read_record(file, Whole).title == "caf\\udce9"


def test_a_line_says_nothing_of_what_is_null_but_within_values() -> None:
    class Line(Record):
        values: dict[str, Any]
        message: str | None = None

    assert Line(values={"x": None}).line() == b'{"values": {"x": null}}'
