"""How a run stands."""

import pytest

from featlearn.runs.statuses import STOPPED, status_now


@pytest.mark.parametrize(
    ("status", "locked", "told"),
    [("running", True, "running"), ("running", False, STOPPED), ("done", False, "done"), ("failed", True, "failed")],
)
def test_a_run_that_says_it_is_running_without_a_process_has_stopped(status: str, locked: bool, told: str) -> None:
    assert status_now(status, locked=locked) == told
