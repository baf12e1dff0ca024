"""Runs whose processes are killed, as by ``kill -9``, and that go on from what these left."""

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

from featlearn.config.model import Config
from featlearn.runs.directory import RunDirectory
from featlearn.runs.train import resume, train


def in_child(work: Callable[[], object]) -> int:
    """Run ``work`` in a forked process, so that it can be killed; its process id."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            os._exit(70)
    return child


def killed_and_resumed(config: Config, place: Path, kills: int, longest: float, torn: bytes = b"") -> RunDirectory:
    """A run in an empty folder that was killed at random instants, each time resumed, and then went on to its end.

    Args:
        kills: how often; fewer, but a third of that at least, where it ends before.
        longest: seconds that it works between two kills.
        torn: what is then added to its log, as if a row had been cut off.
    """
    rng, killed = random.Random(1), 0
    run: RunDirectory | None = None
    while killed < kills and not (run is not None and run.read_info().status == "done"):
        known = run
        child = in_child(lambda: resume(known) if known else train(config, place))  # noqa: B023
        time.sleep(rng.uniform(0.02, longest))
        os.kill(child, signal.SIGKILL)
        killed += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        run = next(iter(RunDirectory.all_in(place)), None)
    assert 3 * killed >= kills
    assert run is not None
    with run.metrics_file.open("ab") as file:
        file.write(torn)
    if run.read_info().status != "done":
        assert resume(run).status == "done"
    assert len(RunDirectory.all_in(place)) == 1
    return run
