"""Threads of our own: in processes that were forked or spawned, and in threads of somebody else."""

import os
import subprocess
import sys

import pytest

from featlearn.training.backends.sharing import do_all, thread_count
from tests.places import ROOT

WIDE_RUNS = """
import multiprocessing, sys, threading
sys.path.insert(0, {root!r})
from tests.training.batches import batch, fused, stages

def walk(found):
    problem, state = batch(1, 520, 5)
    backend = fused()
    backend.threads = 2
    found.append(backend.advance(problem, stages(1), state, 0, 20).first_layer.tobytes())

def in_child(pipe):
    found = []
    walk(found)
    pipe.send(found[0])

if __name__ == "__main__":
    found = []
    walk(found)
    if {how!r} == "threads":
        threads = [threading.Thread(target=walk, args=(found,)) for _ in range(3)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    else:
        context = multiprocessing.get_context({how!r})
        ours, theirs = context.Pipe()
        child = context.Process(target=in_child, args=(theirs,))
        child.start()
        assert ours.poll(100), "the child hangs"
        found.append(ours.recv())
        child.join()
        walk(found)
    print(len(found), len(set(found)))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("how", "runs"), [("fork", 3), ("spawn", 3), ("threads", 4)])
def test_wide_runs_in_several_processes_and_threads(how: str, runs: int, tmp_path) -> None:  # type: ignore[no-untyped-def]
    script = tmp_path / "wide.py"  # spawned processes import it
    script.write_text(WIDE_RUNS.format(root=str(ROOT), how=how))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(script)], capture_output=True, text=True, timeout=200, check=False
    )
    assert done.stdout == f"{runs} 1\n", done.stderr


def test_the_number_of_threads_is_that_of_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_NUM_THREADS", "3")
    assert thread_count() == 3
    monkeypatch.setenv("NUMBA_NUM_THREADS", "none")
    assert 1 <= thread_count() <= (os.cpu_count() or 1)


@pytest.mark.parametrize("threads", [1, 2])
def test_what_a_task_raises_is_raised(threads: int) -> None:
    done: list[int] = []

    def broken() -> None:
        raise KeyError("broken")

    with pytest.raises(KeyError, match="broken"):
        do_all([lambda: done.append(1), broken], threads)
    assert done == [1]
