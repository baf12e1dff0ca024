"""Figures have our style, whatever a user's own is."""

from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import pytest
from cycler import cycler

from featlearn.views.data.run import read_run
from featlearn.views.figures.run import run_figures
from featlearn.views.figures.saving import save
from featlearn.views.figures.style import STYLES, StyleName
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


def test_a_users_settings_change_nothing(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    for name, settings in (("a", {}), ("b", USERS)):
        with mpl.rc_context(settings):  # type: ignore[arg-type]
            for drawing in drawings_of(run).values():
                save(drawing, tmp_path / name, ["png"], COLUMN)
            assert mpl.rcParams["axes.grid"] is (name == "b"), "a user's settings come back"
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


@pytest.mark.parametrize(("style", "font"), [("plain", b"DejaVuSans"), ("paper", b"STIX")])
def test_the_fonts_are_those_that_were_asked_for(style: StyleName, font: bytes, tmp_path: Path) -> None:
    assert style in STYLES
    size = replace(COLUMN, style=style)
    for drawing in run_figures(read_run(new_run(tmp_path)), size):
        pdf = save(drawing, tmp_path / "out", ["pdf"], size)[0].read_bytes()
        assert font in pdf
        assert b"/Subtype /Type3" not in pdf
