"""Colours are told apart, text in them is legible, and CSS can read them."""

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex

from featlearn.views.words.palette import (
    BLUE,
    COLOURS,
    DARK_PAPER,
    LEAST_CONTRAST,
    PAPER,
    SCALE,
    colour_of,
    contrast,
    dashes_of,
    faded,
    ink_on,
    marker_of,
    text_colour,
)


def test_colours_repeat_only_after_all_were_used() -> None:
    assert [colour_of(n) for n in range(len(COLOURS))] == list(COLOURS)
    assert len(set(COLOURS)) == len(COLOURS)
    assert colour_of(len(COLOURS)) == COLOURS[0]


def test_lines_are_told_apart_without_their_colours() -> None:
    looks = [(marker_of(n), dashes_of(n)) for n in range(7)]
    assert len({marker for marker, _ in looks}) == len({dashes for _, dashes in looks}) == 7
    whole = [(colour_of(n), marker_of(n), dashes_of(n)) for n in range(49)]
    assert len(set(whole)) == 49


def test_a_faded_colour_is_the_same_colour() -> None:
    assert faded(BLUE, 0.15) == "rgba(0,114,178,0.15)"


def test_the_scale_of_a_map_is_viridis_and_numbers_in_it_are_legible() -> None:
    viridis = matplotlib.colormaps["viridis"]
    assert [to_hex(viridis(i / 10)).upper() for i in range(11)] == list(SCALE)
    for share in np.linspace(0, 1, 101):
        colour = to_hex(viridis(share))
        assert contrast(ink_on(colour), colour) >= LEAST_CONTRAST


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.478, abs=1e-3)  # just too little, as W3C says
    assert contrast("#FFFFFF", "#767676") == pytest.approx(4.542, abs=1e-3)


@pytest.mark.parametrize("paper", [PAPER, DARK_PAPER])
def test_text_is_legible(paper: str) -> None:
    for colour in COLOURS:
        assert contrast(text_colour(colour, paper), paper) >= LEAST_CONTRAST
    assert text_colour("#000000") == "#000000"
    assert min(contrast(colour, PAPER) for colour in COLOURS) < LEAST_CONTRAST, "some colours of lines are too light"
