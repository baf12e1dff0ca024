"""Sweep directories: shares and the whole keep each other out, and whatever was done to the files is one line."""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from featlearn.runs.records import PointResult
from featlearn.runs.statuses import Ended
from featlearn.storage.errors import RunError
from featlearn.sweeps.begin import join
from featlearn.sweeps.directory import WHOLE, Shard, SweepDirectory, _status, one_at_a_time
from featlearn.sweeps.load import load_sweep
from featlearn.sweeps.records import SweepBrief
from featlearn.sweeps.results import load_results
from tests.runs.killing import in_child
from tests.storage.damage import contents, damage, outside, soon, value_or_refusal
from tests.sweeps.small import new_sweep, run, sweep_file


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> SweepDirectory:
    """A sweep of which all points have ended, with a point that diverged and one that cannot be."""
    text = "grid:\n  stages.local.step_size: [0.2, 1000]\n  teacher.rank: [2, 4]\nstore: summary\n"
    directory = new_sweep(tmp_path_factory.mktemp("finished"), text)
    run(directory)
    return directory


@pytest.fixture
def sweep(finished: SweepDirectory, tmp_path: Path) -> SweepDirectory:
    """A copy of it, to damage."""
    return SweepDirectory(shutil.copytree(finished.path, tmp_path / "sweeps" / "copy"))


# --- locks ----------------------------------------------------------------------------------------


def refused(directory: SweepDirectory, shard: Shard) -> None:
    with pytest.raises(RunError, match="being worked on by another process"):
        directory.lock(shard, patience=0.05)


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("featlearn.sweeps.directory._TURN", 0.1)


@pytest.mark.usefixtures("_impatient")
def test_the_whole_and_its_shares_keep_each_other_out(sweep: SweepDirectory) -> None:
    first, second, third = (SweepDirectory(sweep.path) for _ in range(3))
    first.lock(WHOLE)
    for shard in (WHOLE, Shard(1, 2), Shard(2, 2), Shard(1, 3)):
        refused(second, shard)
    first.release()
    first.lock(Shard(1, 2))
    refused(second, Shard(1, 2))
    refused(second, WHOLE)
    second.lock(Shard(2, 2))
    refused(third, WHOLE)
    first.release()
    refused(third, WHOLE)
    assert third.is_locked()
    second.release()
    assert not third.is_locked()
    third.lock(WHOLE)
    third.release()


def test_a_killed_share_leaves_nothing_locked(sweep: SweepDirectory) -> None:
    def hold() -> None:
        sweep.lock(Shard(1, 4))
        time.sleep(600)

    child = in_child(hold)
    while not (sweep.path / ".lock-1-of-4").exists() or not sweep.is_locked():
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert not sweep.is_locked()
    sweep.lock(WHOLE)
    sweep.release()


def test_many_shares_that_begin_at_once_all_begin(sweep: SweepDirectory) -> None:
    def work(number: int) -> None:
        directory = SweepDirectory(sweep.path)
        for _ in range(10):
            directory.lock(Shard(number, 8))
            directory.release()

    children = [in_child(lambda number=number: work(number)) for number in range(1, 9)]  # type: ignore[misc]
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 8


def test_a_lock_that_is_refused_holds_nothing_and_makes_no_journal(sweep: SweepDirectory) -> None:
    other = SweepDirectory(sweep.path)
    other.lock(Shard(1, 2))
    sweep.journal_file(WHOLE).unlink()
    with pytest.raises(RunError, match=r"which holds \.lock-1-of-2"):
        sweep.lock(WHOLE)
    assert not sweep.journal_file(WHOLE).exists()
    third = SweepDirectory(sweep.path)
    third.lock(Shard(2, 2))
    third.release()
    other.release()


def test_who_begins_a_sweep_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = load_sweep(sweep_file(tmp_path, "seeds: 2"))
    monkeypatch.setattr("featlearn.sweeps.directory._BEGINNING", 0.1)
    with (
        one_at_a_time(tmp_path / "runs"),
        pytest.raises(RunError, match=r"begins a sweep in .* and does not come to an end: it holds .*\.shards\.lock"),
    ):
        join(asked, tmp_path / "runs", Shard(1, 2))
    assert join(asked, tmp_path / "runs", Shard(1, 2)).path.is_dir()


def test_the_whole_is_joined_even_when_it_is_done(tmp_path: Path) -> None:
    """Claims that name the same sweep share its runs; a share that is done begins anew instead."""
    asked, runs_dir = load_sweep(sweep_file(tmp_path, "seeds: 2\nstore: summary")), tmp_path / "runs"
    whole = join(asked, runs_dir, WHOLE)
    run(whole)
    assert join(asked, runs_dir, WHOLE).path == whole.path
    for number in (1, 2):
        run(join(asked, runs_dir, Shard(number, 2)), Shard(number, 2))
    shares = join(asked, runs_dir, Shard(1, 2))
    assert shares.path != whole.path
    assert not shares.has_begun(Shard(1, 2))


