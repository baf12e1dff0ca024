"""``python -m tests.benchmarks.gpu``: many runs on a CUDA device in under eight minutes; else its checks on the CPU.

4096 runs of 100 neurons in 32 dimensions, float64. Steps are timed against their two matrix products and the pairs in
between, which the same device takes in the same minutes, and 1000 steps of a few runs are compared with the CPU.
Everything is written as JSON.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console

from featlearn.training.backends import make_backend
from featlearn.training.stages import Schedule, Stage
from tests.benchmarks.engines import STEP_SIZE, WEIGHT_DECAY, problem
from tests.benchmarks.timing import Timing

WIDTH, DIMENSION, RUNS = 100, 32, 4096
AGREES_WITHIN = 1e-10  # after 1000 steps, relative to the largest weight
STAGE = Stage(
    name="benchmark",
    train=("first_layer", "second_layer"),
    step_size=Schedule(STEP_SIZE),
    weight_decay=Schedule(WEIGHT_DECAY),
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.gpu", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("gpu.json"), help="where the JSON goes")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    console, there = Console(width=120), torch.cuda.is_available()
    device = "cuda" if there else "cpu"
    runs, steps = (RUNS, 100) if there else (4, 5)
    results: dict[str, Any] = {
        "device": torch.cuda.get_device_name() if there else "not run on a GPU",
        "torch": torch.__version__,
        "runs": runs,
    }
    if not there:
        console.print("not run on a GPU: PyTorch sees no CUDA device; the same work on the CPU, for its checks alone")
    results["largest difference"] = found = difference(device, 16 if there else 2, 1000)
    verdict = "agree" if found <= AGREES_WITHIN else "DISAGREE"
    console.print(f"1000 steps on {device} and of the compiled CPU backend {verdict}: {found:.1e} relative")
    for name, timing in timings(device, runs, steps, options.repeats).items():
        results[name] = timing.plain()
        console.print(f"{name}: {timing.median * 1e3:.3f} ms, spread {timing.spread:.0%}")
    limit = results["products"]["median"] + results["pairs"]["median"]
    results["share of the limit"] = limit / results["step"]["median"]
    if there:
        console.print(f"products and pairs are {results['share of the limit']:.0%} of a step")
    options.out.write_text(json.dumps(results, indent=1) + "\n")
    if found > AGREES_WITHIN:
        raise SystemExit(1)


def difference(device: str, runs: int, steps: int) -> float:
    """The largest difference of a weight between steps of torch on the device and of the fused backend on the CPU."""
    given, state = problem(WIDTH, DIMENSION, runs)
    stages = [STAGE] * runs
    ours = make_backend("torch", device, "float64").advance(given, stages, state, 0, steps)
    other = make_backend("fused", "cpu", "float64").advance(given, stages, state, 0, steps)
    pairs = (ours.first_layer, other.first_layer), (ours.second_layer, other.second_layer)
    return max(float(np.max(np.abs(x - y)) / np.max(np.abs(y))) for x, y in pairs)


def timings(device: str, runs: int, steps: int, repeats: int) -> dict[str, Timing]:
    """Seconds of a step, of its two products and of its pairs, taking turns."""
    given, state = problem(WIDTH, DIMENSION, runs)
    backend, stages = make_backend("torch", device, "float64"), [STAGE] * runs
    w = torch.tensor(state.first_layer, device=device)
    v = torch.cat([w, torch.tensor(given.teacher_first_layer, device=device)], 1)
    q = torch.sum(v * v, -1)
    s = w @ v.mT

    def kernel() -> object:
        return given.activation.kernel(torch, q[:, :WIDTH, None], q[:, None, :], s)

    works: dict[str, Callable[[], object]] = {
        "step": lambda: backend.advance(given, stages, state, 0, steps),
        "products": lambda: [(w @ v.mT) @ v for _ in range(steps)],
        "pairs": lambda: [kernel() for _ in range(steps)],
    }
    found: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(repeats + 1):
        for name, work in works.items():
            seconds = _timed(work, device) / steps
            if turn:  # the first one warms up
                found[name].append(seconds)
    return {name: Timing.of(times) for name, times in found.items()}


def _timed(work: Callable[[], object], device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    began = time.perf_counter()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
