"""YAML with positions: plain data alone, numbers of YAML 1.2, a mark for every key and value, and every fault told."""

import os
from math import inf
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featlearn.config import yaml_source
from featlearn.config.yaml_source import (
    MAX_DEPTH,
    Complaint,
    ConfigError,
    Mark,
    dotted,
    dump_yaml,
    parse_document,
    read_document,
)
from tests.config.broken import MINIMAL, Broken, changed, complaints_of, must_be_refused, whole, write

PROPERTY = settings(max_examples=200, derandomize=True, deadline=None, database=None)


def _directory(where: Path) -> Path:
    (where / "folder.yaml").mkdir()
    return where / "folder.yaml"


def _pipe(where: Path) -> Path:
    os.mkfifo(where / "pipe.yaml")
    return where / "pipe.yaml"


_BOMB = "a: &a [1, 2]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 9)}]\n" for i in range(9)
)

BROKEN = [
    changed("duplicate_top", "seed: 0", "name: again", ("2:1", "name", "duplicate key, first given at line 1")),
    changed("duplicate_inner", "{width: 4}", "{width: 4, width: 6}", ("4:21", "student.width", "duplicate")),
    whole("syntax", MINIMAL + "x: [1, 2\n", ("8:1", "(syntax)", "not valid YAML")),
    whole("tabs", "name: x\n\tseed: 1\n", ("2:1", "(syntax)", "not valid YAML")),
    whole("binary", b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe", ("1:1", "", "is not UTF-8")),
    whole("control_character", "name: a\x00b\n", ("1:8", "(syntax)", "U+0000")),
    whole("bomb", _BOMB, ("1:4", "(syntax)", "anchors and aliases")),
    whole("two_documents", MINIMAL + "---\n" + MINIMAL, ("7:1", "(syntax)", "not valid YAML")),
    whole("python_object", MINIMAL + "x: !!python/object/apply:os.system [ls]\n", ("7:4", "x", "is not allowed")),
    whole("deep", "[" * 5000, ("1:51", "(syntax)", "levels of nesting")),
    whole("huge_integer", MINIMAL.replace("seed: 0", "seed: " + "9" * 5000), ("2:7", "seed", "")),
    Broken("missing_file", lambda d: d / "nowhere.yaml", [("", "", "no such file")]),
    Broken("directory", _directory, [("", "", "is a directory")]),
    Broken("pipe", _pipe, [("", "", "cannot be read: it is not a regular file")]),
]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_what_is_no_plain_yaml_is_refused_with_its_place(case: Broken, tmp_path: Path) -> None:
    must_be_refused(case, tmp_path)


# --- values -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1e3", 1e3),
        ("1E5", 1e5),
        ("+.5", 0.5),
        ("2.", 2.0),
        ("1_0", "1_0"),
        ("0x10", "0x10"),
        ("010", 10),
        ("-.inf", -inf),
        (".Inf", inf),
        ("1e999", inf),
        ("-7", -7),
    ],
)
def test_numbers_follow_yaml_1_2(text: str, value: object) -> None:
    read = parse_document(text, "text").data
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "y", "12:30", "2026-11-23", "inf", "nan", "e3", "."])
def test_words_that_yaml_1_1_takes_for_something_else_stay_text(word: str) -> None:
    assert parse_document(word, "text").data == word


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("FALSE", False), ("null", None), ("~", None), ("", None), ("'true'", "true")]
)
def test_booleans_and_null_are_those_of_yaml_1_2(text: str, value: object) -> None:
    assert parse_document(text, "text").data is value or parse_document(text, "text").data == value


def test_a_key_is_text_whatever_it_looks_like() -> None:
    assert parse_document("{1: a, true: b, null: c}", "text").data == {"1": "a", "true": "b", "null": "c"}


@pytest.mark.parametrize("override", ['name="\\U00110000"', 'name="\\UFFFFFFFF"'])
def test_escapes_that_are_no_characters_are_refused(override: str, tmp_path: Path) -> None:
    (line,) = complaints_of(write(tmp_path, MINIMAL), override)
    assert line.startswith(f"--set {override}: name: ")
    assert "not valid YAML" in line


# --- places -------------------------------------------------------------------------------------

NESTED = """\
a:
  b: [1, {c: x}]
  d: 2
"""


def test_every_key_and_value_has_its_line_and_column() -> None:
    document = parse_document(NESTED, "file")
    assert document.data == {"a": {"b": [1, {"c": "x"}], "d": 2}}
    assert {path: (mark.line, mark.column) for path, mark in document.keys.items()} == {
        ("a",): (1, 1),
        ("a", "b"): (2, 3),
        ("a", "b", 1, "c"): (2, 11),
        ("a", "d"): (3, 3),
    }
    assert {path: (mark.line, mark.column) for path, mark in document.values.items()} == {
        (): (1, 1),
        ("a",): (2, 3),
        ("a", "b"): (2, 6),
        ("a", "b", 0): (2, 7),
        ("a", "b", 1): (2, 10),
        ("a", "b", 1, "c"): (2, 14),
        ("a", "d"): (3, 6),
    }
    assert {mark.source for mark in document.values.values()} == {"file"}


def test_what_is_missing_is_placed_where_its_parent_is() -> None:
    document = parse_document(NESTED, "file")
    assert document.mark_of(("a", "d")) == Mark("file", 3, 6)
    assert document.mark_of(("a", "d"), key=True) == Mark("file", 3, 3)
    assert document.mark_of(("a", "missing")) == Mark("file", 1, 1)
    assert document.mark_of(("a", "b", 7)) == Mark("file", 2, 3)
    assert document.mark_of(("missing", "too")) == Mark("file", 1, 1)


