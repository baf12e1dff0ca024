"""A sweep on the console: what it would do, and what came of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from rich import box
from rich.console import Group
from rich.table import Table

from featlearn.config.identity import identity
from featlearn.runs.metrics import with_values
from featlearn.runs.records import changes
from featlearn.sweeps.begin import resume_command
from featlearn.sweeps.costs import cores
from featlearn.sweeps.directory import Shard, SweepDirectory
from featlearn.sweeps.plan import SweepPlan
from featlearn.sweeps.records import SweepInfo
from featlearn.sweeps.results import load_results
from featlearn.sweeps.search.edges import Edge, Searches
from featlearn.sweeps.search.found import edges_document, searches_of
from featlearn.sweeps.state import SweepResult
from featlearn.views.console.fitting import fitting_table, heading
from featlearn.views.console.output import output_console, shown
from featlearn.views.data.axis import Axis, axis_of, named
from featlearn.views.words.cells import cell
from featlearn.views.words.edges import answer, between, saving
from featlearn.views.words.labels import LOSSES
from featlearn.views.words.numbers import duration, size
from featlearn.views.words.values import clipped, labels

_MOST_ROWS = 60  # the most rows of the table
_MOST_FAILURES = 10
_DIGITS = 4  # the least number of digits in values of axes


def show_plan(plan: SweepPlan, jobs: int | None) -> None:
    """What a sweep would do (``--dry-run``)."""
    sweep = plan.sweep
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("axis", style="bold")
    table.add_column("values", justify="right")
    table.add_column("")
    find = sweep.config.find
    for group in sweep.axes if find is None else sweep.axes[:-2]:
        for i, (key, values) in enumerate(group.items()):
            step = " (in step with the one above)" if i else ""
            table.add_row(shown(key), str(len(values)), shown(_listed(values) + step))
    share = "" if plan.points == len(sweep) else f", {plan.points} of them in this share"
    points = f"{len(sweep)} points{share}"
    if find is not None:
        within = f"{' … '.join(labels(find.ends, _DIGITS))} to {find.tolerance}"
        table.add_row(shown(find.key), "searched", shown(f"{within} for {find.where}"))
        points = f"{len(sweep)} points at the ends; the search takes {sweep.most} in all, at the most"
    lines: list[Any] = [shown(sweep.config.name, "bold"), table, shown(points)]
    for reason, count in plan.infeasible.items():
        lines.append(shown(f"{count} of them cannot run: {reason}", "yellow"))
    workers = jobs or cores()
    where = f"{workers} {'core' if workers == 1 else 'cores'}"
    told = f"about {duration(plan.seconds(jobs))} on {where}, by a short calibration"
    lines.append(shown(f"{told}, and {size(plan.estimate.disk)} on disk; nothing was written"))
    output_console().print(Group(*lines))


def _listed(values: list[Any]) -> str:
    few = len(values) <= 8
    texts = clipped(labels(values if few else [*values[:3], *values[-2:]], _DIGITS), 40)
    return ", ".join(texts if few else [*texts[:3], "…", *texts[3:]])


def show_sweep(directory: SweepDirectory, info: SweepInfo, *, advise: bool = True) -> None:
    """A sweep: medians over the seeds at each setting of the other axes, and what failed.

    ``advise``: say how to go on where something is left.
    """
    columns = load_results(directory.path)
    output = output_console()
    lines: list[Any] = [shown(info.name, "bold")]
    names: dict[str, str] = {}
    found = searches_of(directory)
    if len(columns["id"]):
        axes = [axis_of(key, columns[key]) for key in info.axes if key != "seed"]
        whole = len(columns["id"]) == info.points  # otherwise the points that have not ended may have other values
        varied = named([axis for axis in axes if len(axis.values) > 1 or not whole])
        names = {axis.key: axis.name for axis in varied}
        shares = None if found is None else _shares(*found, varied)
        lines += fitting_table(
            output,
            with_values(columns, _METRICS) or _METRICS[:1],
            _BY_WEIGHT,
            partial(_settings_table, columns, varied, shares),
        )
    if found is not None:
        lines[1:1] = [_edges_table(*found, names), shown(saving(found[1]))]
    lines.append(shown(status_of_sweep(directory, info, columns, advise=advise)))
    for later in info.continued_by:
        count = int(np.sum(columns["environment"] == later.name))
        lines.append(shown(f"{count} of them computed with {', '.join(changes(info, later))}"))
    lines.append(shown(directory.path, no_wrap=True))
    output.print(Group(*lines))
    for line in _failures(columns, but="diverged" if found else ""):
        output.print(shown(line))


def _edges_table(searches: Searches, edges: list[Edge], names: Mapping[str, str]) -> Table:
    """A row for each edge that is searched; ``names``: what axes are called, where not by their keys."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    find = searches.find
    keys = [key for key in edges[0].setting if len({identity(edge.setting[key]) for edge in edges}) > 1]
    for key in keys:
        table.add_column(shown(names.get(key, key)))
    table.add_column(shown(f"edge along {names.get(find.key, find.key)}"), justify="right", no_wrap=True)
    table.add_column(shown(find.where))
    table.add_column("runs", justify="right", no_wrap=True)
    settings = [labels([edge.setting[key] for edge in edges], _DIGITS) for key in keys]
    for number, edge in enumerate(edges):
        cells = [texts[number] for texts in settings]
        cells += [between(edge.search.low, edge.search.high), answer(searches, edge), str(edge.runs)]
        table.add_row(*map(shown, cells))
    table.caption = f"each with a confidence of {find.confidence:g}"
    table.caption_justify = "left"
    return table


