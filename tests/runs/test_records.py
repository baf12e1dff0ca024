"""What the files of a run may hold, rows of other versions among it."""

import json
from typing import Any

import pytest

from featlearn.runs.records import GitRecord, StageRecord, changes, parse_row
from featlearn.training.columns import COLUMNS
from tests.runs.records import an_environment

ROW: dict[str, Any] = dict.fromkeys(COLUMNS, 0.5) | {
    "step": 3,
    "stage": "late",
    "stage_step": 1,
    "alive": 7,
    "recovered": 2,
}


def _parsed(row: dict[str, Any]) -> dict[str, Any]:
    return parse_row(json.dumps(row).encode())


def test_a_row_is_read_as_it_was_written() -> None:
    assert _parsed(ROW) == ROW
    assert list(_parsed(ROW)) == list(COLUMNS)
    nothing = ROW | {"loss": None, "alive": None}
    assert _parsed(nothing) == nothing


def test_whole_numbers_are_floats_but_for_counts() -> None:
    row = _parsed(ROW | {"loss": 2**62, "alive": 8})
    assert (type(row["loss"]), type(row["alive"])) == (float, int)


def test_a_column_that_another_version_did_not_have_is_null() -> None:
    older = {name: value for name, value in ROW.items() if name != "kernel_motion"}
    assert _parsed(older) == ROW | {"kernel_motion": None}


def test_a_column_that_only_another_version_has_is_left_out() -> None:
    assert _parsed(ROW | {"overlap": 0.5, "note": "whatever"}) == ROW


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("loss", "0.5"),
        ("loss", True),
        ("loss", [0.5]),
        ("step", 3.5),
        ("step", None),
        ("stage", 4),
        ("stage_step", "1"),
        ("alive", 7.5),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{name} is "):
        _parsed(ROW | {name: value})


@pytest.mark.parametrize("name", ["step", "stage", "stage_step"])
def test_what_every_version_logs_must_be_there(name: str) -> None:
    with pytest.raises(ValueError, match=f"it has no {name}"):
        _parsed({key: value for key, value in ROW.items() if key != name})


@pytest.mark.parametrize("text", ["[]", "3", "", "{", '{"step": NaN}', "[" * 10_000])
def test_what_is_no_object_is_no_row(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        parse_row(text.encode())


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({}, []),
        ({"created": "later"}, []),
        ({"versions": {"numpy": "2.1", "torch": "2.4"}}, ["numpy 2.0 → 2.1", "torch none → 2.4"]),
        ({"machine": {"processor": "arm64"}}, ["processor x86_64 → arm64"]),
        ({"machine": {"processor": "x86_64", "model": "one"}}, []),  # what was not asked for before is not new
        ({"git": GitRecord(commit="b" * 40, dirty=False)}, ["commit aaaaaaa → bbbbbbb"]),
        ({"git": GitRecord(commit="a" * 40, dirty=True)}, ["commit aaaaaaa → aaaaaaa (changed since)"]),
        ({"git": GitRecord()}, []),
    ],
)
def test_what_another_environment_changes_is_told(now: dict[str, Any], told: list[str]) -> None:
    assert changes(an_environment(), an_environment(**now)) == told


def test_a_stage_says_nothing_of_what_it_does_not_have() -> None:
    """Checkpoints that were written before there was more to say keep their digests."""
    plain = StageRecord(name="s", steps=3, seconds=0.5, stop_reason="steps")
    assert plain.plain() == {"name": "s", "steps": 3, "seconds": 0.5, "stop_reason": "steps"}
    full = plain.changed(then=("balance",), loss_before=0.5, vanished=True)
    assert StageRecord.parse(full.line()) == full
