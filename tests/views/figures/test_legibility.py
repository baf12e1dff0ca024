"""Every text of a figure can be read."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from featlearn.views.data.sweep import read_sweep
from featlearn.views.figures.sweep import sweep_figures
from tests.views.examples import COLUMN, ONE_AXIS, SEEDS, drawings_of, new_run, of_overlay, swept
from tests.views.legibility import faint_texts_of, ticks_that_overlap


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["activation.drop_hermite_below=0"],
        ["teacher.rank=3"],
        ["teacher.rank=1", "teacher.width=1"],
        ["stages.local_convergence.step_size=1e6"],
        ["data={kind: empirical, samples: 300}"],
    ],
)
def test_figures_of_a_run_can_be_read(overrides: list[str], tmp_path: Path) -> None:
    for drawing in drawings_of(new_run(tmp_path, *overrides)).values():
        assert faint_texts_of(drawing.figure) == []
        assert ticks_that_overlap(drawing.figure) == []


@pytest.mark.slow
def test_figures_of_several_runs_can_be_read(tmp_path: Path) -> None:
    lines, seeds = (read_sweep(swept(tmp_path / name, text)) for name, text in (("a", ONE_AXIS), ("b", SEEDS)))
    metrics = ["loss", "mean_angle", "max_angle", "aligned_mass", "grad_norm"]
    drawings = [*sweep_figures(lines, metrics, "weight_decay", None, COLUMN)]
    drawings += [*sweep_figures(seeds, metrics, None, None, COLUMN), of_overlay(tmp_path)]
    for drawing in drawings:
        assert faint_texts_of(drawing.figure) == []
        assert ticks_that_overlap(drawing.figure) == []


def test_the_checks_see_faint_and_overlapping_text() -> None:
    figure = Figure()
    ax = figure.subplots()
    ax.set_xticks([0.5, 0.51], ["one number", "another"])
    ax.set_title("faint", color="#888888")
    assert ("one number", "another") in ticks_that_overlap(figure)
    assert faint_texts_of(figure) == ["faint"]


def test_the_checks_see_names_of_axes_that_overlap_or_are_cut() -> None:
    figure = Figure()
    upper, lower = figure.subplots(2, 1)
    upper.set_ylabel("a name that is longer than its own axis is high, and then some")
    lower.set_ylabel("another name")
    upper.set_xlabel("cut", x=-3)
    found = ticks_that_overlap(figure)
    assert (upper.get_ylabel(), "another name") in found
    assert ("cut", "the edge of the figure") in found