@dataclass(frozen=True)
class _Shares:
    """The share that a condition of a search asks for, at each setting of the axes."""

    of: str
    at: dict[Hashable, str]


def _shares(searches: Searches, edges: list[Edge], axes: list[Axis]) -> _Shares:
    at: dict[Hashable, str] = {}
    for edge in edges:
        for seen in edge.seen:
            values, measured = edge.setting | {searches.key: seen.value}, searches.told(seen)["measured"]
            at[tuple(identity(values[axis.key]) for axis in axes)] = "–" if measured is None else f"{measured:.1%}"
    return _Shares(searches.statistic.words, at)


def sweep_document(directory: SweepDirectory, info: SweepInfo) -> dict[str, Any]:
    """A sweep as JSON: how it was made, how many points ended how, and the table of results."""
    statuses = Counter(result.status for result in directory.read_results().values())
    about: dict[str, Any] = {
        "path": str(directory.path.resolve()),
        "counts": dict(statuses),
        "results": str(directory.results_file),
    }
    if (found := searches_of(directory)) is not None:
        about["edges"] = edges_document(*found)
    return about | {key: value for key, value in info.plain().items() if key != "sweep"}


def status_of_sweep(directory: SweepDirectory, info: SweepInfo, columns: dict[str, np.ndarray], *, advise: bool) -> str:
    """How many points have ended, and how."""
    found, counts = np.unique(columns["status"].astype(str), return_counts=True)
    told = [f"{count} {status}" for status, count in zip(found, counts, strict=True)]
    left = info.points - len(columns["id"])
    if not left and info.searching and not directory.is_locked():
        told.append(f"the search is not at its end{f'; go on with {resume_command(directory)}' if advise else ''}")
    if left:
        advice = f"; go on with {resume_command(directory)}" if advise else ""
        told.append(f"{left} to come" if directory.is_locked() else f"{left} left{advice}")
    return f"{info.points} points: {', '.join(told)}"


_METRICS = (*LOSSES, "subspace", "mean_angle", "max_angle", "aligned_mass", "recovered")
_BY_WEIGHT = (*LOSSES, "mean_angle", "aligned_mass", "recovered", "subspace", "max_angle")


def _settings_table(
    columns: dict[str, np.ndarray], axes: list[Axis], shares: _Shares | None, metrics: Sequence[str], narrow: bool
) -> Table:
    """A row for each setting; of a sweep that searches in their order, for they were not computed in it."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=narrow)
    for axis in axes:
        table.add_column(shown(axis.name), overflow="fold")  # no digit is left out
    for text in (
        "runs",
        "done",
        *(() if shares is None else ("share",)),
        *(heading(metric, narrow) for metric in metrics),
    ):
        table.add_column(text, justify="right", no_wrap=True)
    groups: dict[tuple[int, ...], list[int]] = {}
    for i in range(len(columns["id"])):
        groups.setdefault(tuple(int(axis.index[i]) for axis in axes), []).append(i)
    texts = [labels(axis.values, _DIGITS) for axis in axes]
    for number, (setting, members) in enumerate(groups.items() if shares is None else sorted(groups.items())):
        if number == _MOST_ROWS:
            table.add_row(shown(f"… {len(groups) - _MOST_ROWS} more, all of them in the table of results"))
            break
        done = [i for i in members if columns["status"][i] == "done"]
        cells = [str(len(members)), str(len(done))]
        if shares is not None:
            values = (axis.values[place] for axis, place in zip(axes, setting, strict=True))
            cells.append(shares.at.get(tuple(map(identity, values)), ""))
        cells += [cell(name, _median(columns[name][done])) for name in metrics]
        table.add_row(*(shown(text[place]) for text, place in zip(texts, setting, strict=True)), *map(shown, cells))
    table.caption = "medians over the runs that are done" if len(groups) < len(columns["id"]) else None
    if shares is not None:
        table.caption = f"share: of the runs with {shares.of}; the others: medians over the runs that are done"
    table.caption_justify = "left"
    return table


def _median(values: np.ndarray) -> float | None:
    numbers = values[~np.isnan(values.astype(float))].astype(float)
    return float(np.median(numbers)) if len(numbers) else None


def _failures(columns: dict[str, np.ndarray], but: str) -> Iterable[str]:
    """Those that did not get done, but for one status; reasons that differ in their numbers only are one."""
    reasons: dict[tuple[str, str], list[int]] = {}
    for i in np.flatnonzero((columns["status"] != "done") & (columns["status"] != but)).tolist():
        kind = re.sub(r"\d[\d.e+-]*", "", str(columns["message"][i]))
        reasons.setdefault((columns["status"][i], kind), []).append(i)
    for (status, _), points in list(reasons.items())[:_MOST_FAILURES]:
        ids, messages = columns["id"][points], columns["message"][points]
        few = ", ".join(ids[:4]) + (f" and {len(points) - 4} more" if len(points) > 4 else "")
        first = "" if len(set(messages)) == 1 else "the first of them "
        yield f"{status} {few}: {first}{messages[0]}"
    if len(reasons) > _MOST_FAILURES:
        yield f"… and {len(reasons) - _MOST_FAILURES} other reasons, all of them in the table of results"


def ending_of_sweep(result: SweepResult, shard: Shard) -> str:
    """One line on a sweep that is not whole, or in which not all is well."""
    state = result.state
    if result.status != "done":
        text = f"{result.status} with {state.ended} of {state.total} points"
        return f"{text}; go on with: {resume_command(state.directory, shard)}"
    retry = f"{resume_command(state.directory, shard)} --retry-failed"
    return f"{result.failures} of {state.total} points failed or diverged; once the cause is gone: {retry}"
