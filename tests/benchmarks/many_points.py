"""One process of ``tests.benchmarks.sweeps``: make a sweep of very many points, or scan one all of which have ended."""

import resource
import sys
import time
from pathlib import Path

from rich.console import Console

from featlearn.runs.records import PointResult
from featlearn.sweeps.begin import begin
from featlearn.sweeps.directory import WHOLE, SweepDirectory
from featlearn.sweeps.executors import SerialExecutor
from featlearn.sweeps.load import load_sweep
from featlearn.sweeps.run import run_sweep
from featlearn.training.columns import COLUMNS


def make(place: Path) -> str:
    """Begin the sweep, timed, and pretend that all its points have ended."""
    began = time.perf_counter()
    directory = begin(load_sweep(place / "many.yaml"), place / "sweeps")
    seconds, entries = time.perf_counter() - began, directory.read_manifest()
    row = dict.fromkeys(COLUMNS, 0.123456789012345) | {
        "stage": "local_convergence",
        "step": 72002,
        "stage_step": 72000,
        "alive": 100,
        "recovered": 3,
    }
    directory.lock(WHOLE)
    for entry in entries:
        directory.append_result(PointResult(id=entry.id, config_hash=entry.config_hash, status="done", final=row))
    directory.release()
    return f"manifest of {len(entries)} points: {seconds:.1f} s"


def scan(place: Path) -> str:
    """Resume it: nothing is left to do."""
    began = time.perf_counter()
    result = run_sweep(SweepDirectory.find("latest", place / "sweeps"), SerialExecutor)
    return f"resume scan: {time.perf_counter() - began:.1f} s, {result.state.ended} points"


if __name__ == "__main__":
    told = scan(Path(sys.argv[1])) if sys.argv[2:] else make(Path(sys.argv[1]))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    Console().print(f"{told}, peak memory {memory:.0f} MB")
