"""A checkpoint is whole or refused: resuming never goes on from what is not the run's own, and says what to do."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.config.load import load_config
from featlearn.config.model import Config
from featlearn.runs import recorder
from featlearn.runs.checkpoints import Checkpoint, _digest
from featlearn.runs.directory import RunDirectory
from featlearn.runs.records import ProgressRecord
from featlearn.runs.train import resume, train
from featlearn.storage.errors import RunError
from featlearn.storage.npz import write_npz
from featlearn.sweeps.points import Job, compute
from featlearn.training.events import Event, Logged
from featlearn.training.plan import Plan
from tests.config.broken import write
from tests.runs.killing import in_child
from tests.runs.test_train import SMALL, results
from tests.storage.damage import contents

Arrays = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return load_config(write(tmp_path_factory.mktemp("config"), SMALL))


@pytest.fixture(scope="module")
def whole(config: Config, tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    return train(config, tmp_path_factory.mktemp("whole")).run


@pytest.fixture(scope="module")
def killed(config: Config, whole: RunDirectory, tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """A run that was killed ten rows after its last checkpoint, which is that of the end of a stage."""
    place, stage_ended = tmp_path_factory.mktemp("killed"), whole.read_metrics()[-1]["step"] - 1500
    last = [row["step"] for row in whole.read_metrics() if row["step"] > stage_ended][9]

    def kill(run: RunDirectory, plan: Plan, event: Event) -> None:
        if isinstance(event, Logged) and event.row["step"] == last:
            os.kill(os.getpid(), signal.SIGKILL)

    def train_until_killed() -> None:
        recorder.CHECKPOINT_SECONDS = 1e9
        train(config, place, kill)

    child = in_child(train_until_killed)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    (run,) = RunDirectory.all_in(place)
    return run


@pytest.fixture
def run(killed: RunDirectory, tmp_path: Path) -> RunDirectory:
    """A copy of it, to damage."""
    return RunDirectory(shutil.copytree(killed.path, tmp_path / "runs" / "copy"))


def counted(run: RunDirectory) -> int:
    """The rows that the checkpoint of a run counts."""
    return Checkpoint.read(run, run.read_info().config_hash).progress.rows


def edited(change: Callable[[Arrays, dict[str, Any]], object]) -> Callable[[RunDirectory], object]:
    """An edit of the arrays of the checkpoint, or of what it says."""

    def edit(run: RunDirectory) -> None:
        arrays = run.read_arrays(run.checkpoint_file)
        progress = json.loads(str(arrays["progress"]))
        change(arrays, progress)
        write_npz(run.checkpoint_file, arrays | {"progress": np.array(json.dumps(progress))})

    return edit


def first_rows(count: int) -> Callable[[RunDirectory], object]:
    def cut(run: RunDirectory) -> None:
        run.metrics_file.write_bytes(b"".join(run.metrics_file.read_bytes().splitlines(keepends=True)[:count]))

    return cut


def row_spoiled(run: RunDirectory) -> None:
    lines = run.metrics_file.read_bytes().splitlines(keepends=True)
    run.metrics_file.write_bytes(b"".join([lines[0], b'{"step": null}\n', *lines[2:]]))


def snapshots_of(run: RunDirectory, change: Callable[[bytes], bytes]) -> None:
    run.snapshots_file.write_bytes(change(run.snapshots_file.read_bytes()))


DAMAGES: dict[str, tuple[Callable[[RunDirectory], object], str]] = {
    "position beyond the stages": (edited(lambda a, p: p.update(position=[5, 0, 2902])), "was changed"),
    "position beyond the stage": (edited(lambda a, p: p.update(position=[3, 10**6, 10**6])), "was changed"),
    "another position": (edited(lambda a, p: p.update(position=[1, 0, 1])), "was changed"),
    "more rows": (edited(lambda a, p: p.update(rows=10**6)), "was changed"),
    "fewer snapshots": (edited(lambda a, p: p.update(snapshots=1)), "was changed"),
    "no digest": (edited(lambda a, p: p.pop("digest")), "was changed"),
    "a position of text": (edited(lambda a, p: p.update(position="x")), "is broken: position"),
    "an older format": (edited(lambda a, p: p.pop("format")), "an older version of featlearn"),
    "a later format": (edited(lambda a, p: p.update(format=99)), "has format 99"),
    "no weights": (edited(lambda a, p: a.pop("first_layer")), "was changed"),
    "other weights": (edited(lambda a, p: a.update(second_layer=a["second_layer"] + 1e-9)), "was changed"),
    "weights that are no numbers": (edited(lambda a, p: a.update(second_layer=a["second_layer"] * np.nan)), "was chan"),
    "another shape": (edited(lambda a, p: a.update(first_layer=a["first_layer"][:3])), "was changed"),
    "another type": (edited(lambda a, p: a.update(first_layer=a["first_layer"].astype("f4"))), "was changed"),
    "cut": (lambda run: os.truncate(run.checkpoint_file, 700), "is broken"),
    "nothing": (lambda run: os.truncate(run.checkpoint_file, 0), "is broken"),
    "rows lost": (first_rows(20), r"metrics\.jsonl has 20 rows, the checkpoint was written after"),
    "no log": (lambda run: run.metrics_file.unlink(), r"metrics\.jsonl is missing"),
    "a row spoiled": (row_spoiled, r"metrics\.jsonl:2: not a metrics row"),
    "no snapshots": (lambda run: run.snapshots_file.unlink(), r"snapshots\.npz is missing"),
    "snapshots cut": (lambda run: snapshots_of(run, lambda c: c[:3000]), r"snapshots\.npz is broken"),
    "snapshots of NULs": (lambda run: snapshots_of(run, lambda c: bytes(len(c))), r"snapshots\.npz is broken"),
}


@pytest.mark.parametrize("name", list(DAMAGES))
def test_what_is_not_whole_is_refused_with_what_to_do(name: str, run: RunDirectory) -> None:
    spoil, words = DAMAGES[name]
    spoil(run)
    before = contents(run.path)
    with pytest.raises(RunError, match=words) as refused:
        resume(RunDirectory(run.path))
    told = str(refused.value)
    assert "\n" not in told
    assert told.endswith(f"; compute it again with: featlearn train --config {run.config_file}")
    assert contents(run.path) == before


def test_a_checkpoint_that_does_not_say_how_many_neurons_were_trained_is_gone_on_from(
    whole: RunDirectory, run: RunDirectory
) -> None:
    arrays = run.read_arrays(run.checkpoint_file)
    progress = ProgressRecord.parse(str(arrays.pop("progress")))
    stages = [stage.changed(neurons=None, distinct_neurons=None) for stage in progress.stages]
    old = progress.changed(format=2, stages=tuple(stages))
    old = old.changed(digest=_digest(old, arrays))
    assert "neurons" not in old.text().decode()
    write_npz(run.checkpoint_file, arrays | {"progress": np.array(old.text().decode())})
    info = resume(run).info
    assert [stage.neurons for stage in info.stages] == [None] * len(stages) + [12]
    assert results(run) == results(whole)


def test_the_checkpoint_of_another_run_is_refused(run: RunDirectory, tmp_path: Path) -> None:
    other = train(load_config(write(tmp_path, SMALL), ["seed=4"]), tmp_path / "other").run
    shutil.copy(other.checkpoint_file, run.checkpoint_file)
    with pytest.raises(RunError, match=r"checkpoint\.npz is that of another run"):
        resume(run)


@pytest.mark.parametrize("name", ["position beyond the stages", "rows lost", "snapshots cut"])
def test_a_point_of_a_sweep_begins_again(name: str, config: Config, whole: RunDirectory, run: RunDirectory) -> None:
    DAMAGES[name][0](run)
    [result] = compute([Job(run.name, config)], run.path.parent)
    assert result.status == "done"
    assert results(run) == results(whole)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 1.0])
@pytest.mark.parametrize("tail", [b"", bytes(5000), b"\xff\n\n{}\n"], ids=["cut", "NULs", "garbage"])
def test_a_log_that_is_cut_after_what_the_checkpoint_counts_changes_no_bit(
    tail: bytes, share: float, whole: RunDirectory, run: RunDirectory
) -> None:
    content = run.metrics_file.read_bytes()
    kept = sum(map(len, content.splitlines(keepends=True)[: counted(run)]))
    assert counted(run) + 10 == len(run.read_metrics())
    run.metrics_file.write_bytes(content[: kept + int(share * (len(content) - kept))] + tail)
    again = resume(run)
    assert again.status == "done"
    assert results(run) == results(whole)
    assert again.info.optima == whole.read_info().optima
    assert again.info.rows == len(run.read_metrics())