# --- what others have done to it ------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(60))
def test_whatever_the_damage_reading_gives_a_value_or_one_line(
    seed: int, sweep: SweepDirectory, tmp_path: Path
) -> None:
    victim = outside(tmp_path)
    before = contents(victim)
    told = damage(sweep.path, victim, seed)
    with soon():
        for read in (
            sweep.read_info,
            sweep.read_manifest,
            sweep.read_results,
            sweep.check_runs,
            lambda: sweep.brief(alive=False),
            lambda: SweepDirectory.find("copy", sweep.path.parent),
            lambda: load_results(sweep.path),
            lambda: load_results(sweep.results_file),
            lambda: sweep.lock(WHOLE),
        ):
            value_or_refusal(read)
        sweep.release()
        assert not sweep.is_locked()
        assert len(SweepDirectory.all_in(sweep.path.parent)) <= 1
    assert contents(victim) == before, told


def test_the_damages_are_of_all_kinds_and_most_are_noticed(finished: SweepDirectory, tmp_path: Path) -> None:
    """Else the test above would say nothing."""
    noticed, kinds = 0, set()
    for seed in range(60):
        place = tmp_path / str(seed)
        sweep = SweepDirectory(shutil.copytree(finished.path, place / "sweeps" / "copy"))
        kinds.add(damage(sweep.path, outside(place), seed).split(":")[0])
        reads: list[Callable[[], object]] = [sweep.read_info, sweep.read_manifest, sweep.read_results]
        noticed += any(isinstance(value_or_refusal(read), RunError) for read in reads)
    assert len(kinds) >= 12
    assert noticed >= 20


@pytest.mark.parametrize("name", ["journal.jsonl", "manifest.jsonl", "results.csv", ".lock", ".lock-results"])
def test_a_file_that_is_a_link_is_not_written_through(name: str, sweep: SweepDirectory, tmp_path: Path) -> None:
    victim = outside(tmp_path)
    before = contents(victim)
    file = sweep.path / name
    file.unlink(missing_ok=True)
    file.symlink_to(victim / "chapters" / "one.tex")
    value_or_refusal(lambda: run(sweep, retry_failed=True))
    assert contents(victim) == before
    file.unlink()
    file.symlink_to(victim / "nothing")
    value_or_refusal(lambda: run(sweep, retry_failed=True))
    assert contents(victim) == before


def test_no_cell_of_the_results_is_a_formula_and_all_are_read_back(sweep: SweepDirectory) -> None:
    evil = ["=HYPERLINK(1)", "+1", "-2", "@SUM(A1)", "'=x", "0012"]
    entries, results = sweep.read_manifest(), sweep.read_results()
    point = entries[0].id
    for text in evil:
        values = {"student": text, "seed": 0}
        message = PointResult(id=point, config_hash="x", status="failed", message=text)
        sweep.write_results(["student", "seed"], [entries[0].changed(values=values)], results | {point: message})
        last = sweep.results_file.read_text().splitlines()[-1].split(",")
        assert not any(cell[:1] in "=+-@" for cell in last if cell and not cell.replace(".", "").isdecimal())
        columns = load_results(sweep.results_file)
        assert (columns["student"].tolist(), columns["message"].tolist()) == ([text], [text])
        assert columns["id"].tolist() == [point]
    sweep.write_results(["=1+1", "seed"], [entries[0].changed(values={"=1+1": -5, "seed": 0})], results)
    assert sweep.results_file.read_text().startswith("id,'=1+1,seed,")
    assert load_results(sweep.results_file)["=1+1"].tolist() == [-5]


# --- other versions -------------------------------------------------------------------------------


def test_a_sweep_of_version_0_1_0_is_read_and_gone_on_with(sweep: SweepDirectory) -> None:
    now, info = sweep.read_info(), json.loads(sweep.info_file.read_text())
    del info["format"]
    sweep.info_file.write_text(json.dumps(info))
    assert sweep.read_info() == now
    assert run(sweep).state.computed == 0
    brief = sweep.brief(alive=False)
    assert isinstance(brief, SweepBrief)
    assert (brief.status, brief.points, brief.ended, brief.done) == ("failed", 4, 4, 1)


@pytest.mark.parametrize(
    ("ended", "status"),
    [
        (["done", "diverged", "done"], "diverged"),
        (["diverged", "failed", "done"], "failed"),
        (["done", "done", "done"], "done"),
        (["done", "failed"], "interrupted"),
    ],
)
def test_a_sweep_whose_points_diverged_has_not_failed(sweep: SweepDirectory, ended: list[Ended], status: str) -> None:
    info = sweep.read_info().changed(points=3)
    assert _status(info, ended) == status
    searching = info.changed(most_points=40, searching=True)
    assert _status(searching, ended) == "interrupted"
    assert _status(searching.changed(searching=False), ended) == ("done" if status == "diverged" else status)


def test_a_sweep_of_a_later_format_is_refused(sweep: SweepDirectory) -> None:
    info = json.loads(sweep.info_file.read_text())
    sweep.info_file.write_text(json.dumps(info | {"format": 7}))
    for read in (sweep.read_info, sweep.read_manifest, sweep.read_results, lambda: run(sweep)):
        with pytest.raises(RunError, match=r"sweep\.json has format 7, which featlearn 0\.1\.0 wrote"):
            read()
