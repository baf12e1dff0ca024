"""``python -m tests.benchmarks.sweeps``: a sweep against one process per run, and against JAX doing the arithmetic.

2000 runs at m = 32, d = 16, 5000 steps. The processes are measured on a few runs, as many at once as there are cores,
and scaled; JAX takes the same steps of the same number of runs by vmap, in the batch size that suits it best, with
nothing logged or written. Also the manifest and the resume scan of a sweep with 100 000 points.
"""

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console

from tests.benchmarks.engines import ENGINES
from tests.places import ROOT

WIDTH, DIMENSION, STEPS = 32, 16, 5000
BASE = f"""
  teacher: {{input_dim: {DIMENSION}, width: 3, rank: 2, min_angle: 25.0}}
  student: {{width: {WIDTH}}}
  stages:
    local_convergence:
      train: [first_layer, second_layer]
      steps: {STEPS}
      step_size: 0.2
      weight_decay: {{start: 0.01, factor: 0.5, every: 1000}}
"""
MANY = """
name: many
base: ../../configs/quickstart.yaml
grid:
  stages.local_convergence.weight_decay.start: {log: [0.001, 0.1, 1000]}
  student.width: {range: [50, 150, 2]}
seeds: 2
store: summary
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.sweeps", description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--processes", type=int, default=20, help="runs that are measured one process each")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    console = Console(width=120)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        alone = _processes(place, options.processes) / options.processes
        console.print(f"featlearn train, one process per run, {os.cpu_count()} at once: {alone * 1e3:.0f} ms a run")
        for store in ("summary", "full"):
            found = sorted(_sweep(place, options.runs, store) for _ in range(options.repeats))
            ours = found[len(found) // 2] / options.runs
            ratio = f"{alone / ours:.0f} times faster than processes"
            console.print(f"featlearn sweep, store: {store}: {ours * 1e3:.1f} ms a run, all in; {ratio}")
            if store == "summary" and importlib.util.find_spec("jax"):
                for batch in (64, 500, options.runs):
                    walk = ENGINES["JAX"](WIDTH, DIMENSION, batch)
                    walk(1)
                    began = time.perf_counter()
                    walk(STEPS)
                    theirs = (time.perf_counter() - began) / batch
                    console.print(f"JAX vmap over {batch}: {theirs * 1e3:.1f} ms a run: {theirs / ours:.1f} times ours")
    for line in _many().splitlines():
        console.print(line)


def _processes(place: Path, count: int) -> float:
    config = place / "run.yaml"
    config.write_text("\n".join(line[2:] for line in BASE.splitlines()))

    def run(seed: int) -> None:
        command = [sys.executable, "-m", "featlearn", "train", "-q", "-c", str(config), "--set", f"seed={seed}"]
        subprocess.run([*command, "--runs-dir", str(place / "runs")], cwd=ROOT, check=True)

    run(0)
    began = time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(run, range(count)))
    return time.perf_counter() - began


def _sweep(place: Path, runs: int, store: str) -> float:
    file = place / "sweep.yaml"
    file.write_text(f"base:{BASE}\nseeds: {runs}\nstore: {store}\n")
    command = [sys.executable, "-m", "featlearn", "sweep", "-q", "-c", str(file), "--runs-dir", str(place / "sweeps")]
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True)
    return time.perf_counter() - began


def _many() -> str:
    """Seconds and memory of making and of scanning a sweep of 100 000 points, each in its own process."""
    with tempfile.TemporaryDirectory(dir=ROOT / "runs") as folder:
        place = Path(folder)
        (place / "many.yaml").write_text(MANY)
        made = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.many_points", str(place)],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        scanned = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.many_points", str(place), "scan"],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
    return (made.stdout + scanned.stdout).decode()


if __name__ == "__main__":
    main()
