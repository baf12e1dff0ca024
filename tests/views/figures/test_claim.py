"""The figure of a claim: legible whatever was found, and true to claims.json."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.transforms import Bbox

from featlearn.claims.records import ClaimRecord, Panel, Series
from featlearn.views.figures.drawing import Drawing
from featlearn.views.figures.saving import save
from featlearn.views.figures.style import SIZES
from featlearn.views.report.claims_files import drawing_of

NAN = float("nan")
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
    "published": Panel(
        "k", "runs", [series("measured", X, X), Series("published", X, [1.5 * x for x in X], style="published")]
    ),
    "single": Panel("d", "share", [Series("one", [32.0], [0.98], [0.97], [0.99])]),
    "gaps": Panel("d", "loss", [Series("", X, [1, NAN, 0.1, NAN, 0, -1, 2], [NAN] * 7, [1.0] * 7)], True, True),
    "nothing": Panel("d", "loss", [Series("none", X, [NAN] * 7)], True, True),
    "zero": Panel("d", "loss", [Series("zeros", [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0])], True, True),
    "empty": Panel("$d", "loss", []),
}


def drawn(panel: Panel, size: Any = "column") -> Drawing:
    record = ClaimRecord(
        id="claim",
        sentence="the loss falls",
        origin="paper",
        source="its abstract",
        falsified_by="a loss that rises",
        edge="large steps",
        sweeps=(),
        checks=(),
        passed=True,
        message=None,
        edges=(),
        panel=panel,
        seconds=0.0,
    )
    drawing = drawing_of(record, SIZES[size])
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


def test_intervals_of_many_lines_are_bars_and_guides_have_no_markers() -> None:
    many = drawn(PANELS["six"]).artists
    assert [name.split()[0] for name in many] == ["bars", "values"] * 6
    lines = [artist for name, artist in many.items() if name.startswith("values")]
    looks = {(line.get_marker(), line.get_linestyle()) for line in lines}  # type: ignore[attr-defined]
    assert len({marker for marker, _ in looks}) == 6, "told apart in grey"
    guide = Panel("1/ε", "steps", [series("measured", X, X), Series("∝ 1/ε", X, X)], marks={"2°": 2.0, "limit": 0.5})
    drawing = drawn(guide)
    assert drawing.artists["values 1 ∝ 1/ε"].get_marker() == ""  # type: ignore[attr-defined]
    legend = drawing.figure.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["measured", "∝ 1/ε", "threshold: 2°", "limit: 0.5"]
    assert legend.get_title().get_text() == "PASS · bands and bars: 95 % intervals"


def test_the_data_behind_a_figure_and_the_same_bytes_again(tmp_path: Path) -> None:
    for place in ("a", "b"):
        files = save(drawn(PANELS["gaps"]), tmp_path / place, ("pdf", "png"), SIZES["column"])
        assert [file.name for file in files] == ["claim.pdf", "claim.png", "claim.txt", "claim.csv"]
    for file in files:
        assert file.read_bytes() == (tmp_path / "a" / file.name).read_bytes()
    lines = files[-1].read_text().splitlines()
    assert lines[:3] == ["series,x,y,low,high", ",4.0,1.0,,1.0", ",8.0,,,1.0"]
    assert len(lines) == 8
