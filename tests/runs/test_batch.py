"""Experiments that are run together: which of them, and that each gives what it gives alone."""

from pathlib import Path

import pytest

from featlearn.config.load import load_config
from featlearn.config.model import Config
from featlearn.runs.batch import Experiment, groups_of, run_batch, run_group
from featlearn.training.events import Event, Logged
from featlearn.training.networks import InfeasibleTeacher
from tests.config.broken import write

TEXT = """\
teacher: {input_dim: 5, width: 2, rank: 2}
student: {width: 6}
stages:
  first: {train: [second_layer], method: ridge, weight_decay: 0.01}
  last: {train: [first_layer, second_layer], steps: 40, step_size: 0.1, weight_decay: 0.01}
log: {points: 6, gap: false, floors: false}
"""


def config(place: Path, *overrides: str) -> Config:
    return load_config(write(place, TEXT), overrides)


TOGETHER = [(), ("seed=1",), ("stages.last.step_size=0.2",), ("stages.last.weight_decay=0.5",)]
APART = [("student.width=8",), ("teacher.width=3",), ("stages.last.steps=41",), ("stages.last.method=adam",)]


def test_experiments_of_equal_shape_are_one_group(tmp_path: Path) -> None:
    experiments = [Experiment.of(config(tmp_path, *overrides)) for overrides in (*TOGETHER, *APART, *TOGETHER)]
    count = len(TOGETHER)
    together = [*range(count), *range(count + len(APART), len(experiments))]
    assert groups_of(experiments) == [together, *([place] for place in range(count, count + len(APART)))]


def test_each_gives_bit_for_bit_what_it_gives_alone_in_the_order_of_the_configurations(tmp_path: Path) -> None:
    variants = [*TOGETHER, *APART, ("stages.last.step_size=1000",)]
    configs = [config(tmp_path, *overrides) for overrides in variants]
    together = run_batch(configs)
    assert [run.status for run in together] == ["done"] * (len(configs) - 1) + ["diverged"]
    for one, run in zip(configs, together, strict=True):
        (alone,) = run_batch([one])
        assert run.rows == alone.rows
        assert run.first_layer.tobytes() == alone.first_layer.tobytes()
        assert run.second_layer.tobytes() == alone.second_layer.tobytes()


def test_rows_that_compiled_code_measures_are_those_of_each_alone(tmp_path: Path) -> None:
    many = "log={points: 200, gap: false, floors: false}"
    drawn = "student={width: 6, init: {kind: gaussian, first_layer_std: 1, second_layer_std: 1}}"
    steps = "stages.last.steps=300"
    variants = [(), ("seed=1",), ("seed=2", drawn), ("stages.last.step_size=1000",)]
    configs = [config(tmp_path, many, steps, *overrides) for overrides in variants]
    for one, run in zip(configs, run_batch(configs), strict=True):
        (alone,) = run_batch([one])
        assert run.rows == alone.rows
    by_numpy = {row["step"]: row for row in run_batch([config(tmp_path, steps)])[0].rows}
    at_both = [(row, by_numpy[row["step"]]) for row in run_batch(configs[:1])[0].rows if row["step"] in by_numpy]
    assert len(at_both) > 4
    for row, other in at_both:
        numbers = {name: value for name, value in row.items() if isinstance(value, float)}
        assert numbers == pytest.approx({name: other[name] for name in numbers}, rel=1e-12, abs=1e-13)


class Ends:
    """Keeps how a run ended, and the steps of its rows."""

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.status: str | None = None

    def take(self, event: Event) -> None:
        if isinstance(event, Logged):
            self.steps.append(event.row["step"])

    def finish(self, status: str, message: str | None = None, trace: str | None = None) -> None:
        self.status = status


def test_a_group_yields_its_members_as_they_end(tmp_path: Path) -> None:
    variants = [(), ("stages.last.step_size=1000",), ("seed=2",)]
    experiments = [Experiment.of(config(tmp_path, *overrides)) for overrides in variants]
    keepers = [Ends() for _ in experiments]
    ended = list(run_group(experiments, keepers))
    assert ended[0] == 1, "the one that diverges is the first"
    assert sorted(ended) == [0, 1, 2]
    assert [keeper.status for keeper in keepers] == ["done", "diverged", "done"]
    assert keepers[0].steps == keepers[2].steps
    assert len(keepers[1].steps) < len(keepers[0].steps)


def test_an_interruption_ends_all_of_a_group(tmp_path: Path) -> None:
    experiments = [Experiment.of(config(tmp_path, f"seed={seed}")) for seed in range(2)]
    keepers = [Ends(), Ends()]
    assert sorted(run_group(experiments, keepers, interrupted=lambda: True)) == [0, 1]
    assert [keeper.status for keeper in keepers] == ["interrupted"] * 2


def test_nothing_runs_when_one_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(one: Config) -> Experiment:
        raise InfeasibleTeacher("no such teacher")

    configs = [config(tmp_path), config(tmp_path, "seed=1")]
    monkeypatch.setattr(Experiment, "of", fail)
    with pytest.raises(InfeasibleTeacher):
        run_batch(configs)
