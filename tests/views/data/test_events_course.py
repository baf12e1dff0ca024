"""Stages, ends and what goes wrong, told of made-up tables."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.views.data.event import Event
from featlearn.views.data.events_course import divergence, end, overfitting, stage_ends
from tests.views.data.made_up import made_up

EMPIRICAL = "data: {kind: empirical}"
FALLING = [1.0, 0.5, 0.2, 0.1, 0.05]
STEPS = [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("last", "overfits"), [(0.32, False), (0.34, True)])
@pytest.mark.parametrize("column", ["loss", "test_loss"])
def test_overfitting_is_a_rise_above_the_least_by_a_tenth(
    tmp_path: Path, column: str, last: float, overfits: bool
) -> None:
    held_out = {column: [1.0, 0.4, 0.3, 0.31, last]} | ({"loss": FALLING} if column == "test_loss" else {})
    data = made_up(tmp_path, {"step": STEPS, "train_loss": FALLING} | held_out, EMPIRICAL)
    events = list(overfitting(data))
    assert [event.step for event in events] == ([2] if overfits else [])
    if overfits:
        what = "test loss" if column == "test_loss" else "loss on the population"
        assert f"the {what} rises from 0.3 to 0.34 while the train loss falls from 0.2 to 0.05" in events[0].text


def test_without_a_train_loss_that_falls_it_is_something_else(tmp_path: Path) -> None:
    rising = {"step": STEPS, "test_loss": [1.0, 0.4, 0.3, 0.5, 0.9]}
    assert list(overfitting(made_up(tmp_path, rising | {"train_loss": [1.0, 0.5, 0.2, 0.5, 0.6]}, EMPIRICAL))) == []
    assert list(overfitting(made_up(tmp_path, rising, EMPIRICAL))) == []
    online = made_up(tmp_path, rising | {"train_loss": FALLING}, "data: {kind: online}")  # no sample is seen twice
    assert list(overfitting(online)) == []


def test_a_run_that_diverged_says_from_where_to_where(tmp_path: Path) -> None:
    data = made_up(tmp_path, {"step": STEPS, "loss": [0.5, 0.1, 3.0, 1e9, np.inf]}, status="diverged")
    text = "The run diverges: the loss grows from 0.1 at step 1 to beyond all numbers."
    assert list(divergence(data)) == [Event("divergence", 4, text, mark="diverges")]
    assert list(end(data)) == []
    [event] = divergence(made_up(tmp_path, {"step": STEPS, "train_loss": FALLING[::-1]}, status="diverged"))
    assert "the train loss grows from 0.05 at step 0 to 1." in event.text
    [event] = divergence(made_up(tmp_path, {"step": [0], "loss": [None]}, status="diverged"))
    assert event.text == "The run diverges."
    [event] = divergence(made_up(tmp_path, {"step": STEPS, "loss": FALLING}, status="diverged"))  # of a weight
    assert event.text == "The run diverges."


def test_the_end_has_a_status_and_the_last_numbers(tmp_path: Path) -> None:
    table = {"step": STEPS, "loss": FALLING, "gap": [1.0, 1.0, 1.0, 1.0, -1e-17]}
    stage = {"name": "main", "steps": 4, "seconds": 0.1, "stop_reason": "loss"}
    curvature = {"verdict": "saddle", "grad_norm": 0.0, "least": -1.0, "largest": 1.0, "parameters": 2}
    curvature |= {"negative": 1, "zeros": 0, "explained": {}, "eigenvalues": [-1.0, 1.0]}
    [event] = end(made_up(tmp_path, table, stages=[stage], curvature=curvature))
    told = "The run is done after 4 steps, stopped by loss: loss 0.05, gap 0; by its curvature the end is a saddle."
    assert event == Event("end", 4, told)
    [event] = end(made_up(tmp_path, table, status="interrupted"))
    assert event.text == "The run is interrupted after 4 steps: loss 0.05, gap 0."
    assert list(end(made_up(tmp_path, table, status="running"))) == []
    [event] = end(made_up(tmp_path, {"step": [0]}))
    assert event.text == "The run is done after 0 steps."


def test_stages_end_where_the_next_one_begins(tmp_path: Path) -> None:
    data = made_up(tmp_path, {"step": STEPS, "stage": ["a", "a", "b", "b", "c"]})
    assert [(event.step, event.text) for event in stage_ends(data)] == [
        (1, "Stage a ends after 1 step, and b begins."),
        (3, "Stage b ends after 2 steps, and c begins."),
    ]
