"""Colours are told apart, and CSS can read them."""

from featlearn.views.words.palette import BLUE, COLOURS, colour_of, faded


def test_colours_repeat_only_after_all_were_used() -> None:
    assert [colour_of(n) for n in range(len(COLOURS))] == list(COLOURS)
    assert len(set(COLOURS)) == len(COLOURS)
    assert colour_of(len(COLOURS)) == COLOURS[0]


def test_a_faded_colour_is_the_same_colour() -> None:
    assert faded(BLUE, 0.15) == "rgba(0,114,178,0.15)"
