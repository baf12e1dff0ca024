"""``python -m tests.benchmarks``: ratios of speeds, all engines interleaved in one process with the same threads.

Prints µs per run-step with their spread and the ratio to featlearn's fused backend, the machine and its limits at each
shape, the seconds of ``featlearn train`` by phase, and the time of a step against the dimension; writes everything as
JSON. ``--compare OLD.json`` sets it against an earlier file, ``--busy`` measures what a busy core does to each engine.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console

from tests.benchmarks import limits, machine, timing
from tests.benchmarks.engines import ENGINES, Walk
from tests.benchmarks.shown import show
from tests.benchmarks.timing import Timing
from tests.places import ROOT

SIZES = ((10, 4), (32, 16), (100, 32), (512, 64), (2048, 128))
DIMENSIONS = (32, 100, 1000, 10_000, 100_000)
SLOW = {"NumPy", "featlearn torch", "PyTorch autograd, 4096 samples"}  # not at sizes where a step takes a second


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("benchmarks.json"), help="where the JSON goes")
    parser.add_argument("--compare", type=Path, metavar="OLD.json", help="show the ratios to an earlier file too")
    parser.add_argument("--busy", action="store_true", help="only: how much a busy core slows each engine down")
    parser.add_argument("--repeats", type=int, default=7, help="timings of each engine; their quartiles are told")
    parser.add_argument("--seconds", type=float, default=0.15, help="of each timing, at least")
    parser.add_argument("--largest", type=int, default=2048, help="leave out wider students")
    options = parser.parse_args()
    console = Console(width=150)
    names = [n for n in ENGINES if n != "JAX" or importlib.util.find_spec("jax")]
    if "JAX" not in names:
        console.print("JAX is not installed (extra `bench`): its columns are left out")
    results: dict[str, Any] = {"machine": machine.about()}
    if options.busy:
        results["busy"] = _timed(names, options, timing.slowdowns)
    else:
        results["steps"] = _timed(names, options, timing.interleaved)
        results |= _limits(options) | _whole_runs()
    options.out.write_text(json.dumps(results, indent=1) + "\n")
    show(console, results, json.loads(options.compare.read_text()) if options.compare else None)


def _timed(
    names: list[str], options: argparse.Namespace, measure: Callable[..., dict[str, Timing]]
) -> list[dict[str, Any]]:
    """All engines at all shapes, the quickest of which are compared as batches too."""
    found = []
    for runs in (1, 64):
        for m, d in SIZES:
            if m > options.largest or (runs > 1 and m > 512):
                continue
            chosen = [n for n in names if not (n in SLOW and m * runs > 2048) and (runs == 1 or "autograd" not in n)]
            walks = {name: ENGINES[name](m, d, runs) for name in chosen}
            unit = 1.0 if options.busy else 1e6 / runs
            times = measure(walks, options.repeats, options.seconds)
            found.append(
                {"m": m, "d": d, "runs": runs, "engines": {n: t.times(unit).plain() for n, t in times.items()}}
            )
    return found


def _limits(options: argparse.Namespace) -> dict[str, Any]:
    found = []
    for m, d in SIZES[:4]:
        walks = {
            "fused": ENGINES["featlearn fused"](m, d, 1),
            "products": limits.products(m, d),
            "pairs": limits.pairs(m),
        }
        times = timing.interleaved(walks, options.repeats, options.seconds)
        found.append({"m": m, "d": d, **{name: t.times(1e6).plain() for name, t in times.items()}})
    return {"limits": found}


def _whole_runs() -> dict[str, Any]:
    return {
        "dimensions": {d: _marginal(ENGINES["featlearn fused"](50, d, 1)) * 1e6 for d in DIMENSIONS},
        "peak_megabytes": _peak_memory(),
        "start_up": _start_up(),
    }


def _marginal(walk: Walk) -> float:
    """Seconds per step of a walk beyond what it costs to begin one."""
    walk(1)
    few, many = 1000, 21_000
    found = [timing.seconds(walk, many) * many - timing.seconds(walk, few) * few for _ in range(5)]
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


if __name__ == "__main__":
    main()
