"""The searches of a sweep, one for each setting of its other axes: what is known of each edge, and what to run next.

All of it follows from the results of the points alone. A round of points is asked for once all points before have
ended, so that it depends neither on their order nor on who computes them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from featlearn.config.fields import takes_whole_numbers
from featlearn.config.identity import identity
from featlearn.config.model import Config
from featlearn.config.settings import settings_in
from featlearn.runs.records import PointResult
from featlearn.sweeps.records import Entry
from featlearn.sweeps.search.bisection import Look, Search, bisect, most_values
from featlearn.sweeps.search.scale import Value
from featlearn.sweeps.search.sequential import share_interval
from featlearn.sweeps.search.statistic import Statistic, statistic
from featlearn.sweeps.selection import Keys, Kind
from featlearn.sweeps.sweep import Setting, Sweep
from featlearn.training.columns import COLUMNS

_BATCH = 8  # seeds that are asked for at once, at the least; later half as many as there are


@dataclass(frozen=True)
class Known:
    """What a condition can ask of one run: see ``selection.Line``. Of one that is not done there are no results."""

    settings: dict[str, Any]
    final: dict[str, Any]
    status: str | None = None
    kind: Kind = "run"

    def fact(self, key: str) -> Any:
        return self.status if key == "status" else self.kind if key == "kind" else None


@dataclass(frozen=True)
class Seen:
    """What was seen at a value of the axis.

    Attributes:
        outcomes: of the runs that have ended and count, by seed; see ``Statistic.outcome``.
        runs: how many were asked for.
        failed: of these, how many say nothing: their configuration breaks a rule, or their process died.
        holds: the condition; None where it is not decided.
        open: whether more seeds may decide it.
        lacking: of the runs that are done none has a value of what the condition asks for; there are no outcomes then.
    """

    value: Value
    outcomes: tuple[float, ...]
    runs: int
    failed: int
    holds: bool | None
    open: bool
    lacking: bool = False


@dataclass(frozen=True)
class Edge:
    """What is known of the edge at one setting of the other axes.

    Attributes:
        middle: between the ends of the answer, on the scale of the axis; None where there is none.
        seen: the values looked at, in order.
        grid_runs: how many runs a grid takes, with all seeds at every value, whose values are as far apart as the ends
            of the answer, or as the tolerance where that is more; None where there is no answer.
    """

    setting: Setting
    search: Search
    middle: float | None
    seen: tuple[Seen, ...]
    grid_runs: int | None

    @property
    def runs(self) -> int:
        return sum(seen.runs for seen in self.seen)

    def plain(self) -> dict[str, Any]:
        """A row of ``edges.csv``."""
        search = self.search
        holds = None if search.rises is None else "above" if search.rises else "below"
        told = {"ending": search.ending, "low": search.low, "high": search.high, "edge": self.middle, "holds": holds}
        saved = None if self.grid_runs is None else self.grid_runs - self.runs
        counts = {"values": len(self.seen), "runs": self.runs, "grid_runs": self.grid_runs, "runs_saved": saved}
        return self.setting | told | counts


class Searches:
    """The searches of a sweep whose file has ``find``.

    Attributes:
        most_values: see ``bisection.most_values``.
        error: of each decision at a value, so that all of a search are right with its confidence.
    """

    def __init__(self, sweep: Sweep) -> None:
        """Raises WrongChoice when its condition is none, or names what no run has."""
        assert sweep.config.find is not None
        self.sweep, self.find = sweep, sweep.config.find
        self.key = self.find.key
        self.scale = self.find.on_scale(whole=takes_whole_numbers(tuple(self.key.split(".")), Config))
        self.tolerance = self.find.limit()
        self.most_values = most_values(self.scale, self.tolerance)
        self.error = (1 - self.find.confidence) / self.most_values
        self._base = settings_in(sweep.base.data)
        known = Known(self._base | dict.fromkeys(sweep.keys), dict.fromkeys(COLUMNS))
        self.statistic: Statistic = statistic(self.find.where, Keys([known]))
        self._fewest = self.statistic.fewest(self.error)
        self._outcomes: dict[tuple[str, int], float] = {}
        self._admitted: dict[Hashable, bool] = {}

    def settings(self) -> list[Setting]:
        """Those of the other axes, in order; one that is empty where there are none."""
        rows = product(*(zip(*group.values(), strict=True) for group in self.sweep.axes[:-2]))
        keys = [key for group in self.sweep.axes[:-2] for key in group]
        return [dict(zip(keys, (value for row in each for value in row), strict=True)) for each in rows]

    def most_points(self) -> int:
        """How many points it has, at the most."""
        return len(self.settings()) * self.most_values * self.find.seeds

    def first(self) -> list[Setting]:
        """The points of the first round: both ends."""
        return self.next(self.edges([], {}))

    def next(self, edges: Iterable[Edge]) -> list[Setting]:
        """The points of the next round, by what all before tell; none when every search has come to its end."""
        asked = []
        for edge in edges:
            known = {seen.value: seen for seen in edge.seen}
            for value in edge.search.wanted:
                begun = known[value].runs if value in known else 0
                seeds = self.find.all_seeds()[begun : begun + self._more(known.get(value))]
                asked += [edge.setting | {self.key: value, "seed": seed} for seed in seeds]
        return asked

    def _more(self, seen: Seen | None) -> int:
        """How many seeds to ask for at a value, where there are so many."""
        if seen is None:
            return max(_BATCH, min(self._fewest))
        more, agreeing = max(_BATCH, seen.runs // 2), set(seen.outcomes)
        if len(agreeing) == 1:  # if they go on so, that is where they decide
            more = min(more, self._fewest[agreeing == {1.0}] - len(seen.outcomes))
        return max(more, 1)

    def edges(self, entries: Iterable[Entry], results: Mapping[str, PointResult]) -> list[Edge]:
        """What is known of each edge by the results of the points that were asked for."""
        by_setting: dict[Hashable, dict[Value, list[Entry]]] = {}
        for entry in entries:
            values = by_setting.setdefault(self._identity(entry.values), {})
            values.setdefault(entry.values[self.key], []).append(entry)
        of = {self._identity(setting): setting for setting in self.settings()}
        return [self._edge(setting, by_setting.get(name, {}), results) for name, setting in of.items()]

    def told(self, seen: Seen) -> dict[str, Any]:
        """What was seen at a value, as JSON and tables have it: the share, and where the true one lies."""
        count = len(seen.outcomes)
        measured = sum(seen.outcomes) / count if count else None
        low, high = share_interval(int(sum(seen.outcomes)), count, self.find.confidence)
        counts = {"runs": seen.runs, "failed": seen.failed}
        return {"value": seen.value, **counts, "measured": measured, "low": low, "high": high, "holds": seen.holds}

    def _identity(self, values: Setting) -> Hashable:
        return tuple(identity(values[key]) for group in self.sweep.axes[:-2] for key in group)

    def _edge(self, setting: Setting, points: Mapping[Value, list[Entry]], results: Mapping[str, PointResult]) -> Edge:
        seen = {value: self._seen(value, entries, results) for value, entries in points.items()}

        def look(value: Value) -> Look:
            return Look(seen[value].holds, seen[value].open) if value in seen else Look(None, open=True)

        search = bisect(self.scale, self.tolerance, look, lambda value: self._admits(setting, value))
        middle, grid = None, None
        if search.low is not None and search.high is not None:
            middle = self.scale.value((self.scale.position(search.low) + self.scale.position(search.high)) / 2)
            if search.ending != "searching":
                grid = self.scale.grid(search.low, search.high, self.tolerance) * self.find.seeds
        return Edge(setting, search, middle, tuple(seen[v] for v in sorted(seen)), grid)

    def _seen(self, value: Value, entries: list[Entry], results: Mapping[str, PointResult]) -> Seen:
        outcomes: list[float] = []
        failed, lacks = 0, set()  # whether runs that are done lack a value
        for entry in sorted(entries, key=lambda entry: int(entry.values["seed"])):
            result = results.get(entry.id)
            if result is None:  # an outcome must not count before those of smaller seeds are known
                break
            if result.status == "failed":
                failed += 1
                continue
            outcomes.append(self._outcome(entry, result))
            if result.status == "done":
                lacks.add(self.statistic.lacking(dict(result.final or {})))
        if lacks == {True} and len(outcomes) + failed == len(entries):
            return Seen(value, (), len(entries), failed, None, open=False, lacking=True)
        holds = self.statistic.decision(outcomes, self.error) if outcomes else None
        says_nothing = failed == len(entries)
        is_open = holds is None and len(entries) < self.find.seeds and not says_nothing
        ended = len(outcomes) + failed == len(entries)
        return Seen(value, tuple(outcomes), len(entries), failed, holds, is_open or (holds is None and not ended))

    def _outcome(self, entry: Entry, result: PointResult) -> float:
        name = result.id, result.attempt
        if name not in self._outcomes:
            final = dict(result.final or {}) if result.status == "done" else {}
            self._outcomes[name] = self.statistic.outcome(Known(self._base | entry.values, final, result.status))
        return self._outcomes[name]

    def _admits(self, setting: Setting, value: Value) -> bool:
        """Whether there is a configuration with a value."""
        whole = setting | {self.key: value}
        name = identity(whole)
        if name not in self._admitted:
            self._admitted[name] = self.sweep.why_infeasible(whole) is None
        return self._admitted[name]
