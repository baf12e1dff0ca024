"""The schema of the configuration, and the check of the formulas on this machine."""

import json
from collections.abc import Sequence

import pytest
from typer.testing import Result

from featlearn.config.model import Config
from featlearn.training import selfcheck
from featlearn.training.selfcheck import CheckResult
from tests.cli.commands import invoked


def test_schema_is_a_schema_of_the_configuration() -> None:
    done = invoked("schema")
    assert (done.exit_code, done.stderr) == (0, "")
    schema = json.loads(done.stdout)
    assert {"student", "stages"} <= set(schema["required"])
    assert schema["additionalProperties"] is False
    assert schema == Config.model_json_schema()


@pytest.mark.slow
def test_check_passes_here() -> None:
    done = invoked("check")
    assert done.exit_code == 0, done.stdout
    assert "FAIL" not in done.stdout
    assert done.stdout.splitlines()[-1].endswith("checks passed")


PASSES, FAILS = CheckResult("kernel", 1e-15, 1e-12), CheckResult("gradient", 1e-3, 1e-9)


def check(monkeypatch: pytest.MonkeyPatch, *results: CheckResult, options: Sequence[str] = ()) -> Result:
    """The command, where the checks have these results."""
    monkeypatch.setattr(selfcheck, "run_checks", lambda: iter(results))
    return invoked("check", *options)


def test_checks_that_all_pass_exit_0(monkeypatch: pytest.MonkeyPatch) -> None:
    done = check(monkeypatch, PASSES)
    assert done.exit_code == 0
    assert "kernel" in done.stdout
    assert "FAIL" not in done.stdout


def test_a_check_that_fails_is_told_and_exits_1(monkeypatch: pytest.MonkeyPatch) -> None:
    done = check(monkeypatch, PASSES, FAILS)
    assert done.exit_code == 1
    [line] = [line for line in done.stdout.splitlines() if "FAIL" in line]
    assert "gradient" in line


def test_check_prints_json_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    done = check(monkeypatch, PASSES, FAILS, options=["--json"])
    assert (done.exit_code, done.stderr) == (1, "")
    results = json.loads(done.stdout)
    assert [(entry["name"], entry["passed"]) for entry in results] == [("kernel", True), ("gradient", False)]
