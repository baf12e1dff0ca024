"""The same tasks for every engine."""

import gc
import os
import signal
import sys
from collections.abc import Iterable
from functools import partial
from typing import Any

import dask
import pytest

from featlearn.storage.errors import RunError
from featlearn.sweeps import executors
from featlearn.sweeps.executors import DaskExecutor, Executor, Outcome, SerialExecutor


def square(task: int) -> Iterable[int]:
    """The same five tasks for every engine: one raises, one kills its process where it has one of its own."""
    if task == 3:
        raise ValueError("three")
    if task == 4 and "distributed.worker" in sys.modules and os.getpid() != int(os.environ["TEST_PROCESS"]):
        os.kill(os.getpid(), signal.SIGKILL)
    yield task * task


DASK = pytest.param(partial(DaskExecutor, 2), marks=pytest.mark.slow, id="dask")


@pytest.mark.parametrize("engine", [pytest.param(SerialExecutor, id="serial"), DASK])
def test_every_engine_tells_of_results_errors_and_losses(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_PROCESS", str(os.getpid()))
    executor: Executor = engine()
    found: dict[int, list[Outcome]] = {}
    try:
        todo = [0, 1, 2, 3, 4]
        while todo or executor.in_flight():
            while todo and executor.in_flight() < executor.capacity():
                executor.submit(square, todo.pop(0))
            for outcome in executor.outcomes(1.0):
                found.setdefault(outcome.task, []).append(outcome)
    finally:
        executor.close()
    assert [sum(outcome.ended for outcome in found[task]) for task in range(5)] == [1] * 5
    assert [[r for o in found[task] for r in o.results] for task in range(3)] == [[0], [1], [4]]
    assert [type(outcome.error) for outcome in found[3]] == [ValueError]
    assert "three" in (found[3][0].trace or "")
    assert found[4][-1].lost is (not executor.local)


def test_a_scheduler_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "_CONNECT_SECONDS", 1)
    with pytest.raises(RunError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1"):
        DaskExecutor(scheduler="tcp://127.0.0.1:1")


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "tls://127.0.0.1:1"])
def test_encryption_that_is_not_set_up_is_told(address: str) -> None:
    gc.collect()  # a client that failed before, collected while this one starts, would wait for a lock that it holds
    with (
        dask.config.set({"distributed.comm.require-encryption": True}),
        pytest.raises(RunError, match=f"no Dask scheduler answers at {address}: "),
    ):
        DaskExecutor(scheduler=address)
