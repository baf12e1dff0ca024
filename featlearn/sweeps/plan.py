"""What a sweep would do and cost, before it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from featlearn.sweeps.begin import infeasible
from featlearn.sweeps.costs import Costs
from featlearn.sweeps.directory import Shard
from featlearn.sweeps.sweep import Sweep

_SAMPLE = 300  # points, at most, from which the cost of all is estimated


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep, or a share of it, would do.

    Attributes:
        points: in the share.
        infeasible: how many of them cannot run, by reason.
        seconds: of work, on one core.
    """

    sweep: Sweep
    points: int
    infeasible: dict[str, int]
    seconds: float


def plan_of(sweep: Sweep, shard: Shard) -> SweepPlan:
    """What a sweep would do, from a short calibration; nothing is written.

    Raises:
        ConfigError: when no point at all can run.
    """
    mine = {place for place in range(len(sweep)) if shard.holds(place)}
    reasons: Counter[str] = Counter()
    feasible = []
    for place, point in sweep.points_at(mine):
        if point.infeasible is None:
            feasible.append(place)
        else:
            reasons[point.infeasible] += 1
    if not feasible:
        raise infeasible(sweep, reasons)
    return SweepPlan(sweep, len(mine), dict(reasons), estimate(sweep, feasible)[1])


def estimate(sweep: Sweep, places: Sequence[int]) -> tuple[Costs, float]:
    """What the points at some places of a sweep cost, and the seconds of all of them on one core."""
    rng = np.random.default_rng(0)
    sample = places if len(places) <= _SAMPLE else rng.choice(np.array(places), _SAMPLE, replace=False).tolist()
    configs = [point.config for _, point in sweep.points_at(set(sample)) if point.config is not None]
    costs = Costs(configs)
    return costs, len(places) * sum(map(costs.seconds, configs)) / max(1, len(configs))
