"""Figures have our style, whatever a user's own is."""

from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import pytest
from cycler import cycler

from featlearn.views.data.run import read_run
from featlearn.views.figures.run import run_figures
from featlearn.views.figures.saving import save
from featlearn.views.figures.style import SIZES, STYLES, Size, StyleName, blank, style
from tests.views.examples import COLUMN, drawings_of, new_run

USERS = {
    "text.usetex": True,  # fails without LaTeX
    "axes.grid": True,
    "axes.facecolor": "0.9",
    "lines.linewidth": 5,
    "savefig.bbox": "tight",
    "axes.prop_cycle": cycler(color=["red"]),
    "xtick.direction": "in",
    "image.cmap": "gray",
    "figure.dpi": 30,
}


@pytest.mark.slow
def test_a_users_settings_change_nothing(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    for name, settings in (("a", {}), ("b", USERS)):
        with mpl.rc_context(settings):  # type: ignore[arg-type]
            for drawing in drawings_of(run).values():
                save(drawing, tmp_path / name, ["png"], COLUMN)
            assert mpl.rcParams["axes.grid"] is (name == "b"), "a user's settings come back"
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(("chosen", "font"), [("plain", b"DejaVuSans"), ("paper", b"STIX")])
def test_the_fonts_are_those_that_were_asked_for(chosen: StyleName, font: bytes, tmp_path: Path) -> None:
    assert chosen in STYLES
    size = replace(COLUMN, style=chosen)
    for drawing in run_figures(read_run(new_run(tmp_path)), size):
        pdf = save(drawing, tmp_path / "out", ["pdf"], size)[0].read_bytes()
        assert font in pdf
        assert b"/Subtype /Type3" not in pdf


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_the_settings_of_a_size_end_with_it(size: Size) -> None:
    before = dict(mpl.rcParams)
    with style(size):
        assert mpl.rcParams["font.size"] == size.font
        assert mpl.rcParams["svg.fonttype"] == "none", "text stays text"
    assert dict(mpl.rcParams) == before


def test_a_figure_is_as_wide_as_its_size_says() -> None:
    figure = blank(SIZES["page"], 0.5)
    assert figure.get_size_inches().tolist() == [5.5, 2.75]
