"""A run on the console: its story at every width, and numbers that do not alarm where nothing is wrong."""

import re
from pathlib import Path

import numpy as np
import pytest

from featlearn.config.load import load_config
from featlearn.runs.train import RunResult, train
from featlearn.storage.errors import Caution
from featlearn.views.console import run as console
from featlearn.views.console.run import show_environment, show_run
from featlearn.views.words.glossary import of_the_population
from tests.config.broken import MINIMAL, write
from tests.views.examples import new_run


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
    assert [
        text.split(":")[0]
        for text in console._remarks([{"test_loss": 1.0, "alive": 3}], {"alive": 0, "test_loss": 1.1})
    ] == [
        "no neuron is alive",
        "the test loss ended above its start",
    ]
    assert list(console._remarks([{"test_loss": 1.0}], {"alive": 3, "test_loss": 0.9})) == []
    assert list(console._remarks([], {"alive": None})) == []


def test_neurons_that_never_lived_are_told_apart_from_those_that_died() -> None:
    small, alive = ({"alive": alive, "mean_angle": 9.0, "aligned_mass": 0.5} for alive in (0, 3))
    (told,) = console._remarks([small, small], small)
    assert told.startswith("no neuron is alive, and none was")
    (told,) = console._remarks([alive, small], small)
    assert told.startswith("no neuron is alive: the network is zero")
    assert console._without_angles_of_nothing([small, small]) == [small, small]  # a small start tells how it turns
    shown = console._without_angles_of_nothing([small, alive, small])
    assert [row["mean_angle"] for row in shown] == [9.0, 9.0, None]
    assert shown[-1]["aligned_mass"] is None
    assert console._without_angles_of_nothing([]) == []


@pytest.mark.parametrize("target", ["neurons", "polynomial", "own data"])
@pytest.mark.parametrize("dies", [True, False])
def test_a_network_that_is_zero_is_told_of_whatever_the_target(
    target: str, dies: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.csv"
    np.savetxt(own, np.random.default_rng(0).standard_normal((50, 3)), delimiter=",", header="x1,x2,label", comments="")
    targets = {
        "neurons": [],
        "polynomial": ['teacher={input_dim: 4, polynomial: "He2(x1)"}'],
        "own data": ["teacher=null", f"data={{kind: empirical, path: {own}}}", "stages.go.step_size=1e-4"],
    }
    then = ["stages.go.then=[zero_second_layer]"] if dies else []
    ended = train(load_config(write(tmp_path, MINIMAL), [*targets[target], *then]), tmp_path / "runs")
    assert ended.status == "done"
    show_run(ended.run, ended.info)
    assert ("no neuron is alive: the network is zero" in capsys.readouterr().out) is dies
    assert ended.info.stages[-1].vanished is (True if dies else None)


def test_a_network_that_weight_decay_took_is_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    decays = ["stages.go.weight_decay=1", "stages.go.step_size=0.5", 'teacher={input_dim: 4, polynomial: "He3(x1)"}']
    with pytest.warns(Caution, match="degree 3"):
        config = load_config(write(tmp_path, MINIMAL), [*decays, "stages.go.steps=40"])
    ended = train(config, tmp_path / "runs")
    show_run(ended.run, ended.info)
    assert "no neuron is alive: the network is zero" in capsys.readouterr().out


def test_a_gap_as_small_as_the_distance_of_the_bounds_is_told_of(result: RunResult) -> None:
    (optimum,) = result.info.optima[-1:]
    last = {"weight_decay": optimum.weight_decay, "gap": 2e-6}
    for certified, upper, told in ((True, 1e-6, 0), (False, 1e-6, 1), (False, 1e-7, 0)):
        rough = optimum.changed(certified=certified, lower=1.0, upper=1.0 + upper)
        texts = list(console._remarks([], last, result.info.changed(optima=(rough,))))
        assert len(texts) == told
        assert all(text.startswith("the bounds on J* at λ = 0.01 are 1e-06 apart") for text in texts)


def test_operations_that_ruin_the_last_stage_are_told_of(result: RunResult) -> None:
    (stage,) = result.info.stages
    last = result.info.final
    assert last is not None
    after = last | {"loss": 1.0}
    for before, then, told in ((1e-7, ("normalize_rows",), 1), (0.5, ("normalize_rows",), 0), (None, None, 0)):
        info = result.info.changed(stages=(stage.changed(loss_before=before, then=then),))
        assert len(list(console._remarks([], after, info))) == told
        assert list(console._remarks([], after, info.changed(status="interrupted"))) == []
    ruined = result.info.changed(stages=(stage.changed(loss_before=1e-7, then=("normalize_rows",)),))
    (text,) = console._remarks([], after, ruined)
    assert text == "normalize_rows at the end of go changed the loss from 1e-07 to 1"


def test_a_run_on_samples_says_which_numbers_are_of_the_population(
    result: RunResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show_run(result.run, result.info)
    assert "of the population" not in capsys.readouterr().out
    data = "data={kind: empirical, samples: 40}"
    sampled = train(load_config(write(tmp_path, MINIMAL), [data]), tmp_path / "runs")
    show_run(sampled.run, sampled.info)
    told = capsys.readouterr().out
    assert of_the_population(["loss", "gap"]) in told  # and nothing of floors, which are not shown
    unregularised = load_config(write(tmp_path, MINIMAL), [data, "stages.go.weight_decay=0"])
    sampled = train(unregularised, tmp_path / "runs")
    show_run(sampled.run, sampled.info)
    assert of_the_population(["loss"]) in capsys.readouterr().out


def test_what_happened_is_told_between_the_table_and_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(tmp_path)
    lines = []
    for limit in (console._QUICKLY_READ, 1):
        monkeypatch.setattr(console, "_QUICKLY_READ", limit)
        show_run(run, run.read_info())
        lines.append(" ".join(capsys.readouterr().out.split()))
    for text in lines:  # with snapshots, and without those that are too large
        assert re.search(r"step 1 9\d\.\d% of the first layer", text)
        assert "among the 2 of 8 directions of the input on which the labels depend." in text.split("done after")[0]
        assert "Stage first_step ends" not in text  # the table has it
        assert "The run is done" not in text  # and the line below
    assert "Teacher line" in lines[0]
    assert "Teacher line" not in lines[1]
