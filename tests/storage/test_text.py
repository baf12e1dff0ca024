"""What a terminal would obey is shown as an escape, and nothing else is changed."""

import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featlearn.storage.text import printable, printable_json

PROPERTY = settings(max_examples=200, derandomize=True, deadline=None, database=None)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("\x9b31m", "\\x9b31m"),
        ("a\rb\x08c\x07", "a\\rb\\x08c\\x07"),
        ("one\ntwo\tthree", "one\\ntwo\\tthree"),
        ("\u202eevil\u202c\u2066x\u2069\u200f", "\\u202eevil\\u202c\\u2066x\\u2069\\u200f"),
        ("\u2028\u2029\x85", "\\u2028\\u2029\\x85"),
        ("\udcff", "\\udcff"),
        ("λ = 0.02, ‖W‖² – 北京 👩\u200d🔬", "λ = 0.02, ‖W‖² – 北京 👩\u200d🔬"),
    ],
)
def test_what_a_terminal_obeys_is_shown(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_some_can_be_kept() -> None:
    assert printable("a\n\tb\x1b", keep="\n\t") == "a\n\tb\\x1b"


@PROPERTY
@given(st.text())
def test_nothing_that_controls_is_left(text: str) -> None:
    assert not {unicodedata.category(c) for c in printable(text)} & {"Cc", "Cs", "Zl", "Zp"}


@PROPERTY
@given(st.dictionaries(st.text(), st.text()))
def test_json_says_the_same(document: dict[str, str]) -> None:
    text = printable_json(json.dumps(document, indent=2, ensure_ascii=False))
    assert json.loads(text) == document
    assert printable(text, keep="\n") == text
