"""Conditions are columns above or below numbers, and nothing else is."""

import pytest

from featlearn.training.stages import Threshold
from featlearn.views.words.labels import label_of
from featlearn.views.words.passing import Passing, passing_of


def test_a_condition_is_a_column_above_or_below_a_number() -> None:
    assert passing_of("overlap_min above 0.5") == Passing("overlap_min", Threshold(0.5, above=True, strictly=True))
    assert passing_of(" loss  below 1e-3 ") == Passing("loss", Threshold(1e-3, strictly=True))


@pytest.mark.parametrize(
    "text", ["loss", "loss < 1", "loss below", "loss below x", "loss below 1 or 2", "stage above 1", "nothing below 1"]
)
def test_other_texts_are_none(text: str) -> None:
    assert passing_of(text) is None


def test_it_is_called_by_what_happens() -> None:
    label = label_of("overlap_min above 0.50")
    assert label.words == "steps until least overlap is above 0.5"
    assert label.log
    assert label_of("mean_angle below 1e-3").words == "steps until mean angle is below 0.001"
