"""Timings that tell noise from change: walks take turns, and each has a median with its quartiles."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import numpy as np

Walk = Callable[[int], object]  # takes so many steps

NOISY = 0.2  # A spread above this is told.


@dataclass(frozen=True)
class Timing:
    """Some times: their median, and the quartiles, between which half of them lie."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, times: list[float]) -> "Timing":
        low, median, high = np.percentile(times, [25, 50, 75]).tolist()
        return cls(median, low, high)

    @classmethod
    def read(cls, value: float | Mapping[str, float]) -> "Timing":
        """As a file says it; earlier ones have the median alone."""
        return cls(value, value, value) if isinstance(value, int | float) else cls(**value)

    @property
    def spread(self) -> float:
        """The distance of the quartiles, relative to the median."""
        return (self.high - self.low) / self.median

    def times(self, factor: float) -> "Timing":
        return Timing(factor * self.median, factor * self.low, factor * self.high)

    def plain(self) -> dict[str, float]:
        return asdict(self)

    def change_from(self, old: "Timing") -> str:
        """The ratio to an earlier timing, and whether the quartiles of the two lie apart."""
        apart = self.low > old.high or self.high < old.low
        return f"{self.median / old.median:.2f}" + ("" if apart else " (noise)")


def seconds(walk: Walk, steps: int) -> float:
    """Seconds per step of a walk."""
    began = time.perf_counter()
    walk(steps)
    return (time.perf_counter() - began) / steps


def long_enough(walk: Walk, least: float) -> int:
    """How many steps of a walk take ``least`` seconds; it is compiled first."""
    walk(1)
    count = 1
    while (taken := seconds(walk, count) * count) < least:
        count = max(2 * count, int(1.2 * count * least / max(taken, 1e-6)))
    return count


def interleaved(walks: Mapping[str, Walk], repeats: int, least: float) -> dict[str, Timing]:
    """Seconds per step of each walk, the walks taking turns; each turn takes ``least`` seconds or more."""
    steps = {name: long_enough(walk, least) for name, walk in walks.items()}
    times: dict[str, list[float]] = {name: [] for name in walks}
    for _ in range(repeats):
        for name, walk in walks.items():
            times[name].append(seconds(walk, steps[name]))
    return {name: Timing.of(found) for name, found in times.items()}


def slowdowns(walks: Mapping[str, Walk], repeats: int, least: float) -> dict[str, Timing]:
    """How many times longer each walk takes while another process keeps a core busy; quiet and busy turns alternate."""
    steps = {name: long_enough(walk, least) for name, walk in walks.items()}
    ratios: dict[str, list[float]] = {name: [] for name in walks}
    for _ in range(repeats):
        quiet = {name: seconds(walk, steps[name]) for name, walk in walks.items()}
        with a_busy_core():
            for name, walk in walks.items():
                ratios[name].append(seconds(walk, steps[name]) / quiet[name])
    return {name: Timing.of(found) for name, found in ratios.items()}


@contextmanager
def a_busy_core() -> Iterator[None]:
    """Within it, another process computes all the time; the system chooses its core."""
    process = subprocess.Popen([sys.executable, "-c", "print(flush=True)\nwhile True: pass"], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()  # it has begun
        yield
    finally:
        process.kill()
        process.communicate()
