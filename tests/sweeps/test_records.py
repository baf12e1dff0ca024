"""The files of a sweep: what older versions did not write is filled in, and lines say nothing that is not theirs."""

import json

import pytest

from featlearn.sweeps.records import Entry, SweepInfo

OLD = {"name": "decay", "points": 4, "axes": ["seed"], "digest": "3f2a1c", "sweep": {"seeds": 4}}


def test_files_of_version_0_1_0_are_read() -> None:
    info = SweepInfo.parse(json.dumps(OLD))
    assert (info.format, info.shards, info.created, info.git.commit) == (1, 1, "", None)
    assert SweepInfo.parse(json.dumps(OLD | {"shards": 3})).shards == 3


@pytest.mark.parametrize("change", [{"points": -1}, {"points": "4"}, {"shards": 0}, {"axes": None}])
def test_what_makes_no_sense_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(change))}"):
        SweepInfo.parse(json.dumps(OLD | change))


def test_an_entry_says_what_it_must_and_nothing_else() -> None:
    entry = Entry(id="0001", config_hash="3f2a1c", values={"seed": 1, "student.width": 8.5})
    assert Entry.parse(entry.line()) == entry
    assert b"problem" not in entry.line()
    with pytest.raises(ValueError, match="other"):
        Entry.parse(b'{"id": "0001", "config_hash": "3f2a1c", "values": {}, "other": 1}')
