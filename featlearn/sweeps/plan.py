"""What a sweep would do and cost, before it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from featlearn.sweeps.begin import infeasible
from featlearn.sweeps.costs import Cost, Costs, cores
from featlearn.sweeps.directory import Shard
from featlearn.sweeps.shape import Shape
from featlearn.sweeps.sweep import Sweep

_SAMPLE = 300  # points, at most, from which the cost of all is estimated


@dataclass(frozen=True)
class Estimate:
    """What some points of a sweep cost.

    Attributes:
        costs: of each.
        total: of all.
        disk: bytes that they take on disk.
    """

    costs: Costs
    total: Cost
    disk: float


def estimate(sweep: Sweep, places: Sequence[int]) -> Estimate:
    """What the points at some places of a sweep cost, from a short calibration."""
    rng = np.random.default_rng(0)
    sample = places if len(places) <= _SAMPLE else rng.choice(np.array(places), _SAMPLE, replace=False).tolist()
    configs = [point.config for _, point in sweep.points_at(set(sample)) if point.config is not None]
    stored = sweep.config.store == "full"
    costs = Costs(configs, stored=stored)
    share = len(places) / max(1, len(configs))
    total = sum(map(costs.cost, configs), Cost()).times(share)
    return Estimate(costs, total, share * sum(Shape.of(config).bytes_on_disk(stored=stored) for config in configs))


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep, or a share of it, would do.

    Attributes:
        points: in the share.
        infeasible: how many of them cannot run, by reason.
        estimate: of the others.
    """

    sweep: Sweep
    points: int
    infeasible: dict[str, int]
    estimate: Estimate

    def seconds(self, jobs: int | None) -> float:
        """How long it takes so many workers on this machine, or this process alone, which uses all cores."""
        total = self.estimate.total
        return total.on(cores()) if jobs is None else total.on(1) / jobs


def plan_of(sweep: Sweep, shard: Shard) -> SweepPlan:
    """What a sweep would do; nothing is written. Raises ConfigError when no point at all can run."""
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
    return SweepPlan(sweep, len(mine), dict(reasons), estimate(sweep, feasible))
