"""The figure and the page of a claim: legible whatever was found, and true to claims.json."""

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.transforms import Bbox

from featlearn.claims.records import CheckRecord, ClaimRecord, Panel, ReproductionInfo, Series
from featlearn.views.figures.drawing import Drawing
from featlearn.views.figures.saving import save
from featlearn.views.figures.style import SIZES
from featlearn.views.report import claims as claims_text
from featlearn.views.report.claims_files import drawing_of
from featlearn.views.words.numbers import duration, interval, value

NAN, INF = float("nan"), float("inf")
X = [4.0, 8, 16, 32, 64, 128, 256]
LONG = "a student that is many times wider than its teacher, from a symmetric start, number"


def series(name: str, x: list[float], y: list[float], style: Any = "line") -> Series:
    return Series(name, x, y, [v / 1.5 for v in y], [v * 1.5 for v in y], style)


DECADES = np.geomspace(1, 1e8, 30).tolist()
PANELS = {
    "one": Panel("input dimension d", "share", [series("η = 1", X, [1 / x for x in X])], True, True, {"limit": 0.05}),
    "six": Panel("λ" * 90, "loss", [series(f"{LONG} {k}", X, [k + x for x in X]) for k in range(6)], True, True),
    "decades": Panel("step", "gap", [series("gd", DECADES, [1 / x for x in DECADES])], True, True, {"floor": 1e-9}),
    "points": Panel("angle", "share", [series("found", X, [0.5] * 7, "points")], marks={"a": 0.2, "b": 0.4, "c": 0.6}),
    "single": Panel("d", "share", [Series("one", [32.0], [0.98], [0.97], [0.99])]),
    "gaps": Panel("d", "loss", [Series("", X, [1, NAN, 0.1, NAN, 0, -1, 2], [NAN] * 7, [1.0] * 7)], True, True),
    "nothing": Panel("d", "loss", [Series("none", X, [NAN] * 7)], True, True),
    "zero": Panel("d", "loss", [Series("zeros", [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0])], True, True),
    "empty": Panel("$d", "loss", []),
}


def drawn(panel: Panel, size: Any = "column") -> Drawing:
    drawing = drawing_of(ClaimRecord.parse(json.dumps(CLAIM)).changed(id="claim", panel=panel), SIZES[size])
    assert drawing is not None
    return drawing


@pytest.mark.parametrize("size", ["column", "page"])
@pytest.mark.parametrize("name", PANELS)
def test_every_panel_is_drawn_with_its_legend_beside_the_data(name: str, size: str) -> None:
    drawing = drawn(PANELS[name], size)
    figure = drawing.figure
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    [ax] = figure.axes
    inside = ax.get_window_extent(renderer)
    assert inside.height > 0.35 * figure.bbox.width, "room for the data whatever the legend takes"
    whole = Bbox.from_extents(figure.bbox.x0 - 1, figure.bbox.y0 - 1, figure.bbox.x1 + 1, figure.bbox.y1 + 1)
    shown = [ax.xaxis.label, ax.yaxis.label]
    legend = ax.get_legend()
    if legend is not None:
        box = legend.get_window_extent(renderer)
        assert box.y0 >= inside.y1 - 1, "above the axes"
        shown += legend.get_texts()
    for text in shown:
        extent = text.get_window_extent(renderer)
        assert whole.containsx(extent.x0), text.get_text()
        assert whole.containsx(extent.x1), text.get_text()
    ticks = [t.label1.get_window_extent(renderer) for t in ax.xaxis.get_major_ticks() if t.label1.get_text()]
    within = [t for t in ticks if inside.x0 - 1 <= (t.x0 + t.x1) / 2 <= inside.x1 + 1]
    assert all(a.x1 <= b.x0 for a, b in pairwise(within)), "numbers do not run into each other"


@pytest.mark.parametrize("x", [[0.05, 0.0501, 0.0502], [1024.1, 1024.2, 1024.3]])
def test_ticks_at_close_values_are_told_apart(x: list[float]) -> None:
    figure = drawn(Panel("η", "share", [series("one", x, [1.0, 2.0, 3.0])])).figure
    FigureCanvasAgg(figure).draw()
    assert [float(tick.get_text()) for tick in figure.axes[0].get_xticklabels()] == x


def test_bands_bars_marks_and_what_is_not_positive() -> None:
    assert set(drawn(PANELS["one"]).artists) == {"band 0 η = 1", "values 0 η = 1", "mark limit"}
    assert set(drawn(PANELS["points"]).artists) == {"bars 0 found", "values 0 found", "mark a", "mark b", "mark c"}
    assert "bars 0 one" in drawn(PANELS["single"]).artists, "a band over one point would not be seen"
    gaps = drawn(PANELS["gaps"])
    assert gaps.artists["below"].get_xdata().tolist() == [64, 128]  # type: ignore[attr-defined]
    assert {line.get_linestyle() for line in drawn(PANELS["points"]).figure.axes[0].lines[1:]} >= {"--", ":", "-."}


