"""The columns of the metrics, and that a new one needs nothing but its record."""

from dataclasses import replace

import numpy as np
import pytest

from featlearn.theory.alignment import ALIGNED_WITHIN, ALIVE_ABOVE
from featlearn.training.column import Column
from featlearn.training.columns import COLUMNS, register
from featlearn.training.problem import Scaled
from tests.training.examples import random_problem, rows_of, stage_of
from tests.training.registries import restored


def test_every_value_that_is_logged_is_one_that_its_column_holds() -> None:
    problem, state = random_problem()
    for event in rows_of(problem, [stage_of(steps=3)], state):
        assert event.row.keys() == COLUMNS.keys()
        for name, value in event.row.items():
            assert COLUMNS[name].holds(value), name


def test_meanings_name_the_constants_that_the_program_uses() -> None:
    assert f"{ALIGNED_WITHIN:g}°" in COLUMNS["recovered"].meaning
    assert "1e-6" in COLUMNS["alive"].meaning
    assert float("1e-6") == ALIVE_ABOVE


def test_the_balance_of_a_scaled_student_is_that_of_its_plain_weights() -> None:
    problem, state = random_problem()
    plain = rows_of(problem, [stage_of(steps=1)], state)[0].row["balance"]
    nothing = Scaled(np.array([7.0]), state.second_layer[:, :0], state.first_layer[:, :0])
    scaled = rows_of(replace(problem, scaled=nothing), [stage_of(steps=1)], state)[0].row["balance"]
    norms = np.linalg.norm(state.first_layer, axis=-1)
    assert plain == scaled == np.max(np.abs(np.abs(state.second_layer) - norms))


def test_a_made_up_column_is_logged_and_one_that_does_not_apply_is_null() -> None:
    problem, state = random_problem()
    with restored(COLUMNS):
        made_up = Column(
            name="made_up",
            kind="number",
            meaning="for a test",
            compute=lambda look: np.max(np.abs(look.weights.second_layer), -1),
        )
        register(made_up)
        register(replace(made_up, kind="count", compute=lambda look: None, name="never"))
        with pytest.raises(ValueError, match="there is a column loss already"):
            register(COLUMNS["loss"])
        events = rows_of(problem, [stage_of(steps=3)], state)
    for event in events:
        assert list(event.row) == [*COLUMNS, "made_up", "never"]
        assert event.row["made_up"] == np.max(np.abs(event.state.second_layer))
        assert event.row["never"] is None
