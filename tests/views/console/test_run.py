"""A run on the console: its story at every width, and numbers that do not alarm where nothing is wrong."""

from pathlib import Path

import pytest

from featlearn.config.load import load_config
from featlearn.runs.train import RunResult, train
from featlearn.views.console import run as console
from featlearn.views.console.run import show_environment, show_run
from featlearn.views.words.glossary import OF_THE_POPULATION
from tests.config.broken import MINIMAL, write


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    place = tmp_path_factory.mktemp("run")
    text = MINIMAL.replace("steps: 20", "steps: 1")
    return train(load_config(write(place, text)), place / "runs")


def test_before_the_first_step_no_weight_decay_has_been_used(
    result: RunResult, capsys: pytest.CaptureFixture[str]
) -> None:
    show_run(result.run, result.info)
    lines = capsys.readouterr().out.splitlines()
    start, end = (next(line.split() for line in lines if line.startswith(f" {name} ")) for name in ("(start)", "go"))
    assert (start[2], end[2]) == ("–", "0.01")


def test_the_largest_angle_is_dimmed_where_the_mass_is_aligned(result: RunResult) -> None:
    row = result.run.read_metrics()[-1]
    almost = row | {"aligned_mass": 0.99, "max_angle": 87.0}
    assert console._stage_cell("max_angle", almost, result.info).style == "dim"
    assert console._stage_cell("mean_angle", almost, result.info).style == ""
    assert console._stage_cell("max_angle", row | {"aligned_mass": 0.2}, result.info).style == ""
    assert console._stage_cell("max_angle", row | {"aligned_mass": None}, result.info).style == ""


def test_one_step_is_one_step(result: RunResult, capsys: pytest.CaptureFixture[str]) -> None:
    show_environment(result.info)
    assert "go: 1 step, " in capsys.readouterr().out


def test_how_many_neurons_are_distinct_is_said_where_they_are_fewer(
    result: RunResult, capsys: pytest.CaptureFixture[str]
) -> None:
    (stage,) = result.info.stages
    assert stage.distinct_neurons == stage.neurons
    show_environment(result.info)
    assert "distinct" not in capsys.readouterr().out
    show_environment(result.info.changed(stages=(stage.changed(neurons=32, distinct_neurons=16),)))
    assert "; 32 neurons, 16 distinct" in " ".join(capsys.readouterr().out.split())


def test_what_went_wrong_in_a_run_that_is_done_is_said() -> None:
    assert [text.split(":")[0] for text in console._remarks([{"test_loss": 1.0}], {"alive": 0, "test_loss": 1.1})] == [
        "no neuron is alive",
        "the test loss ended above its start",
    ]
    assert list(console._remarks([{"test_loss": 1.0}], {"alive": 3, "test_loss": 0.9})) == []
    assert list(console._remarks([], {"alive": None})) == []


def test_a_run_on_samples_says_which_numbers_are_of_the_population(
    result: RunResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show_run(result.run, result.info)
    assert OF_THE_POPULATION not in capsys.readouterr().out
    data = "data={kind: empirical, samples: 40}"
    sampled = train(load_config(write(tmp_path, MINIMAL), [data]), tmp_path / "runs")
    show_run(sampled.run, sampled.info)
    assert OF_THE_POPULATION in capsys.readouterr().out