def test_a_value_on_a_command_line_has_no_places_and_no_comments() -> None:
    document = parse_document("{path: /data/set #1/x.csv, '#k': [#2, '#3']}", "--set x=…", inline=True)
    assert document.data == {"path": "/data/set #1/x.csv", "#k": ["#2", "#3"]}
    assert {str(mark) for mark in [*document.keys.values(), *document.values.values()]} == {"--set x=…"}


def test_what_is_wrong_in_a_value_on_a_command_line_is_told_without_a_place() -> None:
    with pytest.raises(ConfigError, match=r"^--set x=…: \(syntax\): not valid YAML"):
        parse_document("[1", "--set x=…", inline=True)
    with pytest.raises(ConfigError, match=r"^--set x=…: \(syntax\): the character U\+DCFF is not allowed"):
        parse_document("caf\udcff", "--set x=…", inline=True)


def test_a_part_of_a_document_keeps_its_places() -> None:
    part = parse_document(NESTED, "file").part(("a",))
    assert part.data == {"b": [1, {"c": "x"}], "d": 2}
    assert part.mark_of(("d",)) == Mark("file", 3, 6)
    assert part.mark_of(()) == Mark("file", 2, 3)
    assert () not in part.keys


def test_a_value_that_is_put_elsewhere_brings_its_places_and_removes_the_old_ones() -> None:
    document = parse_document(NESTED, "file")
    document.put(("a", "b"), parse_document("{e: 5}", "--set", inline=True))
    assert document.data == {"a": {"b": {"e": 5}, "d": 2}}
    assert document.mark_of(("a", "b", "e")) == Mark("--set", 0, 0)
    assert not any(path[:3] == ("a", "b", 1) for path in [*document.keys, *document.values])
    document.put(("new", "deep"), parse_document("1", "--set", inline=True))
    assert document.data["new"] == {"deep": 1}
    assert document.mark_of(("new", "deep")) == Mark("--set", 0, 0)
    assert document.mark_of(("a", "d")) == Mark("file", 3, 6)


def test_of_equal_keys_the_first_is_kept_and_the_others_are_told() -> None:
    document = parse_document("a: 1\nb: {a: 2}\na: 3\na: 4\n", "file")
    assert document.data == {"a": 1, "b": {"a": 2}}
    assert [str(complaint) for complaint in document.complaints] == [
        "file:3:1: a: duplicate key, first given at line 1",
        "file:4:1: a: duplicate key, first given at line 1",
    ]


def test_all_that_is_no_plain_data_is_told_at_once() -> None:
    document = parse_document("a: !!set {x}\n? [1, 2]\n: 3\nb: !!int x\nc: !own 1\n", "file")
    assert [str(complaint).partition(": ")[0] for complaint in document.complaints] == [
        "file:1:4",
        "file:2:3",
        "file:4:4",
        "file:5:4",
    ]


def test_complaints_come_in_the_order_of_the_file() -> None:
    marks = [Mark("b", 1, 1), Mark("a", 2, 1), Mark("a", 1, 9), Mark("a", 1, 2)]
    error = ConfigError([Complaint(mark, "key", "is wrong") for mark in marks])
    assert str(error).splitlines() == [f"{place}: key: is wrong" for place in ("a:1:2", "a:1:9", "a:2:1", "b:1:1")]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("stages", "first_step", "steps"), "stages.first_step.steps"),
        (("teacher", "directions", 0, 2), "teacher.directions[0][2]"),
        ((), "(top level)"),
        (("a\x1b[31m", "b"), "'a\\x1b[31m'.b"),
    ],
)
def test_paths_are_written_as_overrides_spell_them(path: tuple[str | int, ...], text: str) -> None:
    assert dotted(path) == text


# --- limits -------------------------------------------------------------------------------------


def test_a_file_may_be_as_large_as_the_limit_and_no_larger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_source, "MAX_BYTES", 20)
    assert read_document(write(tmp_path, "name: x".ljust(20))).data == {"name": "x"}
    with pytest.raises(ConfigError, match="is larger than 20 bytes"):
        read_document(write(tmp_path, "name: x".ljust(21)))


def test_nesting_is_bounded() -> None:
    assert parse_document("[" * MAX_DEPTH + "]" * MAX_DEPTH, "text").complaints == []
    with pytest.raises(ConfigError, match=f"more than {MAX_DEPTH} levels of nesting"):
        parse_document("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "text")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    assert read_document(write(tmp_path, b"\xef\xbb\xbfname: x\n")).data == {"name": "x"}


# --- writing ------------------------------------------------------------------------------------

_SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30)
_PLAIN = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=30), inner, max_size=4)
)


@pytest.mark.slow
@PROPERTY
@given(_PLAIN)
def test_what_is_written_is_read_back(data: Any) -> None:
    document = parse_document(dump_yaml(data), "text")
    assert document.complaints == []
    assert repr(document.data) == repr(data)


@pytest.mark.parametrize("text", ["1e-3", "010", "1E5", "null", "true", "2.", ".inf", "~", "", "- a", "{", "# no"])
def test_text_that_looks_like_something_else_stays_text(text: str) -> None:
    assert parse_document(dump_yaml({"key": text}), "text").data == {"key": text}


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\x85b", "a\u2028b", "a\u2029b", "\ufeffa", "a\tb", " a ", "a\n"])
def test_line_breaks_of_every_kind_stay_as_they_are(text: str) -> None:
    assert parse_document(dump_yaml({text: [text]}), "text").data == {text: [text]}


def test_an_error_without_complaints_is_impossible() -> None:
    with pytest.raises(ValueError, match="would say nothing"):
        ConfigError([])
