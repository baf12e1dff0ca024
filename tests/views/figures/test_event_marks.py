"""Events in figures are lines with letters, whose meaning stands above."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from featlearn.views.data.event import Event
from featlearn.views.figures.axes import step_axis
from featlearn.views.figures.event_marks import key_of_events, mark_events
from tests.views.examples import COLUMN

EVENTS = [
    Event("atom gained", 16_000, "", mark="optimum gains w*1"),
    Event("left", 16_100, "", mark="plateau left"),
    Event("found", 70_000, "", mark="teacher found"),
]


def test_each_event_is_a_line_in_all_axes_and_a_letter_above_one_of_them() -> None:
    first, second = Figure().subplots(2, 1)
    for ax in (first, second):
        step_axis(ax, np.array([0, 72_000]))
    artists = mark_events(second, [first], EVENTS)
    assert list(artists) == ["event_a", "event_b", "event_c"]
    for ax in (first, second):
        assert [line.get_xdata()[0] for line in ax.lines] == [event.step for event in EVENTS]
    letters = [artist for artist in artists.values() if isinstance(artist, Text)]
    assert [letter.get_text() for letter in letters] == ["a", "b", "c"]
    assert [letter.axes for letter in letters] == [second] * 3
    places = [letter.get_position()[0] for letter in letters]
    assert np.all(np.diff(places) >= 0.025)  # they do not touch, though two of the lines do
    at = second.transAxes.inverted().transform(second.transData.transform((70_000, 0)))
    assert places[2] == pytest.approx(at[0])


def test_what_the_letters_mean_is_written_in_lines_that_fit() -> None:
    assert key_of_events(EVENTS, COLUMN) == "a optimum gains $w^*_{1}$ · b plateau left · c teacher found"
    assert key_of_events(EVENTS * 2, COLUMN).count("\n") == 1
    assert key_of_events([], COLUMN) == ""
