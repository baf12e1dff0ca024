"""``python -m tests.benchmarks``: ratios of speeds, all engines interleaved in one process with the same threads.

Prints µs per run-step and the ratio to featlearn's fused backend, the machine's limits at each shape, the seconds of
``featlearn train`` by phase, and the time of a step against the dimension; writes everything as JSON.
"""

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks import engines, limits
from tests.benchmarks.engines import ENGINES, Walk
from tests.places import ROOT

SIZES = ((10, 4), (32, 16), (100, 32), (512, 64), (2048, 128))
DIMENSIONS = (32, 100, 1000, 10_000, 100_000)
SLOW = {"NumPy", "featlearn torch", "PyTorch autograd, 4096 samples"}  # not at sizes where a step takes a second


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("benchmarks.json"), help="where the JSON goes")
    parser.add_argument("--repeats", type=int, default=7, help="timings of each engine; the median counts")
    parser.add_argument("--seconds", type=float, default=0.15, help="of each timing, at least")
    parser.add_argument("--largest", type=int, default=2048, help="leave out wider students")
    options = parser.parse_args()
    console = Console(width=150)
    names = [n for n in ENGINES if n != "JAX" or importlib.util.find_spec("jax")]
    if "JAX" not in names:
        console.print("JAX is not installed (extra `bench`): its columns are left out")
    results: dict[str, Any] = {"machine": platform.platform(), "cores": os.cpu_count(), "steps": [], "limits": []}
    for runs in (1, 64):
        for m, d in SIZES:
            if m > options.largest or (runs > 1 and m > 512):
                continue
            chosen = [n for n in names if not (n in SLOW and m * runs > 2048) and (runs == 1 or "autograd" not in n)]
            walks = {name: ENGINES[name](m, d, runs) for name in chosen}
            micro = {name: t / runs * 1e6 for name, t in _interleaved(walks, options).items()}
            results["steps"].append({"m": m, "d": d, "runs": runs, "microseconds_per_run_step": micro})
    for m, d in SIZES[:4]:
        walks = {
            "fused": ENGINES["featlearn fused"](m, d, 1),
            "products": limits.products(m, d),
            "pairs": limits.pairs(m),
        }
        micro = {name: t * 1e6 for name, t in _interleaved(walks, options).items()}
        results["limits"].append({"m": m, "d": d, **micro})
    results["dimensions"] = {d: _marginal(ENGINES["featlearn fused"](50, d, 1)) * 1e6 for d in DIMENSIONS}
    results["peak_megabytes"] = _peak_memory()
    results["start_up"] = _start_up()
    options.out.write_text(json.dumps(results, indent=1) + "\n")
    _show(console, results, names)


def _interleaved(walks: dict[str, Walk], options: argparse.Namespace) -> dict[str, float]:
    """Median seconds per step of each walk, the walks taking turns."""
    steps = {}
    for name, walk in walks.items():
        walk(1)  # compile
        count = 1
        while (taken := limits.seconds(walk, count) * count) < options.seconds:
            count = max(2 * count, int(1.2 * count * options.seconds / max(taken, 1e-6)))
        steps[name] = count
    times: dict[str, list[float]] = {name: [] for name in walks}
    for _ in range(options.repeats):
        for name, walk in walks.items():
            times[name].append(limits.seconds(walk, steps[name]))
    return {name: median(found) for name, found in times.items()}


def _marginal(walk: Walk) -> float:
    """Seconds per step of a walk beyond what it costs to begin one."""
    walk(1)
    few, many = 1000, 21_000
    found = [limits.seconds(walk, many) * many - limits.seconds(walk, few) * few for _ in range(5)]
    return median(found) / (many - few)


def _peak_memory() -> float:
    """Largest resident memory, in MB, of a training run with 50 neurons in 100 000 dimensions."""
    settings = ["teacher.input_dim=100000", "student.width=50", "log.points=8", "log.snapshots=2"]
    settings += ["stages.local_convergence.steps=2000"]
    code = "import resource, sys, featlearn.cli.app as c\nc.app(sys.argv[1:], standalone_mode=False)\n"
    code += "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    with tempfile.TemporaryDirectory() as runs:
        command = [sys.executable, "-c", code, "train", "-q", "-c", "configs/quickstart.yaml", "--runs-dir", runs]
        command += [part for setting in settings for part in ("--set", setting)]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


def _start_up() -> dict[str, float]:
    """Seconds of the phases of a process that trains: the interpreter, the imports, the compiled code, the rest."""
    phases = {
        "interpreter": "pass",
        "featlearn --help": "import featlearn.cli.app as c; c.app(['--help'], standalone_mode=False)",
        "configuration": "import featlearn; featlearn.load_config('configs/quickstart.yaml')",
        "fused backend loaded": "import featlearn.training.backends as b; b.make_backend('fused', 'cpu', 'float64')",
        "first step": "from tests.benchmarks.engines import ENGINES; ENGINES['featlearn fused'](100, 32, 1)(1)",
        "torch loaded": "import torch",
    }
    found = {}
    for name, code in phases.items():
        times = []
        for _ in range(3):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
            times.append(time.perf_counter() - began)
        found[name] = median(times)
    return found


def _show(console: Console, results: dict[str, Any], names: list[str]) -> None:
    table = Table(title="µs per run-step (ratio to fused)", title_justify="left")
    for heading in ("runs", "m, d", *names):
        table.add_column(heading, justify="right")
    for entry in results["steps"]:
        micro = entry["microseconds_per_run_step"]
        ours = micro["featlearn fused"]
        cells = [f"{micro[n]:.2f} ({micro[n] / ours:.1f}×)" if n in micro else "–" for n in names]
        table.add_row(str(entry["runs"]), f"{entry['m']}, {entry['d']}", *cells)
    console.print(table)
    table = Table(title="limits, µs per step: NumPy's two products, pairs at one thread", title_justify="left")
    for heading in ("m, d", "fused", "products", "pairs", "fused / (products + pairs)"):
        table.add_column(heading, justify="right")
    for entry in results["limits"]:
        ratio = entry["fused"] / (entry["products"] + entry["pairs"])
        cells = [f"{entry[n]:.2f}" for n in ("fused", "products", "pairs")]
        table.add_row(f"{entry['m']}, {entry['d']}", *cells, f"{ratio:.2f}")
    console.print(table)
    flat = ", ".join(f"d = {d}: {t:.1f} µs" for d, t in results["dimensions"].items())
    console.print(f"a step at m = {50} against the dimension (in the span of start and teacher): {flat}")
    console.print(f"peak memory at d = 100 000, m = 50: {results['peak_megabytes']:.0f} MB")
    console.print("start-up: " + ", ".join(f"{name} {t:.2f} s" for name, t in results["start_up"].items()))
    console.print(f"teachers {engines.TEACHERS}, relu with degrees ≥ 2, float64")


if __name__ == "__main__":
    main()
