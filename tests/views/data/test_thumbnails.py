"""What small pictures of runs are drawn from: the loss of the log, and the neurons of the last snapshot."""

import base64
import json
import os
from pathlib import Path

import numpy as np
import pytest

from featlearn.runs.directory import RunDirectory
from featlearn.runs.metrics import load_metrics
from featlearn.storage.index import INDEX_FILE
from featlearn.views.data import thumbnails as module
from featlearn.views.data.neurons import folded
from featlearn.views.data.run import read_run
from featlearn.views.data.thumbnails import CACHE_FILE, read_thumbnail, thumbnails
from tests.views.examples import new_run
from tests.views.many import copied


def numbers(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), np.uint8).astype(int)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    return new_run(tmp_path_factory.mktemp("thumbnails"))


def test_the_curve_is_the_loss_of_the_log(run: RunDirectory) -> None:
    found, loss = read_thumbnail(run), load_metrics(run.path)["loss"]
    places = np.linspace(0, len(loss) - 1, 32).round().astype(int)
    logs = np.log(loss[places])
    wanted = np.round(254 * (logs - logs.min()) / (logs.max() - logs.min()))
    np.testing.assert_array_equal(numbers(found["loss"]), wanted)
    assert (found["column"], found["first"], found["last"]) == ("loss", loss[0], loss[-1])


def test_the_dots_are_the_neurons_at_the_end(run: RunDirectory) -> None:
    found, neurons = read_thumbnail(run), read_run(run).neurons
    assert neurons is not None
    assert found["half"] is True
    place, rays = folded(neurons.place[-1]), folded(neurons.teacher_place)
    angles = np.pi * numbers(found["teachers"]) / 255
    np.testing.assert_allclose(angles, np.arctan2(rays[:, 1], rays[:, 0]), atol=np.pi / 255)
    dots = numbers(found["neurons"]).reshape(-1, 4)
    assert dots[0][2] == 255
    assert np.all(np.diff(dots[:, 2]) <= 0), "the heaviest first"
    living = neurons.mass[-1] > neurons.alive_above
    there = np.arctan2(place[living, 1], place[living, 0])
    for angle, _, _, teacher in dots:
        near = np.abs(there - np.pi * angle / 255) < 5 * np.pi / 255
        assert teacher in neurons.teacher[-1][living][near]
    each = np.pi * dots[:, 0] / 255
    assert all(np.min(np.abs(each - angle)) < 5 * np.pi / 255 for angle in there), "every living neuron has a dot"


def test_a_teacher_in_space_or_none_has_a_curve_alone(tmp_path: Path) -> None:
    assert read_thumbnail(new_run(tmp_path, "teacher.rank=3")).keys() == {"loss", "column", "first", "last"}


def test_what_cannot_be_read_is_left_out(run: RunDirectory, tmp_path: Path) -> None:
    without = copied(run, tmp_path / "a", 8)
    without.snapshots_file.unlink()
    assert "neurons" not in read_thumbnail(without)
    cut = copied(run, tmp_path / "b", 8)
    cut.snapshots_file.write_bytes(cut.snapshots_file.read_bytes()[:-500])
    assert "neurons" not in read_thumbnail(cut)
    torn = copied(run, tmp_path / "c", 8)
    torn.metrics_file.write_text("{\n")
    assert read_thumbnail(torn).keys() == {"neurons", "teachers", "half"}
    torn.metrics_file.write_text("")
    assert "loss" not in read_thumbnail(torn)
    torn.info_file.write_text("{")
    assert read_thumbnail(torn) == {}


def test_losses_that_are_not_positive_have_no_place(run: RunDirectory, tmp_path: Path) -> None:
    copy = copied(run, tmp_path / "a", 8)
    rows = [json.loads(line) for line in copy.metrics_file.read_text().splitlines()[:4]]
    for row, loss in zip(rows, (1.0, 0.0, None, 0.01), strict=True):
        row["loss"] = loss
    copy.metrics_file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    assert numbers(read_thumbnail(copy)["loss"]).tolist() == [254, 255, 255, 0]


def test_they_are_kept_beside_the_runs(run: RunDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = copied(run, tmp_path / "a", 8)
    for path in copy.path.iterdir():
        os.utime(path, (1e9, 1e9))
    first = thumbnails(tmp_path)
    assert first == {"a": read_thumbnail(copy)}
    assert (tmp_path / CACHE_FILE).exists()
    assert not (tmp_path / INDEX_FILE).exists()
    monkeypatch.setattr(module, "read_thumbnail", lambda run: pytest.fail("it was read again"))
    assert thumbnails(tmp_path) == first