def test_the_data_behind_a_figure_and_the_same_bytes_again(tmp_path: Path) -> None:
    for place in ("a", "b"):
        files = save(drawn(PANELS["gaps"]), tmp_path / place, ("pdf", "png"), SIZES["column"])
        assert [file.name for file in files] == ["claim.pdf", "claim.png", "claim.txt", "claim.csv"]
    for file in files:
        assert file.read_bytes() == (tmp_path / "a" / file.name).read_bytes()
    lines = files[-1].read_text().splitlines()
    assert lines[:3] == ["series,x,y,low,high", ",4.0,1.0,,1.0", ",8.0,,,1.0"]
    assert len(lines) == 8


# --- the page -----------------------------------------------------------------------------------

CHECK: dict[str, Any] = {
    "id": "share",
    "measures": "share of W in S* | d = 32",
    "threshold": "> 0.95",
    "judged_by": "interval",
}
CHECK |= {"value": 0.98765, "low": 0.98, "high": 0.99, "count": 50, "passed": True}
CLAIM: dict[str, Any] = {
    "id": "subspace",
    "sentence": "w* is_found.",
    "origin": "paper",
    "source": "abstract",
    "falsified_by": "less",
}
CLAIM |= {
    "edge": "low d",
    "edges": ["0.9 at d = 4"],
    "checks": [CHECK],
    "passed": True,
    "message": None,
    "seconds": 2.5,
}
CLAIM |= {"panel": {"x": "d", "y": "share", "series": [], "log_x": False, "log_y": False, "marks": {}}}
CLAIM |= {"sweeps": [{"name": "d", "file": "../sweeps/d.yaml", "directory": "x", "points": 70, "done": 68}]}
LOST: dict[str, Any] = {"value": None, "low": None, "high": None, "count": 0, "passed": False}
FAILED: dict[str, Any] = CLAIM | {
    "id": "local",
    "origin": "reading",
    "passed": False,
    "checks": [CHECK | LOST],
    "panel": None,
}
FAILED |= {"message": "could not be measured: ValueError: no", "edges": [], "sweeps": []}
INFO: dict[str, Any] = {"status": "done", "created": "2026-11-24T21:00:00+00:00", "quick": False, "seconds": 3600.0}
INFO |= {"wanted": ["subspace", "local"], "claims": [CLAIM, FAILED], "git": {"commit": "a" * 40, "dirty": True}}
INFO |= {
    "machine": {"system": "Linux", "processor": "x86_64"},
    "versions": {"python": "3.11", "torch": None},
}


def test_the_page_tells_everything() -> None:
    page = claims_text.page(ReproductionInfo.parse(json.dumps(INFO)), "figures", "sweeps")
    assert page.startswith("# The claims, reproduced\n\n**1 of 2 claims hold; this one does not: local.**\n")
    assert "Made by `featlearn reproduce` on 2026-11-24 in 60 min; commit `aaaaaaaaaaaa` with changes; Linux" in page
    assert "python 3.11." in page
    row = r"share of W in S\* \| d = 32 | 0.9877 | 0.98 … 0.99 | > 0.95 | 50 | **PASS** |"
    assert f"| [subspace](#subspace) | {row}" in page
    assert f"\n| {row}" in page
    assert r"**PASS** · w\* is\_found." in page
    assert "![share](figures/subspace.png)" in page
    assert "*Whose claim:* the paper's own, from its abstract (abstract)." in page
    assert "*What would falsify it:* less." in page
    assert "  * 0.9 at d = 4" in page
    assert "[`d.yaml`](sweeps/d.yaml) (70 runs, 2 of them failed or diverged)" in page
    assert "## local\n\n**FAIL**" in page
    assert "The claim could not be measured: ValueError: no." in page
    assert "our reading" in page
    assert "local.png" not in page
    for table in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_the_page_of_a_quick_or_unfinished_reproduction_says_so() -> None:
    changes = {"quick": True, "wanted": ["subspace", "local", "decay"], "status": "running"}
    info = ReproductionInfo.parse(json.dumps(INFO | changes))
    page = claims_text.page(info, "figures", "sweeps")
    assert "not judged yet: decay" in page
    assert "`featlearn reproduce --quick`" in page
    one = info.changed(wanted=("subspace",), claims=info.claims[:1])
    assert claims_text.verdict(one) == "The claim holds"
    assert "[`d.yaml`](../papers/d.yaml)" in claims_text.body(info, "f", "../papers")


@pytest.mark.parametrize(
    ("low", "middle", "high", "shown"),
    [
        (0.1, 0.2, 0.3, ("0.2", "0.1 … 0.3")),
        (0.2, 0.2, 0.2, ("0.2", "–")),
        (-2.0, -1.0, 1e-9, ("−1", "−2 … 1e−09")),
        (0.1, 0.2, None, ("0.2", "0.1 … ∞")),
        (None, 0.2, None, ("0.2", "−∞ … ∞")),
        (None, None, None, ("not finite", "–")),
    ],
)
def test_measured_numbers(low: float | None, middle: float | None, high: float | None, shown: tuple[str, str]) -> None:
    check = CheckRecord(**CHECK).changed(value=middle, low=low, high=high, count=9)
    lost = check.changed(**LOST)
    assert (value(check), interval(check)) == shown
    assert (value(lost), interval(lost)) == ("–", "–")


def test_lengths_of_time() -> None:
    told = [duration(s) for s in (0, 89, 120, 3600 * 1.6, 3600 * 40)]
    assert told == ["0 s", "89 s", "2 min", "1.6 h", "1.7 days"]
