"""Run directories: their names, finding them, and what happens when many are made at once."""

import os
from pathlib import Path

import pytest

from featlearn.experiments.config import Config
from featlearn.experiments.config_file import load_config
from featlearn.experiments.reproduction_directory import ReproductionDirectory
from featlearn.experiments.runs import LATEST, RunDirectory, RunError, RunNotFound, summarise_runs
from featlearn.experiments.sweep_directory import SweepDirectory
from tests.experiments.broken import MINIMAL, write
from tests.experiments.test_run import in_child

INFO = {"status": "running"}


def create(runs_dir: Path, config: Config) -> RunDirectory:
    run = RunDirectory.create(runs_dir, config, INFO)
    run.release()
    return run


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load_config(write(tmp_path, MINIMAL))


def test_the_name_is_time_name_and_hash(config: Config, tmp_path: Path) -> None:
    run = create(tmp_path / "runs", config)
    date, time, name, digest = run.name.split("-")
    assert (len(date), len(time), name, digest) == (8, 6, "minimal", config.digest())
    assert (tmp_path / "runs" / LATEST).resolve() == run.path.resolve()


def test_ten_processes_in_the_same_second_make_ten_directories(config: Config, tmp_path: Path) -> None:
    runs_dir = tmp_path / "runs"
    children = [in_child(lambda: RunDirectory.create(runs_dir, config, INFO)) for _ in range(10)]
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 10
    assert len(RunDirectory.all_in(runs_dir)) == 10
    assert len([p for p in runs_dir.iterdir() if not p.is_symlink()]) == 10


def test_a_taken_name_gets_a_number(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from featlearn.experiments import runs

    class Frozen(runs.datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Frozen":
            return cls(2026, 11, 23, 13, 4, 26)

    monkeypatch.setattr(runs, "datetime", Frozen)
    names = [create(tmp_path / "runs", config).name for _ in range(3)]
    stem = f"20261123-130426-minimal-{config.digest()}"
    assert names == [stem, f"{stem}-2", f"{stem}-3"]


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("<script>alert(1)</script>", "script-alert-1-script"),
        ("../../etc", "etc"),
        ("α β", "run"),
        ("x" * 200, "x" * 60),
    ],
)
def test_any_name_makes_a_harmless_directory(name: str, slug: str, tmp_path: Path) -> None:
    config = load_config(write(tmp_path, MINIMAL), [f"name={name}"])
    run = create(tmp_path / "runs", config)
    assert run.path.parent == tmp_path / "runs"
    assert run.name.split("-", 2)[2].rsplit("-", 1)[0] == slug


def test_runs_are_found_by_path_name_and_latest(config: Config, tmp_path: Path) -> None:
    run = create(tmp_path / "runs", config)
    for known in (str(run.path), run.name, LATEST):
        assert RunDirectory.find(known, tmp_path / "runs").path == run.path.resolve()
    with pytest.raises(RunError, match="there is no run 'nothing'"):
        RunDirectory.find("nothing", tmp_path / "runs")
    with pytest.raises(RunError, match="not a run directory"):
        RunDirectory.find(str(tmp_path), tmp_path / "runs")


def test_latest_leads_to_nothing_outside_of_its_directory(config: Config, tmp_path: Path) -> None:
    runs_dir, elsewhere = tmp_path / "runs", create(tmp_path / "elsewhere", config)
    create(runs_dir, config)
    link = runs_dir / LATEST
    for target in (str(elsewhere.path), f"../elsewhere/{elsewhere.name}", "detour"):
        link.unlink()
        link.symlink_to(target)
        if target == "detour":
            (runs_dir / "detour").symlink_to(elsewhere.path)
        for known, folder in ((LATEST, runs_dir), (str(link), tmp_path)):
            for kind in (RunDirectory, SweepDirectory, ReproductionDirectory):
                with pytest.raises(RunNotFound, match="latest leads out of its directory"):
                    kind.find(known, folder)
    link.unlink()
    for target in ("gone", LATEST):  # to nothing, and in a circle
        link.symlink_to(target)
        with pytest.raises(RunNotFound):
            RunDirectory.find(LATEST, runs_dir)
        link.unlink()


def test_a_file_or_directory_that_is_called_latest_stays(config: Config, tmp_path: Path) -> None:
    (tmp_path / LATEST).write_text("mine")
    create(tmp_path, config)
    assert (tmp_path / LATEST).read_text() == "mine"
    (tmp_path / LATEST).unlink()
    (tmp_path / LATEST).mkdir()
    create(tmp_path, config)
    assert (tmp_path / LATEST).is_dir()
    assert not list(tmp_path.glob(".*"))


def test_broken_runs_are_listed_with_what_is_wrong(config: Config, tmp_path: Path) -> None:
    runs_dir = tmp_path / "runs"
    good = create(runs_dir, config)
    bad = create(runs_dir, config)
    bad.info_file.write_text("{")
    (runs_dir / "stray.txt").touch()
    (runs_dir / "empty").mkdir()
    summaries = summarise_runs(runs_dir)
    assert {s.path: s.error is None for s in summaries} == {good.path: True, bad.path: False}
    assert summarise_runs(tmp_path / "nowhere") == []


def test_a_row_that_is_not_json_is_named_with_its_line(config: Config, tmp_path: Path) -> None:
    run = create(tmp_path, config)
    run.metrics_file.write_bytes(b'{"step": 0}\nnonsense\n{"step": 2')
    with pytest.raises(RunError, match=r"metrics\.jsonl:2"):
        run.read_metrics()


def test_a_file_is_replaced_whole_or_not_at_all(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create(tmp_path, config)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        run.write_info({"status": "done"})
    assert run.read_info() == INFO
    assert not list(run.path.glob(".*"))


@pytest.mark.parametrize(
    "content",
    [
        '{"status": "done", "seconds": "x"}',
        '{"status": "done", "final": {"loss": [1]}}',
        '{"status": "done", "stages": [{}]}',
        '{"status": "done", "versions": [1]}',
        '{"status": "done", "loss_floor": NaN}',
        '{"status": "finished"}',
        "[" * 100_000,
    ],
)
def test_a_damaged_run_json_is_broken_whatever_is_in_it(content: str, config: Config, tmp_path: Path) -> None:
    run = create(tmp_path, config)
    run.info_file.write_text(content)
    with pytest.raises(RunError, match=r"run\.json is broken"):
        run.read_info()


@pytest.mark.parametrize(
    "row", ["5", "[]", '{"loss": "x"}', '{"step": 1.5}', '{"stage": 3}', '{"loss": NaN}', "{" * 9999]
)
def test_a_damaged_row_is_named(row: str, config: Config, tmp_path: Path) -> None:
    run = create(tmp_path, config)
    run.metrics_file.write_text(row + "\n")
    with pytest.raises(RunError, match=r"metrics\.jsonl:1: not a metrics row"):
        run.read_metrics()


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", ""])
def test_impossible_names_are_not_found(name: str, tmp_path: Path) -> None:
    with pytest.raises(RunNotFound):
        RunDirectory.find(name, tmp_path / "runs")
