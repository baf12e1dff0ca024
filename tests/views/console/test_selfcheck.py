"""Each check of the formulas is a line as soon as it is done, and the last line counts."""

import pytest

from featlearn.training.selfcheck import CheckResult
from featlearn.views.console.selfcheck import watch_checks

CHECKS = [CheckResult("kernel", 1e-15, 1e-12), CheckResult("gradient", 1e-3, 1e-7)]


def test_checks_are_told_as_they_are_done(capsys: pytest.CaptureFixture[str]) -> None:
    told = []

    def checks() -> object:
        for check in CHECKS:
            yield check
            told.append(capsys.readouterr().out.split())

    assert watch_checks(checks(), quiet=False) == CHECKS  # type: ignore[arg-type]
    assert told == [
        ["PASS", "kernel", "error", "1.0e-15", "allowed", "1e-12"],
        ["FAIL", "gradient", "error", "1.0e-03", "allowed", "1e-07"],
    ]
    assert capsys.readouterr().out == "1 of 2 checks passed\n"


def test_quiet_checks_say_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert watch_checks(iter(CHECKS), quiet=True) == CHECKS
    assert capsys.readouterr() == ("", "")
