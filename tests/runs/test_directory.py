"""Run directories: their names, finding them, and what happens when many are made at once."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from featlearn.claims.directory import ReproductionDirectory
from featlearn.claims.listing import listing
from featlearn.config.load import load_config
from featlearn.config.model import Config
from featlearn.config.yaml_source import ConfigError
from featlearn.runs.directory import RunDirectory
from featlearn.runs.metrics import load_metrics
from featlearn.runs.records import RunInfo
from featlearn.runs.train import train
from featlearn.storage.drafts import Draft
from featlearn.storage.errors import RunError, RunNotFound
from featlearn.storage.names import LATEST
from featlearn.storage.npz import write_npz
from featlearn.sweeps.directory import SweepDirectory
from featlearn.training.columns import COLUMNS
from tests.config.broken import MINIMAL, write
from tests.runs.killing import in_child
from tests.runs.records import an_info
from tests.storage.damage import contents, damage, outside, soon, value_or_refusal

INFO = an_info()


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
    from featlearn.storage import names

    class Frozen(names.datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Frozen":
            return cls(2026, 11, 23, 13, 4, 26)

    monkeypatch.setattr(names, "datetime", Frozen)
    found = [create(tmp_path / "runs", config).name for _ in range(3)]
    stem = f"20261123-130426-minimal-{config.digest()}"
    assert found == [stem, f"{stem}-2", f"{stem}-3"]


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
    assert not list(tmp_path.glob(".*"))  # no draft, and no lock of one


def test_broken_runs_are_listed_with_what_is_wrong(config: Config, tmp_path: Path) -> None:
    runs_dir = tmp_path / "runs"
    good = create(runs_dir, config)
    bad = create(runs_dir, config)
    bad.info_file.write_text("{")
    (runs_dir / "stray.txt").touch()
    (runs_dir / "empty").mkdir()
    assert {line.path: line.error is None for line in listing(runs_dir)} == {good.path: True, bad.path: False}


def test_a_row_that_is_not_json_is_named_with_its_line(config: Config, tmp_path: Path) -> None:
    run = create(tmp_path, config)
    run.metrics_file.write_bytes(b'{"step": 0, "stage": "a", "stage_step": 0}\nnonsense\n{"step": 2')
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
        run.write_info(INFO.changed(status="done"))
    assert run.read_info() == INFO
    assert not list(run.path.glob(".*.new"))


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


# --- what others have done to it ------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """A run that is done."""
    place = tmp_path_factory.mktemp("finished")
    return train(load_config(write(place, MINIMAL)), place / "runs").run


@pytest.fixture
def run(finished: RunDirectory, tmp_path: Path) -> RunDirectory:
    """A copy of it, to damage."""
    return RunDirectory(shutil.copytree(finished.path, tmp_path / "runs" / "copy"))


@pytest.mark.parametrize("seed", range(60))
def test_whatever_the_damage_reading_gives_a_value_or_one_line(seed: int, run: RunDirectory, tmp_path: Path) -> None:
    victim = outside(tmp_path)
    before = contents(victim)
    told = damage(run.path, victim, seed)
    with soon():
        info = value_or_refusal(run.read_info)
        rows = value_or_refusal(run.read_metrics)
        if isinstance(info, RunInfo) and isinstance(rows, list):
            run.lost_end(info, rows)
        for read in (
            lambda: run.brief(alive=False),
            lambda: run.read_arrays(run.snapshots_file),
            lambda: run.read_arrays(run.checkpoint_file),
            lambda: RunDirectory.find("copy", run.path.parent),
            lambda: load_metrics(run.path),
            run.lock,
        ):
            value_or_refusal(read)
        run.release()
        assert not run.is_locked()
        assert len(listing(run.path.parent)) <= 1
    assert contents(victim) == before, told


def test_the_damages_are_of_all_kinds_and_most_are_noticed(finished: RunDirectory, tmp_path: Path) -> None:
    """Else the test above would say nothing."""
    noticed, kinds = 0, set()
    for seed in range(60):
        place = tmp_path / str(seed)
        run = RunDirectory(shutil.copytree(finished.path, place / "runs" / "copy"))
        kinds.add(damage(run.path, outside(place), seed).split(":")[0])
        reads: list[Callable[[], object]] = [
            run.read_info,
            run.read_metrics,
            partial(run.read_arrays, run.snapshots_file),
        ]
        noticed += any(isinstance(value_or_refusal(read), RunError) for read in reads)
    assert len(kinds) >= 15
    assert noticed >= 20


@pytest.mark.parametrize(
    "changes",
    [
        {"step": 10**400},
        {"step": 2**63},
        {"step": None},
        {"step": -1},
        {"step": 3.0},
        {"step": True},
        {"stage": None},
        {"stage": 3},
        {"stage_step": None},
        {"loss": "x"},
        {"loss": [1]},
        {"loss": 10**400},
        {"alive": 1.5},
        {"recovered": 2**64},
    ],
)
def test_a_row_whose_values_cannot_be_is_named(changes: dict[str, object], run: RunDirectory) -> None:
    lines = run.metrics_file.read_text().splitlines()
    lines[1] = json.dumps(json.loads(lines[1]) | changes)
    run.metrics_file.write_text("\n".join(lines) + "\n")
    with pytest.raises(RunError, match=rf"metrics\.jsonl:2: not a metrics row: {next(iter(changes))} is "):
        run.read_metrics()


def test_a_row_of_another_version_has_the_columns_of_this_one(run: RunDirectory) -> None:
    row = json.loads(run.metrics_file.read_text().splitlines()[0])
    run.metrics_file.write_text(
        json.dumps({name: row[name] for name in ("loss", "step", "stage", "stage_step")} | {"new": 1})
    )
    with run.metrics_file.open("a") as file:
        file.write("\n")
    [found] = run.read_metrics()
    assert list(found) == list(COLUMNS)
    assert (found["loss"], found["max_angle"]) == (row["loss"], None)


@pytest.mark.parametrize(
    "cut",
    [
        lambda content: b"\n".join(content.split(b"\n")[:3]) + b"\n",
        lambda content: content[:-30],
        lambda content: b"\n".join(content.split(b"\n")[:3]) + b"\n" + bytes(4096),
        lambda content: b"",
    ],
    ids=["lines", "torn", "NULs", "all"],
)
def test_a_log_that_has_lost_its_end_is_not_taken_for_the_whole(
    cut: Callable[[bytes], bytes], run: RunDirectory
) -> None:
    info, rows = run.read_info(), run.read_metrics()
    assert run.lost_end(info, rows) is None
    run.metrics_file.write_bytes(cut(run.metrics_file.read_bytes()))
    rows = run.read_metrics()
    lost = run.lost_end(info, rows)
    assert lost is not None
    assert "metrics.jsonl has lost its end" in lost
    assert "the run went to step 20" in lost
    assert run.lost_end(info.changed(status="running"), rows) is None, "a run that goes on has none yet"
    with pytest.raises(RunError, match="has lost its end"):
        load_metrics(run.path)
    assert len(load_metrics(run.metrics_file).get("step", [])) == len(rows)


def test_a_log_that_is_a_link_is_not_written_through(run: RunDirectory, tmp_path: Path) -> None:
    victim = outside(tmp_path)
    before = contents(victim)
    run.metrics_file.unlink()
    for target in (victim / "chapters" / "one.tex", victim / "nothing"):
        run.metrics_file.symlink_to(target)
        run.lock()
        for work in (lambda: run.append_row({}), lambda: run.keep_rows(0), lambda: run.keep_rows(1)):
            with pytest.raises((OSError, RunError), match=r"metrics\.jsonl (is a link|has 0 rows)"):
                work()
        run.release()
        run.metrics_file.unlink()
    assert contents(victim) == before


def test_every_file_that_is_a_link_is_replaced_and_not_written_through(run: RunDirectory, tmp_path: Path) -> None:
    victim = outside(tmp_path)
    before = contents(victim)
    info = run.read_info()
    for file in (run.info_file, run.snapshots_file, run.checkpoint_file):
        file.unlink()
        file.symlink_to(victim / "thesis.tex")
    run.write_info(info)
    write_npz(run.snapshots_file, {"step": [1]})
    write_npz(run.checkpoint_file, {"x": [1]})
    assert contents(victim) == before
    assert run.read_info() == info


def test_locking_a_run_makes_no_log(run: RunDirectory) -> None:
    run.metrics_file.unlink()
    run.lock()
    with pytest.raises(RunError, match=r"metrics\.jsonl has 0 rows, the checkpoint was written after 3"):
        run.keep_rows(3)
    run.release()
    assert not run.metrics_file.exists()


def test_drafts_that_a_kill_left_go_when_the_run_is_taken_up(run: RunDirectory) -> None:
    drafts = [run.path / f".{name}.0123abcd.new" for name in ("checkpoint.npz", "run.json")]
    notes = run.path / ".notes.0123abcd.new"
    for file in (*drafts, notes):
        file.touch()
    run.lock()
    run.release()
    assert [file.exists() for file in drafts] == [False, False]
    assert notes.exists()


# --- other versions -------------------------------------------------------------------------------


def as_written_by_0_1_0(run: RunDirectory) -> None:
    """Take out of its run.json what that version did not write."""
    info = json.loads(run.info_file.read_text())
    for key in ("format", "teacher_width", "rank", "activation"):
        del info[key]
    run.info_file.write_text(json.dumps(info))


def test_a_run_of_version_0_1_0_is_read(run: RunDirectory) -> None:
    now = run.read_info()
    as_written_by_0_1_0(run)
    assert run.read_info() == now.changed(teacher_width=None, rank=None, activation=None)
    run.info_file.write_text('{"status": "running"}')  # the least that it asked for
    assert run.read_info().status == "running"


def test_a_run_of_a_later_format_is_refused_and_left_as_it_is(run: RunDirectory) -> None:
    info = json.loads(run.info_file.read_text())
    run.info_file.write_text(json.dumps(info | {"format": 2, "versions": {"featlearn": "2.0.0"}}))
    with pytest.raises(
        RunError, match=r"run\.json has format 2, which featlearn 2\.0\.0 wrote, and featlearn 0\.1\.0 "
    ):
        run.read_info()


def test_a_seed_of_many_digits_is_refused_before_it_runs_and_read_where_a_run_has_it(
    config: Config, tmp_path: Path
) -> None:
    seed = int("9" * 400)
    with pytest.raises(ConfigError, match="seed: is too large for a number"):
        load_config(write(tmp_path, MINIMAL), [f"seed={seed}"])
    run = train(config, tmp_path / "runs").run
    run.info_file.write_text(json.dumps(json.loads(run.info_file.read_text()) | {"seed": seed}))
    assert run.read_info().seed == seed


def test_what_a_killed_process_left_in_the_runs_directory_goes_with_the_next_run(
    config: Config, tmp_path: Path
) -> None:
    def die_before_the_rename() -> None:
        Draft.publish_as = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign]
        create(tmp_path / "runs", config)

    child = in_child(die_before_the_rename)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert [path.name[:5] for path in (tmp_path / "runs").iterdir()] == [".new-"] * 2
    assert RunDirectory.all_in(tmp_path / "runs") == []
    run = create(tmp_path / "runs", config)
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {run.name, LATEST}


def without_the_third_row(content: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    return b"".join([*lines[:2], *lines[3:]])


@pytest.mark.parametrize(
    "cut", [without_the_third_row, lambda content: content[:-30], lambda content: b""], ids=["within", "torn", "all"]
)
def test_lost_rows_are_told_wherever_the_run_is_shown(cut: Callable[[bytes], bytes], run: RunDirectory) -> None:
    info = run.read_info()
    assert info.rows == len(run.read_whole_metrics())
    [line] = listing(run.path.parent)
    assert line.error is None
    run.metrics_file.write_bytes(cut(run.metrics_file.read_bytes()))
    with pytest.raises(RunError, match=rf"metrics\.jsonl .*; compute it again with: .* {run.config_file}$") as lost:
        run.read_whole_metrics()
    assert "\n" not in str(lost.value)
    [line] = listing(run.path.parent)
    assert line.status == info.status
    assert line.error == run.complaint(info) == str(lost.value)
    with pytest.raises(RunError, match=r"metrics\.jsonl has lost its end|is not what the run wrote"):
        load_metrics(run.path)


def test_a_log_that_is_gone_is_told(run: RunDirectory) -> None:
    run.metrics_file.unlink()
    [line] = listing(run.path.parent)
    assert line.status == run.read_info().status
    assert line.error == f"{run.metrics_file} is missing"
