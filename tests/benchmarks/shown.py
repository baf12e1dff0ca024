"""The tables of ``tests.benchmarks``."""

from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks.engines import TEACHERS
from tests.benchmarks.timing import NOISY, Timing

OURS = "featlearn fused"


def show(console: Console, results: dict[str, Any], old: dict[str, Any] | None) -> None:
    """Print what a file of results holds, against those of an earlier one where there is one."""
    console.print(", ".join(f"{key}: {value}" for key, value in results["machine"].items()))
    if old is not None and old["machine"] != results["machine"]:
        console.print(f"the earlier results are of another machine: {old['machine']}")
    for kind, title in (
        ("steps", "µs per run-step, ± half the distance of the quartiles (ratio to fused)"),
        ("busy", "times longer while another process keeps a core busy (ratio to fused)"),
    ):
        if kind in results:
            console.print(_engines(title, results[kind]))
            if old is not None and kind in old:
                console.print(_changes(results[kind], old[kind]))
    for line in noisy(results):
        console.print(line, style="yellow")
    if "limits" in results:
        _show_limits(console, results)
    console.print(f"teachers {TEACHERS}, relu with degrees ≥ 2, float64")


def timings(entry: dict[str, Any]) -> dict[str, Timing]:
    """The timing of each engine in an entry, of an earlier format too."""
    return {
        name: Timing.read(value) for name, value in (entry.get("engines") or entry["microseconds_per_run_step"]).items()
    }


def noisy(results: dict[str, Any]) -> list[str]:
    """A line for each timing whose spread is too large to be believed."""
    return [
        f"noise: {name} at {_where(entry)} has a spread of {found.spread:.0%}; repeat it on a quieter machine"
        for kind in ("steps", "busy")
        for entry in results.get(kind, ())
        for name, found in timings(entry).items()
        if found.spread > NOISY
    ]


def _where(entry: dict[str, Any]) -> str:
    return f"{entry['runs']} × ({entry['m']}, {entry['d']})"


def _columns(entries: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for entry in entries for name in timings(entry)))


def _engines(title: str, entries: list[dict[str, Any]]) -> Table:
    names = _columns(entries)
    table = Table(title=title, title_justify="left")
    for heading in ("runs × (m, d)", *names):
        table.add_column(heading, justify="right")
    for entry in entries:
        found = timings(entry)
        cells = [
            f"{t.median:.2f} ± {t.spread * t.median / 2:.2f} ({t.median / found[OURS].median:.1f}×)" if t else "–"
            for t in map(found.get, names)
        ]
        table.add_row(_where(entry), *cells)
    return table


def _changes(entries: list[dict[str, Any]], old: list[dict[str, Any]]) -> Table:
    """The ratios of new to old; where the quartiles overlap the change may be noise."""
    names, before = _columns(entries), {_where(entry): timings(entry) for entry in old}
    table = Table(title="new / old", title_justify="left")
    for heading in ("runs × (m, d)", *names):
        table.add_column(heading, justify="right")
    for entry in entries:
        found, then = timings(entry), before.get(_where(entry), {})
        cells = [found[n].change_from(then[n]) if n in found and n in then else "–" for n in names]
        table.add_row(_where(entry), *cells)
    return table


def _show_limits(console: Console, results: dict[str, Any]) -> None:
    table = Table(title="limits, µs per step: NumPy's two products, pairs at one thread", title_justify="left")
    for heading in ("m, d", "fused", "products", "pairs", "fused / (products + pairs)"):
        table.add_column(heading, justify="right")
    for entry in results["limits"]:
        found = {name: Timing.read(entry[name]) for name in ("fused", "products", "pairs")}
        ratio = found["fused"].median / (found["products"].median + found["pairs"].median)
        cells = [f"{t.median:.2f} ± {t.spread * t.median / 2:.2f}" for t in found.values()]
        table.add_row(f"{entry['m']}, {entry['d']}", *cells, f"{ratio:.2f}")
    console.print(table)
    flat = ", ".join(f"d = {d}: {t:.1f} µs" for d, t in results["dimensions"].items())
    console.print(f"a step at m = {50} against the dimension (in the span of start and teacher): {flat}")
    console.print(f"peak memory at d = 100 000, m = 50: {results['peak_megabytes']:.0f} MB")
    console.print("start-up: " + ", ".join(f"{name} {t:.2f} s" for name, t in results["start_up"].items()))
