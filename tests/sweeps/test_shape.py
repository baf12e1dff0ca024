"""The sizes of experiments, and the space that they take."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.config.load import load_config
from featlearn.config.model import Config
from featlearn.storage.growing_npz import MOST_PENDING
from featlearn.sweeps import shape
from featlearn.sweeps.shape import Shape
from tests.config.broken import write

TEXT = """\
teacher: {input_dim: 8, width: 3, rank: 2, min_angle: 25}
student: {width: 30}
stages:
  begin: {train: [second_layer], method: ridge, weight_decay: 0.01, then: [balance]}
  last: {train: [first_layer, second_layer], steps: 500, step_size: 0.1, weight_decay: 0.01}
log: {points: 40, snapshots: 25}
"""
GAUSSIAN = "student.init={kind: gaussian, first_layer_std: 0.5, second_layer_std: 0.5}"


def config(place: Path, *overrides: str) -> Config:
    return load_config(write(place, TEXT), overrides)


def test_the_sizes_are_those_of_the_configuration(tmp_path: Path) -> None:
    found = Shape.of(config(tmp_path))
    assert (found.width, found.teachers, found.dimension) == (30, 3, 8)
    assert (found.steps, found.own_steps, found.rows, found.snapshots) == (500, 0, 40, 25)
    few = Shape.of(config(tmp_path, "stages.last.steps=4"))
    assert (few.rows, few.snapshots) == (5, 5)


def weights_of(place: Path, rows: int) -> str:
    np.savez(place / "w.npz", first_layer=np.ones((rows, 8)), second_layer=np.ones(rows))
    return f"student={{init: {{kind: file, path: {place / 'w.npz'}}}}}"


def test_the_width_of_weights_in_a_file_is_read_from_its_header(tmp_path: Path) -> None:
    narrow, wide = config(tmp_path, weights_of(tmp_path, 7)), config(tmp_path, weights_of(tmp_path, 2000))
    assert narrow.student.width is None
    shape._rows_in.cache_clear()
    assert Shape.of(wide).width == 2000
    (tmp_path / "w.npz").unlink()
    assert Shape.of(narrow).width == 1, "a run whose file is gone fails before it costs anything"


def test_the_width_of_explicit_weights_is_that_of_the_configuration(tmp_path: Path) -> None:
    text = f"student={{init: {{kind: explicit, first_layer: {[[1.0] * 8] * 5}, second_layer: {[1.0] * 5}}}}}"
    assert Shape.of(config(tmp_path, text)).width == 5


def test_snapshots_take_the_disk_and_few_of_them_the_memory(tmp_path: Path) -> None:
    few, many = (Shape.of(config(tmp_path, f"log.snapshots={count}")) for count in (1, 40))
    one = 8 * 30 * 9
    assert many.bytes_on_disk() - few.bytes_on_disk() == pytest.approx(39 * one, abs=2 * 4096)
    assert many.bytes() - few.bytes() == 39 * one
    assert many.bytes(stored=False) == few.bytes(stored=False)
    assert many.bytes_on_disk(stored=False) == few.bytes_on_disk(stored=False)
    large = Shape.of(config(tmp_path, "student.width=1000", "teacher.input_dim=10000"))
    assert large.bytes_on_disk() > 25 * 8 * 1000 * 10_000
    assert large.bytes() - large.bytes(stored=False) < MOST_PENDING + 1.1 * 8 * 1000 * 10_000


def test_weights_in_single_precision_take_half_the_space(tmp_path: Path) -> None:
    double, single = (
        Shape.of(config(tmp_path, "teacher.input_dim=2000", *more)) for more in ((), ("precision=float32",))
    )
    assert single.bytes_on_disk() == pytest.approx(double.bytes_on_disk() / 2, rel=0.1)


def test_floors_cost_what_their_features_do(tmp_path: Path) -> None:
    mirrored, whole = (
        Shape.of(config(tmp_path, "student.width=200", "log.floors=true")),
        Shape.of(config(tmp_path, "student.width=200", GAUSSIAN, "log.floors=true")),
    )
    assert whole.floors > 3 * mirrored.floors
    assert Shape.of(config(tmp_path)).floors == 0
    too_many = Shape.of(config(tmp_path, "student.width=4000", "teacher.input_dim=64", GAUSSIAN, "log.floors=true"))
    assert too_many.floors < mirrored.floors, "there are none for so many features"


def test_batches_of_a_sample_cost_less_than_all_of_it_and_rows_as_much(tmp_path: Path) -> None:
    whole, part = (
        Shape.of(config(tmp_path, f"data={{kind: empirical, samples: 5000{more}}}"))
        for more in ("", ", batch_size: 50")
    )
    assert part.work_of_step() < 0.02 * whole.work_of_step()
    assert part.work_of_row() == whole.work_of_row()
    assert part.bytes() == whole.bytes()
