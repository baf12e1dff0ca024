"""What the commands that manage runs print."""

import pytest

from featlearn.storage.directory import Notes
from featlearn.views.console.manage import show_differences, show_neuron, show_notes
from featlearn.views.data.neuron import Neuron


def test_differences_are_a_table_with_digits_that_tell_values_apart(capsys: pytest.CaptureFixture[str]) -> None:
    found = {
        "settings": {"a.b": (0.010001, 0.010002), "c": (None, [1, 2]), "d": (None, 0.123456789012)},
        "results": {},
        "environment": {},
    }
    show_differences(("one", "two"), found)
    told = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert told[0] == ["one", "two"]
    assert ["a.b", "0.010001", "0.010002"] in told
    assert ["c", "–", "[1,", "2]"] in told
    assert ["d", "–", "0.1235"] in told
    assert ["results"] not in told
    show_differences(("one", "two"), {"settings": {}})
    assert capsys.readouterr().out == "nothing differs\n"


def test_a_neuron_is_told_with_the_snapshot_it_was_found_at(capsys: pytest.CaptureFixture[str]) -> None:
    neuron = Neuron(17, 931, [2.125, 60.0], "teacher", 0, 0.5, -0.25, 0.125)
    show_neuron(neuron, 1000)
    told = capsys.readouterr().out
    assert told.startswith("neuron 17 at step 931, the snapshot that is nearest to step 1000\n")
    assert "to teacher 0: 2.12°  (nearest)\n" in told
    assert "to teacher 1: 60.00°\n" in told
    show_neuron(Neuron(3, 5, None, "teacher", None, 0.0, 0.0, 0.0), 5)
    told = capsys.readouterr().out
    assert told.startswith("neuron 3 at step 5\n")
    assert "no angle" in told


def test_notes_are_told_where_there_are_some_and_obeyed_by_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show_notes(Notes())
    assert capsys.readouterr().out == ""
    show_notes(Notes(tags=("a", "b"), note="red \x1b[31m"))
    assert capsys.readouterr().out == "tags: a b\nnote: red \\x1b[31m\n"
