"""Runs and sweeps as notebooks have them: the same on disk and in memory, and named as on the command line."""

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import featlearn
from featlearn.config.load import load_config
from featlearn.runs.batch import run_batch
from featlearn.storage.errors import RunError, RunNotFound
from featlearn.views.objects import Run, load_run, load_sweep, resume, train
from featlearn.views.objects import run_batch as batch
from tests.config.broken import MINIMAL, write
from tests.views.examples import QUICKSTART, SEEDS, SHORT, swept

FIGURES = ("plot_curves", "plot_alignment", "plot_neurons", "plot_certificate")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """The same run on disk and in memory."""
    config = load_config(QUICKSTART, SHORT)
    return train(config, str(tmp_path_factory.mktemp("runs"))), batch([config])[0]


def test_a_run_in_memory_is_the_one_on_disk(both: tuple[Run, Run]) -> None:
    stored, memory = both
    assert (stored.name, stored.status, stored.config) == (memory.name, memory.status, memory.config)
    for name, column in stored.metrics.items():
        if name != "seconds":
            assert np.array_equal(column, memory.metrics[name], equal_nan=column.dtype.kind == "f")
    for name in ("steps", "first_layer", "second_layer", "teacher_first_layer", "teacher_second_layer"):
        assert np.array_equal(getattr(stored.snapshots, name), getattr(memory.snapshots, name))
    assert np.array_equal(stored.first_layer, memory.first_layer)
    assert np.array_equal(stored.second_layer, memory.second_layer)
    assert stored.final["loss"] == memory.final["loss"] == memory.metrics["loss"][-1]
    assert stored.info.loss_floor == memory.info.loss_floor
    assert stored.path is not None
    assert memory.path is None
    assert repr(stored) == f"<run quickstart: done, loss {stored.final['loss']:.3g} ({stored.path})>"
    assert repr(memory).endswith("(in memory)>")
    with pytest.raises(RunError, match="in memory"):
        memory.run  # noqa: B018
    with pytest.raises(RunError, match="in memory"):
        resume(memory)


@pytest.mark.parametrize("figure", FIGURES)
def test_their_figures_are_the_same_and_a_notebook_shows_them(both: tuple[Run, Run], figure: str) -> None:
    drawn = [getattr(run, figure)(size="page") for run in both]
    images = [one._repr_png_() for one in drawn]
    assert images[0] == images[1]
    assert images[0].startswith(b"\x89PNG")


def test_their_events_are_the_same(both: tuple[Run, Run]) -> None:
    stored, memory = (run.events for run in both)
    assert stored == memory
    assert [event.kind for event in stored][:2] == ["stage", "subspace"]
    config = load_config(
        QUICKSTART,
        [
            *SHORT,
            "data={kind: online, batch_size: 50}",
            "stages.second_layer.method=gd",
            "stages.second_layer.steps=2",
            "stages.second_layer.step_size=0.01",
        ],
    )
    assert batch([config])[0]._data().settings["data.kind"] == "online"  # what events depend on


def test_what_a_run_does_not_have_is_told() -> None:
    config = load_config(QUICKSTART, [*SHORT, "log.gap=false"])
    [run] = batch([config], snapshots=False)
    with pytest.raises(RunError, match="no figure of the certificate"):
        run.plot_certificate()
    with pytest.raises(RunError, match="no figure of the neurons"):
        run.plot_neurons()
    with pytest.raises(RunError, match="snapshots=True"):
        run.snapshots  # noqa: B018
    assert run.plot_curves().axes


@pytest.mark.parametrize("listed", [False, True])
def test_a_batch_is_a_list_of_configurations(listed: bool) -> None:
    configs: Any = [str(QUICKSTART)] if listed else load_config(QUICKSTART, SHORT)
    with pytest.raises(TypeError, match="give a list of configurations"):
        batch(configs)


def test_snapshots_are_kept_on_request_alone() -> None:
    config = load_config(QUICKSTART, SHORT)
    assert run_batch([config])[0].snapshots == {}


def test_names_are_those_of_the_command_line(
    both: tuple[Run, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = both[0].path
    assert path is not None
    for name in ("latest", path.name, path.name[:8], "quickstart", path, str(path)):
        assert load_run(name, path.parent).path == path.resolve()
    monkeypatch.setenv("FEATLEARN_RUNS", str(path.parent))
    assert load_run().path == path.resolve()
    assert np.array_equal(featlearn.load_metrics("latest")["loss"], both[0].metrics["loss"])
    for name in ("latest", "quickstart", path.name[:10]):
        with pytest.raises(RunNotFound, match=r"is a run, no sweep: use featlearn\.load_run"):
            load_sweep(name)
    with pytest.raises(RunNotFound, match="there is no run 'nothing'"):
        load_run("nothing")
    with pytest.raises(RunNotFound, match="there is no run 'nothing'"):
        featlearn.load_metrics("nothing")


def test_a_sweep_has_results_runs_and_figures(tmp_path: Path) -> None:
    made = swept(tmp_path, SEEDS.replace("store: summary", "store: full"))
    sweep = load_sweep(made.name, str(made.path.parent))
    assert sweep.metrics["seed"].tolist() == [0, 1, 2, 3, 4]
    assert np.array_equal(featlearn.load_results("latest", made.path.parent)["loss"], sweep.metrics["loss"])
    assert sweep.axes == ("seed",)
    assert sweep.config["seeds"] == 5
    assert list(sweep.runs) == sweep.metrics["id"].tolist()
    assert [run.final["loss"] for run in sweep.runs.values()] == sweep.metrics["loss"].tolist()
    assert sweep.plot("mean_angle")._repr_png_()  # type: ignore[attr-defined]
    assert "5 points over seed" in repr(sweep)
    for name in ("latest", made.name, sweep.name):
        with pytest.raises(RunNotFound, match=r"is a sweep, no run: use featlearn\.load_sweep"):
            load_run(name, made.path.parent)
    with pytest.raises(RunError, match="did you mean 'loss'"):
        sweep.plot("los")


def test_an_interruption_ends_a_loop_once_the_files_are_whole(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, MINIMAL))
    begun: list[Any] = []

    def interrupt(*event: Any) -> None:
        begun.append(event)
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "runs", interrupt)
    assert len(begun) == 1
    run = load_run("latest", tmp_path / "runs")
    assert (run.status, len(run.rows)) == ("interrupted", 1)
    assert resume("latest", runs_dir=tmp_path / "runs").status == "done"
    assert np.array_equal(run.first_layer, batch([config])[0].first_layer)
