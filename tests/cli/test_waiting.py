"""The word on a terminal while a command prepares."""

import io
import sys

import pytest

from featlearn.cli.waiting import waiting


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [io.StringIO(), None])
def test_nothing_is_printed_off_a_terminal(stream: io.StringIO | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    with waiting("preparing", quiet=False):
        pass
    assert stream is None or stream.getvalue() == ""


@pytest.mark.parametrize(("term", "quiet"), [("dumb", False), ("xterm", True)])
def test_nothing_is_printed_where_it_could_not_be_removed_or_is_not_wanted(
    term: str, quiet: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with waiting("preparing", quiet=quiet):
        pass
    assert terminal.getvalue() == ""


def test_the_word_stands_at_once_and_goes_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    during = []

    def failing() -> None:
        with waiting("preparing", quiet=False):
            during.append(terminal.getvalue())
            raise KeyError

    with pytest.raises(KeyError):
        failing()
    assert during == ["preparing …"]
    assert terminal.getvalue() == "preparing …\r\x1b[2K"
