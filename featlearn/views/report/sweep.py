"""The page of a sweep."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from featlearn.runs.metrics import load_metrics
from featlearn.storage.errors import RunError
from featlearn.sweeps.columns import known_columns
from featlearn.views.data.axis import axis_of
from featlearn.views.data.edges import read_edges
from featlearn.views.data.sweep import SHOWN, SweepData, numbers, numeric_columns
from featlearn.views.report.page import called, environment, explained, filled, packed, text_of, told
from featlearn.views.words.edges import answer, saving
from featlearn.views.words.glossary import EXPLAINED
from featlearn.views.words.labels import label_of, labels
from featlearn.views.words.numbers import grouped
from featlearn.views.words.palette import SCALE

# the columns of the runs that are drawn
_LOSSES = ("loss", "test_loss", "train_loss")  # what a sweep is read for first
_CURVES = (*_LOSSES, "objective", "mean_angle", "max_angle", "aligned_mass", "grad_norm")
_CURVE_POINTS = 150_000  # the most points of one column over all runs: about 3 MB
_NO_CURVES = "this sweep keeps no logs (store: summary)"
_MOST_ROWS = 2000  # the most rows that the table shows at once


def sweep_page(data: SweepData, watch: Callable[[int, int], None], folder: Path | None = None) -> str:
    """The page of a sweep: a map of its results, the curves of its runs, a table that can be sorted.

    Args:
        watch: told how many runs of how many have been read.
        folder: where the page will lie, by default in the sweep's: its links to the pages of runs start there.
    """
    shown = [*data.axes, axis_of("seed", data.columns["seed"])]
    axes = {axis.key: {"values": axis.texts(), "index": axis.index.tolist()} for axis in shown}
    curves = _curves(data, watch)
    known = numeric_columns()
    metrics = [name for name in known if np.any(np.isfinite(numbers(data.columns[name])))]
    metrics.sort(key=lambda name: (name not in SHOWN, (*_LOSSES, *known).index(name)))
    columns: dict[str, Any] = {name: packed(numbers(data.columns[name]), "f4") for name in metrics}
    texts = [column.name for column in known_columns().values() if column.kind == "text"]
    columns |= {name: [v if isinstance(v, str) else "" for v in data.columns[name]] for name in texts}
    names = {name: called(name) for name in known} | {axis.key: axis.label.words for axis in shown}
    each = {name: label_of(name) for name in known} | {axis.key: axis.label for axis in shown}
    payload = {
        "columns": columns,
        "axes": axes,
        "colour_scale": SCALE,
        "metrics": metrics,
        "shown": [name for name in metrics if name in SHOWN],
        "log": [name for name, label in labels().items() if label.log],
        "names": names,
        "heads": {name: f"{names[name]} ({label.unit})" if label.unit else names[name] for name, label in each.items()},
        "titles": {name: label.markup for name, label in each.items()},
        "curves": curves or None,
        "curve_names": [name for name in _CURVES if name in metrics] or _CURVES,
        "most_rows": _MOST_ROWS,
        "pages": _pages(data, folder or data.sweep.path),
        "no_curves": _NO_CURVES,
    }
    found, counts = np.unique(data.columns["status"].astype(str), return_counts=True)
    left = data.info.points - len(data.columns["id"])
    facts = [("points", grouped(data.info.points), "")]
    facts += [(status, grouped(int(count)), "") for status, count in zip(found, counts, strict=True)]
    facts += [("not ended yet", grouped(left), "")] if left else []
    best = {name: numbers(data.columns[name])[data.done] for name in _LOSSES if name in metrics}
    best = {name: values for name, values in best.items() if np.any(np.isfinite(values))}
    facts += [(f"least {called(name)}", told(name, np.nanmin(best[name])), name) for name in list(best)[:1]]
    facts += _edges(data)
    seeds_alone = "" if data.axes else "This sweep varies nothing but the seed. "
    press = "see their curves" if curves else "mark them"
    many = len(data.columns["id"]) > _MOST_ROWS
    only = f" Of more than {_MOST_ROWS} runs, the first {_MOST_ROWS} in the chosen order." if many else ""
    return filled(
        "sweep.html",
        ("charts.js", "sweep.js"),
        payload,
        glossary=explained([name for name in EXPLAINED if name in metrics], _words(metrics)),
        title=data.name,
        subtitle=f"a sweep of featlearn, {data.sweep.name}",
        message=None,
        status="",
        facts=facts,
        facts_text="",
        wide=True,
        has_curves=bool(curves),
        has_map=bool(data.axes),
        curves_text=f"Choose {'a cell above, or ' if data.axes else ''}runs below."
        if curves
        else f"No curves: {_NO_CURVES}.",
        table_text=f"{seeds_alone}Press a heading to sort, runs to {press}.{only}",
        config_title="Sweep",
        config=text_of(data.sweep.sweep_file),
        environment=environment(data.info),
    )


def _edges(data: SweepData) -> list[tuple[str, str, str]]:
    """The facts of a sweep that searches: each edge, and what was saved."""
    found = read_edges(data.sweep)
    if found is None:
        return []
    facts = []
    for edge in found.edges:
        told = answer(found.searches, edge)
        facts.append((f"edge along {found.searches.key} {found.name_of(edge)}".rstrip(), told, ""))
    return [*facts, (f"for {found.searches.find.where}", saving(found.edges), "")]


def _words(metrics: Sequence[str]) -> Iterable[str]:
    """The words that stand in what a sweep's page says of its columns."""
    if {"mean_angle", "aligned_mass", "alive"} & set(metrics):
        yield from ("mass", "teacher_line")
    if "alive" in metrics:
        yield "vanished"


def _pages(data: SweepData, folder: Path) -> dict[str, str]:
    """Addresses of the pages of the runs that have one, as seen from a folder."""
    found = {}
    for point in map(str, data.columns["id"]):
        with suppress(RunError):  # something else is in its place
            page = data.sweep.run(point).report_file
            if page.is_file():
                found[point] = quote(Path(os.path.relpath(page.resolve(), folder.resolve())).as_posix())
    return found


def _curves(data: SweepData, watch: Callable[[int, int], None]) -> dict[str, Any]:
    """The logs of the runs that have one, thinned out evenly where they are many."""
    data.sweep.check_runs()
    runs = {}
    for point in map(str, data.columns["id"]):
        with suppress(RunError):  # something else is in its place: its line in the table of results is left
            if (found := data.sweep.run(point)).metrics_file.is_file():
                runs[point] = found
    most = int(np.clip(_CURVE_POINTS / max(len(runs), 1), 30, 300))
    curves = {}
    for number, (point, run) in enumerate(runs.items(), start=1):
        try:
            metrics = load_metrics(run.path)
        except RunError:  # a broken log, as above
            continue
        if "step" in metrics:
            kept = np.unique(np.linspace(0, len(metrics["step"]) - 1, most).round().astype(int))
            thinned = {name: packed(metrics[name][kept].astype(float), "f4") for name in _CURVES if name in metrics}
            curves[point] = {"step": packed(metrics["step"][kept], "f8"), **thinned}
        watch(number, len(runs))
    return curves
