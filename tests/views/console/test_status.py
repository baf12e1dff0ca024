"""A run that says it is running and has no process was killed."""

from pathlib import Path

import pytest

from featlearn.runs.statuses import STOPPED
from featlearn.views.console.status import status_of_run
from tests.views.examples import new_run


@pytest.mark.parametrize(
    ("status", "locked", "told"),
    [("running", True, "running"), ("running", False, STOPPED), ("done", False, "done"), ("failed", False, "failed")],
)
def test_the_status_of_a_run(status: str, locked: bool, told: str, tmp_path: Path) -> None:
    info = new_run(tmp_path).read_info().changed(status=status)
    assert status_of_run(info, locked=locked) == told
