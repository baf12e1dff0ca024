"""The mean course of online descent: with endless batches that of the population, with small ones that of seeds."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from featlearn.config.load import load_config
from featlearn.runs.batch import Experiment
from featlearn.training import mean_online
from featlearn.training.backends import make_backend
from featlearn.training.data import Online
from featlearn.training.descent import descend
from featlearn.training.events import Logged
from featlearn.training.mean_online import Leg, mean_rows, why_not_closed
from featlearn.training.measurement import Row
from featlearn.training.plan import Plan
from featlearn.training.problem import Problem
from featlearn.training.stages import Stage
from featlearn.training.state import State
from tests.places import CONFIGS
from tests.training.soft_committee import compare

STAGES = [
    "stages.learn={train: [first_layer], steps: 30, step_size: 0.1, weight_decay: 0.3, then: [normalize_rows]}",
    "stages.second={train: [second_layer], steps: 400, step_size: {cosine: [0.05, 0.01]}, weight_decay: 0.01}",
    "stages.both={train: [first_layer, second_layer], steps: 700, step_size: {start: 0.02, factor: 0.5, every: 300}}",
]
SMALL = [
    "teacher.input_dim=12",
    "student={width: 3, init: {kind: gaussian, first_layer_std: 0.3, second_layer: {std: 1}}}",
]


def experiment(*overrides: str) -> Experiment:
    return Experiment.of(load_config(CONFIGS / "soft_committee.yaml", [*SMALL, "log={points: 60}", *overrides]))


def with_data(here: Experiment, **changes: Any) -> Experiment:
    """The same on other batches."""
    assert here.problem.data is not None
    (data,) = here.problem.data
    assert isinstance(data, Online)
    return replace(here, problem=replace(here.problem, data=(replace(data, **changes),)))


def endless(here: Experiment) -> Experiment:
    """The same on batches so large that they have no noise."""
    return with_data(here, batch_size=10**15)


def legs_of(plan: Plan) -> list[Leg]:
    return [Leg(stage, rows, True) for stage, rows in zip(plan.stages, plan.rows, strict=True)]


def expected(here: Experiment) -> list[Row]:
    return list(mean_rows(here.problem, legs_of(here.plan), here.start.state, make_backend("torch", "cpu", "float64")))


@pytest.mark.parametrize(
    "other",
    [
        [],
        ["student.scaling=mean_field"],
        ["student.output_scale=2"],
        ["activation.name=quadratic"],
        ["activation={name: quadratic, drop_hermite_below: 2}"],
    ],
)
def test_batches_without_end_follow_the_population(other: list[str]) -> None:
    """Through stages, schedules and operations; also of a scaled student, whose own start is part of its target."""
    step = "0.02" if "quadratic" in str(other) else "0.1"
    here = endless(experiment(*[stage.replace("0.1", step) for stage in STAGES], *other))
    assert why_not_closed(here.problem, here.plan.stages) is None
    backend = make_backend("torch", "cpu", "float64")
    population = replace(here.problem, data=None)
    wanted = [e.row for e in descend(population, [here.plan], backend, here.start) if isinstance(e, Logged)]
    found = expected(here)
    assert len(found) == len(wanted) == sum(map(len, here.plan.rows)) + 1
    for name in ("loss", "objective", "subspace", "max_angle", "aligned_mass", "weight_decay"):
        of_theory, of_population = ([row[name] for row in rows] for rows in (found, wanted))
        np.testing.assert_allclose(of_theory, of_population, rtol=2e-5, atol=1e-9, err_msg=name)


def test_seeds_scatter_about_it() -> None:
    """The mean square of the rows after a step, with weight decay and noise: most of the change is the η² term."""
    stage = "stages.learn={train: [first_layer], steps: 3, step_size: 0.2, weight_decay: 0.1}"
    here, seeds = experiment("data={kind: online, batch_size: 2, noise_std: 0.5}", stage), 1500
    batch = Problem.stack([with_data(here, seed=seed).problem for seed in range(seeds)])
    state = State.stack([here.start.state] * seeds)
    after = make_backend("torch", "cpu", "float64").advance(batch, [here.plan.stages[0]] * seeds, state, 0, 1)
    squares = np.sum(after.first_layer**2, (1, 2))
    error = squares.std() / np.sqrt(seeds)
    row = expected(here)[1]
    of_outputs = np.sum(here.start.state.second_layer**2)
    wanted = (row["objective"] - row["loss"]) / 0.05 - of_outputs
    assert abs(squares.mean() - wanted) < 3 * error
    assert squares.mean() - np.sum(here.start.state.first_layer**2) > 10 * error


@pytest.mark.slow
def test_a_plateau_and_its_escape_are_those_of_seeds() -> None:
    """Fewer dimensions and seeds than ``soft_committee`` measures by itself; all rows within 3.5 standard errors."""
    found = compare(100, 7_000, 12, 60)
    assert found.theory[-1] < 0.1 * found.theory[40] < 0.1 * found.theory[0]  # it rests, and leaves
    assert np.max(np.abs(found.off(found.theory))) < 3.5
    assert np.max(np.abs(found.off(found.drift))) > 10


def test_it_ends_where_it_diverges() -> None:
    stage = "stages.learn={train: [first_layer, second_layer], steps: 500, step_size: 0.6}"
    here = experiment("activation.name=quadratic", stage)
    found = expected(here)
    assert 1 < len(found) < len(here.plan.rows[0])


# --- where it is not known ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "why"),
    [
        ("activation.name=relu", "not known in closed form for relu with drop_hermite_below 0"),
        ("activation.drop_hermite_below=2", "not known in closed form for erf with drop_hermite_below 2"),
        ("teacher={input_dim: 5, polynomial: He3(x1)}", "not made of the student's neurons"),
        ("student.width=60", "too many of 60 neurons and 2 of the target"),
    ],
)
def test_why_there_is_no_closed_form(override: str, why: str) -> None:
    here = experiment(override)
    assert why in (why_not_closed(here.problem, here.plan.stages) or "")


def test_what_it_does_not_know_of_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field that a problem or a stage may have one day, set to anything but its default."""

    @dataclass(frozen=True, kw_only=True)
    class Other(Stage):
        reflected: dict[str, Any] | None = None
        loss_name: str = field(default="squared")

    here = experiment()
    values = vars(here.plan.stages[0])
    assert why_not_closed(here.problem, [Other(**values)]) is None
    assert (
        why_not_closed(here.problem, [Other(**values, loss_name="other")]) == "its η² term is not known with loss_name"
    )
    monkeypatch.setattr(mean_online, "_OF_PROBLEM", mean_online._OF_PROBLEM - {"probe"})
    assert why_not_closed(here.problem, here.plan.stages) == "its η² term is not known with probe"
