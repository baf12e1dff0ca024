"""A folder with configuration, data and runs can be moved and copied: files are known by their content."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from featlearn.config.load import load_config
from featlearn.config.yaml_source import ConfigError
from featlearn.runs.directory import RunDirectory
from featlearn.runs.train import resume, train
from featlearn.storage.errors import RunError
from featlearn.sweeps.begin import begin, check_same
from featlearn.sweeps.directory import WHOLE, SweepDirectory
from featlearn.sweeps.load import load_sweep, stored_sweep
from featlearn.sweeps.run import run_sweep
from featlearn.views.data.run import read_run
from featlearn.views.objects import load_run
from featlearn.views.report.run import run_page
from tests.cli.commands import invoked
from tests.runs.test_own_data import TEXT
from tests.runs.test_train import _interrupt_at, results
from tests.sweeps.small import SerialExecutor, table

TEXT = TEXT.replace("path: own.npz", "path: ../data/own.npz, test_path: ../data/test.npz")
SWEEP = "base: own.yaml\nzip:\n- data.path: [../data/own.npz, ../data/test.npz]\nseeds: 2\n"


def _samples(file: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    np.savez(file, inputs=rng.standard_normal((30, 3)), labels=rng.standard_normal(30))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Configurations in one folder, data in another."""
    place = tmp_path / "here" / "project"
    for folder in ("configs", "data"):
        (place / folder).mkdir(parents=True)
    (place / "configs" / "own.yaml").write_text(TEXT)
    (place / "configs" / "sweep.yaml").write_text(SWEEP)
    for seed, name in enumerate(("own", "test")):
        _samples(place / "data" / f"{name}.npz", seed)
    return place


def _interrupted_run(project: Path) -> RunDirectory:
    return train(load_config(project / "configs" / "own.yaml"), project / "runs", _interrupt_at(8)).run


def _half_a_sweep(project: Path) -> SweepDirectory:
    directory = begin(load_sweep(project / "configs" / "sweep.yaml"), project / "runs")
    run_sweep(directory, SerialExecutor)
    lines = directory.journal_file(WHOLE).read_text().splitlines(keepends=True)
    directory.journal_file(WHOLE).write_text("".join(lines[:2]))
    shutil.rmtree(directory.run("p0003").path)
    return directory


def test_a_run_is_resumed_where_its_folder_was_moved_to(project: Path) -> None:
    whole = train(load_config(project / "configs" / "own.yaml"), project / "whole")
    run = _interrupted_run(project)
    moved = project.rename(project.parents[1] / "elsewhere")
    again = resume(RunDirectory(moved / "runs" / run.name))
    assert again.status == "done"
    assert results(again.run) == results(RunDirectory(moved / "whole" / whole.run.name))
    assert load_config(again.run.config_file).digest() == again.info.config_hash == again.run.name.split("-")[-1]
    assert again.run.name in run_page(read_run(again.run))
    assert load_run(again.run.path).config.digest() == again.info.config_hash


def test_a_copy_uses_its_own_data_where_the_original_was_changed(project: Path) -> None:
    run = _interrupted_run(project)
    copy = Path(shutil.copytree(project, project.parents[1] / "copy"))
    _samples(project / "data" / "own.npz", 7)
    with pytest.raises(ConfigError, match=r"own\.npz has changed since"):
        resume(run)
    assert resume(RunDirectory(copy / "runs" / run.name)).status == "done"


def test_without_its_data_a_moved_run_says_which_file_it_needs(project: Path) -> None:
    run = _interrupted_run(project)
    alone = Path(shutil.copytree(run.path, project.parents[1] / "alone"))
    away = project.rename(project.parent / "away")
    with pytest.raises(ConfigError, match=r"data\.path: .*own\.npz: .*SHA-256 [0-9a-f]{12}…\); put it back, or beside"):
        resume(RunDirectory(alone))
    shutil.copy(away / "data" / "test.npz", alone.parent / "own.npz")  # the name, and not the content
    with pytest.raises(ConfigError, match="data"):
        resume(RunDirectory(alone))
    for name in ("own", "test"):
        shutil.copy(away / "data" / f"{name}.npz", alone.parent / f"{name}.npz")
    assert resume(RunDirectory(alone)).status == "done"


def test_a_sweep_goes_on_where_its_folder_was_moved_to_and_is_not_called_changed(project: Path) -> None:
    directory = _half_a_sweep(project)
    expected = table(directory)
    moved = project.rename(project.parents[1] / "elsewhere")
    directory = SweepDirectory(moved / "runs" / directory.name)
    check_same(directory, load_sweep(moved / "configs" / "sweep.yaml"))
    assert stored_sweep(directory).digest() == load_sweep(moved / "configs" / "sweep.yaml").digest()
    told = invoked("sweep", "--config", moved / "configs" / "sweep.yaml", "--resume", directory.path, "--quiet")
    assert told.exit_code == 0, told.output
    assert table(directory) == expected
    assert {row["status"] for row in expected} == {"done"}


def test_a_sweep_whose_data_were_changed_is_refused_with_the_file(project: Path) -> None:
    directory = _half_a_sweep(project)
    _samples(project / "data" / "own.npz", 7)
    with pytest.raises(RunError, match=r"has changed(.|\n)*SHA-256(.|\n)*own\.npz"):
        check_same(directory, load_sweep(project / "configs" / "sweep.yaml"))


def test_a_digest_with_the_paths_in_it_is_known_too(project: Path) -> None:
    run = _interrupted_run(project)
    config = load_config(run.config_file)
    older = config.model_dump(mode="json", exclude_none=True)
    del older["log"]["curvature"]  # a key of today
    digest = hashlib.sha256(json.dumps(older, sort_keys=True).encode()).hexdigest()[:6]
    assert digest != config.digest()
    assert config.answers_to(digest)
    assert not config.answers_to("000000")
    run.write_info(run.read_info().changed(config_hash=digest))
    run.checkpoint_file.unlink()
    assert resume(run).status == "done"
