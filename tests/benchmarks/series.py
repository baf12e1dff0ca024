"""``python -m tests.benchmarks.series``: steps by Hermite series beside those of relu, both in the fused backend.

The largest norm of the rows is chosen so that the series of silu, z/2 and an even function, has some forty terms in one
line and, of degree 40, half of them in the other.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from rich.console import Console

from featlearn.theory.activations import activation
from featlearn.training.backends import make_backend
from featlearn.training.backends.layout import TERMS
from featlearn.training.backends.series_table import level_of, series_table
from featlearn.training.stages import LAYERS, Schedule, Stage
from tests.benchmarks.engines import problem
from tests.benchmarks.timing import Walk, interleaved

SIZES = ((10, 4), (32, 16), (100, 32))  # width, input_dim
NORMS = {"silu, degree 40": 1.0, "silu, 40 terms": 1.5}
REPEATS, LEAST = 9, 0.1  # turns, and seconds of each
_STILL = Stage(name="benchmark", train=LAYERS, step_size=Schedule(0.0))  # so that the level stays


def walk_of(name: str, m: int, d: int, largest: float | None = None) -> Walk:
    """Steps of size 0 of one run, whose rows have norms up to ``largest``."""
    given, state = problem(m, d, 1)
    if largest is not None:
        state.first_layer[:] *= largest / np.max(np.linalg.norm(state.first_layer, axis=-1))
    given, backend = replace(given, activation=activation(name, 2)), make_backend("fused", "cpu", "float64")
    return lambda steps: backend.advance(given, [_STILL], state, 0, steps)


def main() -> None:
    console = Console(width=120)
    for m, d in SIZES:
        walks = {"relu": walk_of("relu", m, d)}
        walks |= {name: walk_of("silu", m, d, largest) for name, largest in NORMS.items()}
        found = interleaved(walks, REPEATS, LEAST)
        for name, largest in NORMS.items():
            terms = int(series_table(activation("silu", 2), level_of(largest), 0)[0, TERMS])
            ratio = found[name].median / found["relu"].median
            console.print(
                f"({m}, {d})  {name} ({terms} terms): {ratio:.2f} times relu, {found[name].median * 1e6:.1f} µs"
            )


if __name__ == "__main__":
    main()
