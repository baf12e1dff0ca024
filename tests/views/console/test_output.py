"""What reaches the terminal is shown and not obeyed, and no flood of lines."""

import pytest

from featlearn.views.console.output import complain, shown, tell


def test_control_characters_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    tell("red \x1b[31m\nsecond line")
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert printed.endswith("\nsecond line\n")
    assert "\x1b" not in shown("\x1b[31m").plain


def test_complaints_end_after_a_hundred(capsys: pytest.CaptureFixture[str]) -> None:
    complain(f"line {n}" for n in range(103))
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines()[-2:] == ["line 99", "… and 3 more"]
