"""What to try after a divergence: a smaller step where there is one, and why weight decay alone made the weights grow.

What is kept of a run while it goes on is tested in test_train.py, test_snapshots.py and test_power_cut.py.
"""

from typing import Any

import numpy as np
import pytest

from featlearn.runs.recorder import advice, has_vanished
from featlearn.training.events import Logged
from featlearn.training.plan import Plan, Position
from featlearn.training.stages import ByLayer, Schedule
from featlearn.training.state import State
from tests.training.examples import random_problem, stage_of

DECAYS, SMALLER = {"step_size": Schedule(1.0), "weight_decay": Schedule(3.0)}, "; try a smaller step: --set stages.s."


@pytest.mark.parametrize(
    ("changes", "loss", "told"),
    [
        ({}, 2.5e7, f"the loss is 2.5e+07{SMALLER}step_size=0.02"),
        ({}, None, f"the loss is not finite{SMALLER}step_size=0.02"),
        ({"step_size": Schedule(0.4, 0.5, 1)}, None, f"the loss is not finite{SMALLER}step_size.start=0.04"),
        (
            DECAYS,
            None,
            f"the loss is not finite{SMALLER}step_size=0.1 (weight decay times step size is 3, and must stay below 2)",
        ),
        (
            {
                "step_size": ByLayer.of(Schedule(0.01), Schedule(1.0)),
                "weight_decay": ByLayer.of(Schedule(10.0), Schedule(3.0)),
            },
            None,
            "the loss is not finite; try a smaller step: --set "
            "'stages.s.step_size={first_layer: 0.001, second_layer: 0.1}' (weight decay times step size is 3, and must "
            "stay below 2)",
        ),
        (
            {"loss": "correlation"},
            2.5e7,
            f"the loss is 2.5e+07{SMALLER}step_size=0.02; the correlation alone has no minimum: take fewer steps, "
            "weight decay, or constraint: unit_rows",
        ),
        (DECAYS | {"method": "momentum"}, None, f"the loss is not finite{SMALLER}step_size=0.1"),  # below 2 (1 + 0.9)
        ({"step_size": None, "method": "lbfgs"}, 1e9, "the loss is 1e+09"),
    ],
    ids=["loss", "not finite", "schedule", "decay", "by layer", "correlation", "momentum", "no step size"],
)
def test_advice_after_a_divergence(changes: dict[str, Any], loss: float | None, told: str) -> None:
    stage = stage_of(**changes)
    row = {
        "train_loss": None,
        "step": 13,
        "stage": "s",
        "stage_step": 3,
        "loss": loss,
        "weight_decay": float(stage.weight_decay.at(2)),
    }
    row |= {"step_size": None if stage.step_size is None else float(stage.step_size.at(2))}
    state = State(np.zeros((1, 2)), np.zeros((1, 2, 3)))
    event = Logged(0, Position(0, 3, 13), state, row, 0.0, snapshot=False, ended="diverged")
    assert advice(Plan.of([stage], 10, 2), event) == f"diverged at step 13 (step 3 of stage s): {told}"


def test_advice_counts_the_alpha_whose_square_divides_the_steps() -> None:
    stage = stage_of(step_size=Schedule(0.2), weight_decay=Schedule(0.01, 0.5, 8000))
    row = {"train_loss": None, "step": 5, "stage": "s", "stage_step": 3, "loss": 1e9, "step_size": 0.2}
    state = State(np.zeros((1, 2)), np.zeros((1, 2, 3)))
    event = Logged(0, Position(0, 3, 5), state, row, 0.0, snapshot=False, ended="diverged")
    told = advice(Plan.of([stage], 10, 2), event, 0.01)
    assert "--set stages.s.step_size=0.002 " in told  # 0.02 would still be at the limit
    assert told.endswith("(weight decay times step size over α² = 0.0001 is 20, and must stay below 2)")
    assert advice(Plan.of([stage], 10, 2), event).endswith("--set stages.s.step_size=0.02")
    endless = stage_of(step_size=Schedule(1e200), weight_decay=Schedule(1e200))
    assert "--set stages.s.step_size=1e+199 " in advice(Plan.of([endless], 10, 2), event)  # their product is not finite


def test_a_network_has_vanished_where_no_mass_counts_beside_the_loss() -> None:
    problem, row = random_problem()[0], {"alive": None, "loss": 4.0, "train_loss": None}
    first = np.array([[[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]]])
    for second, ended, vanished in ((9e-7, "steps", True), (3e-6, "steps", False), (9e-7, "diverged", False)):
        state = State(np.array([[1e-7, -second]]), first)
        event = Logged(0, Position(1, 0, 5), state, row, 0.0, snapshot=False, ended=ended)
        assert has_vanished(problem, event) is vanished
    for alive in (0, 1):
        event = Logged(0, Position(1, 0, 5), state, row | {"alive": alive}, 0.0, snapshot=False, ended="steps")
        assert has_vanished(problem, event) is (alive == 0)
