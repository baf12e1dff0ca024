"""A sweep that somebody else has edited changes nothing outside of itself, and removes nothing but its own runs."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from featlearn.claims.evidence import Evidence
from featlearn.claims.listing import listing
from featlearn.runs.directory import RunDirectory
from featlearn.storage.errors import RunError
from featlearn.sweeps.begin import begin
from featlearn.sweeps.directory import WHOLE, Shard, SweepDirectory
from featlearn.sweeps.load import load_sweep
from featlearn.sweeps.points import Job, compute
from featlearn.sweeps.results import load_results
from featlearn.views.data.sweep import read_sweep
from featlearn.views.report.sweep import sweep_page
from tests.places import ROOT
from tests.sweeps.small import run, sweep_file, table

Contents = dict[str, str | bytes | None]


def contents(place: Path) -> Contents:
    """Everything at and below a place: the bytes of its files, where its links lead, None for its directories."""
    found: Contents = {}
    for path in (place, *place.rglob("*")):
        name = str(path.relative_to(place))
        found[name] = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
    return found


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> SweepDirectory:
    """A sweep of three points, all done, each with its run."""
    place = tmp_path_factory.mktemp("finished")
    directory = begin(load_sweep(sweep_file(place, "seeds: 3")), place / "runs")
    assert run(directory).state.counts == {"done": 3}
    return directory


@pytest.fixture
def sweep(finished: SweepDirectory, tmp_path: Path) -> SweepDirectory:
    """A copy of it, to edit."""
    return SweepDirectory(shutil.copytree(finished.path, tmp_path / "sweeps" / "copy"))


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Path]:
    """A directory that is none of our business, and is the same after the test."""
    place = tmp_path / "victim"
    (place / "chapters").mkdir(parents=True)
    (place / "thesis.tex").write_text("years of work")
    (place / "chapters" / "one.tex").write_text("more of it\nand a line without its end")
    before = contents(place)
    yield place
    assert contents(place) == before


def edit(file: Path, line: int, **changes: object) -> None:
    """Change some fields of a line of JSON lines, counted from 1."""
    lines = file.read_text().splitlines()
    lines[line - 1] = json.dumps(json.loads(lines[line - 1]) | changes)
    file.write_text("\n".join(lines) + "\n")


def forget(sweep: SweepDirectory, point: str) -> None:
    """Let a point be one that has not ended."""
    journal = sweep.journal_file(WHOLE)
    kept = [line for line in journal.read_text().splitlines() if json.loads(line)["id"] != point]
    journal.write_text("".join(f"{line}\n" for line in kept))


def surroundings(sweep: SweepDirectory) -> Contents:
    """What lies around the sweep, and in the place of its point p0001."""
    place, taken = sweep.path.parents[1], sweep.runs / "p0001"
    found = contents(place)
    inner, kept = str(sweep.path.relative_to(place)), str(taken.relative_to(place))
    return {name: held for name, held in found.items() if name.startswith(kept) or not name.startswith(inner)}


# --- ids ----------------------------------------------------------------------------------------

IDS = {
    "relative": lambda victim: "../../../victim",
    "absolute": str,
    "parent": lambda victim: "..",
    "dot": lambda victim: ".",
    "empty": lambda victim: "",
    "slash": lambda victim: "p0001/..",
    "slash at the end": lambda victim: "p0001/",
    "inner": lambda victim: "p0001/figures",
    "null character": lambda victim: "p0001\0",
    "line feed": lambda victim: "p0001\n",
    "hidden": lambda victim: ".0001",
    "digits of another script": lambda victim: "٠٠٠١",
    "more digits": lambda victim: "00001",
    "beyond the last": lambda victim: "p0003",
    "sign": lambda victim: "+001",
}
evil_ids = pytest.mark.parametrize("evil", IDS.values(), ids=IDS)


@evil_ids
def test_a_manifest_with_an_id_that_no_sweep_makes_is_refused(
    evil: Callable[[Path], str], sweep: SweepDirectory, victim: Path
) -> None:
    forget(sweep, "p0001")
    shutil.rmtree(sweep.runs / "p0001")
    edit(sweep.manifest_file, 2, id=evil(victim))
    before = contents(sweep.runs)
    for read in (lambda: run(sweep), lambda: load_results(sweep.path), lambda: read_sweep(sweep)):
        with pytest.raises(RunError, match=r"manifest\.jsonl:2: .*'p0001'") as caught:
            read()
        assert "\n" not in str(caught.value)
    assert contents(sweep.runs) == before


@evil_ids
def test_a_journal_with_an_id_that_no_sweep_makes_is_refused(
    evil: Callable[[Path], str], sweep: SweepDirectory, victim: Path
) -> None:
    edit(sweep.journal_file(WHOLE), 3, id=evil(victim))
    before = contents(sweep.runs)
    for read in (lambda: run(sweep), lambda: run(sweep, retry_failed=True), lambda: load_results(sweep.path)):
        with pytest.raises(RunError, match=r"journal\.jsonl:3: .*p0000 to p0002") as caught:
            read()
        assert "\n" not in str(caught.value)
    assert contents(sweep.runs) == before
    [line] = listing(sweep.path.parent)
    assert (line.about, line.error) == (None, str(caught.value))


def test_the_journal_of_a_share_is_no_different(sweep: SweepDirectory, victim: Path) -> None:
    journal = sweep.journal_file(WHOLE).rename(sweep.journal_file(Shard(1, 2)))
    edit(journal, 1, id=str(victim))
    with pytest.raises(RunError, match=r"journal-1-of-2\.jsonl:1: "):
        run(sweep)


def test_two_points_with_one_id_are_refused(sweep: SweepDirectory) -> None:
    edit(sweep.manifest_file, 3, id="p0000")
    with pytest.raises(RunError, match=r"manifest\.jsonl:3: "):
        run(sweep)


def test_points_that_the_sweep_file_does_not_make_are_refused(sweep: SweepDirectory) -> None:
    lines = sweep.manifest_file.read_text().splitlines()
    more = json.dumps(json.loads(lines[0]) | {"id": "p0003"})
    sweep.manifest_file.write_text("\n".join([*lines, more]) + "\n")
    sweep.info_file.write_text(sweep.info_file.read_text().replace('"points": 3', '"points": 4'))
    with pytest.raises(RunError, match=r"manifest\.jsonl has 4 points, .*sweep\.yaml makes 3"):
        run(sweep)


@pytest.mark.parametrize("options", [[], ["--jobs", "2"]], ids=["serial", "jobs"])
def test_the_command_line_refuses_in_one_line(options: list[str], sweep: SweepDirectory, victim: Path) -> None:
    forget(sweep, "p0001")
    shutil.rmtree(sweep.runs / "p0001")
    edit(sweep.manifest_file, 2, id="../../../victim")
    command = [sys.executable, "-m", "featlearn", "sweep", "--resume", str(sweep.path), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "'../../../victim'" in done.stderr


@pytest.mark.parametrize("name", ["../../../victim", "..", ".", ""])
def test_the_engine_itself_takes_no_id_that_leads_elsewhere(name: str, sweep: SweepDirectory, victim: Path) -> None:
    point = next(load_sweep(sweep.sweep_file).points())
    assert point.config is not None
    before = contents(sweep.runs)
    for id in (name, str(victim)):
        [result] = compute([Job(id, point.config, again=True)], sweep.runs)
        assert (result.status, result.traceback) == ("failed", None)
        assert repr(id)[:50] in (result.message or "")
    assert contents(sweep.runs) == before


# --- what is in the place of a run --------------------------------------------------------------


def in_the_place_of_0001(sweep: SweepDirectory) -> Path:
    forget(sweep, "p0001")
    place = sweep.runs / "p0001"
    shutil.rmtree(place)
    return place


def a_directory(sweep: SweepDirectory, victim: Path) -> None:
    shutil.copytree(victim, in_the_place_of_0001(sweep))


def an_empty_directory(sweep: SweepDirectory, victim: Path) -> None:
    in_the_place_of_0001(sweep).mkdir()


def a_file(sweep: SweepDirectory, victim: Path) -> None:
    in_the_place_of_0001(sweep).write_text("mine")


def names_of_ours(sweep: SweepDirectory, victim: Path) -> None:
    """Files with the names of a run's, and somebody else's content."""
    place = in_the_place_of_0001(sweep)
    place.mkdir()
    for name in ("config.yaml", "run.json", "metrics.jsonl", "checkpoint.npz", "report.html"):
        (place / name).write_text("{}\n")


def the_run_of_another_point(sweep: SweepDirectory, victim: Path) -> None:
    shutil.copytree(sweep.runs / "p0000", in_the_place_of_0001(sweep))


def a_broken_run_with_notes(sweep: SweepDirectory, victim: Path) -> None:
    forget(sweep, "p0001")
    (sweep.runs / "p0001" / "run.json").write_text("{")
    (sweep.runs / "p0001" / "notes.txt").write_text("why it failed")


def a_link_to_a_directory(sweep: SweepDirectory, victim: Path) -> None:
    in_the_place_of_0001(sweep).symlink_to(victim)


def a_link_to_nothing(sweep: SweepDirectory, victim: Path) -> None:
    in_the_place_of_0001(sweep).symlink_to(victim / "nothing")


def a_link_to_its_finished_run(sweep: SweepDirectory, victim: Path) -> None:
    away = shutil.move(sweep.runs / "p0001", victim.parent / "away")
    forget(sweep, "p0001")
    (sweep.runs / "p0001").symlink_to(away)


def a_link_to_its_broken_run(sweep: SweepDirectory, victim: Path) -> None:
    a_link_to_its_finished_run(sweep, victim)
    (sweep.runs / "p0001" / "run.json").write_text("{")


def a_run_that_logs_elsewhere(sweep: SweepDirectory, victim: Path) -> None:
    """An unfinished run whose log, which going on cuts back, is a link."""
    forget(sweep, "p0001")
    info, log = sweep.runs / "p0001" / "run.json", sweep.runs / "p0001" / "metrics.jsonl"
    info.write_text(info.read_text().replace('"done"', '"running"'))
    log.unlink()
    log.symlink_to(victim / "chapters" / "one.tex")


FOREIGN = [
    a_directory,
    an_empty_directory,
    a_file,
    names_of_ours,
    the_run_of_another_point,
    a_broken_run_with_notes,
    a_link_to_a_directory,
    a_link_to_nothing,
    a_link_to_its_finished_run,
    a_link_to_its_broken_run,
    a_run_that_logs_elsewhere,
]


@pytest.mark.parametrize("foreign", FOREIGN, ids=lambda make: make.__name__)
def test_a_point_whose_place_is_taken_fails_alone(
    foreign: Callable[[SweepDirectory, Path], None], sweep: SweepDirectory, victim: Path
) -> None:
    forget(sweep, "p0002")
    foreign(sweep, victim)
    before = surroundings(sweep)
    for again in (False, True):
        result = run(sweep, retry_failed=again)
        assert result.state.counts == {"done": 2, "failed": 1}
        [failed] = [row for row in table(sweep) if row["status"] == "failed"]
        assert failed["id"] == "p0001"
        assert str(sweep.runs / "p0001") in failed["message"]
        assert "as it was" in failed["message"]
        assert "Error" not in failed["message"]
        assert surroundings(sweep) == before


@pytest.mark.slow
@pytest.mark.parametrize("foreign", [a_directory, a_link_to_a_directory], ids=lambda make: make.__name__)
def test_workers_leave_it_alone_too(
    foreign: Callable[[SweepDirectory, Path], None], sweep: SweepDirectory, victim: Path
) -> None:
    forget(sweep, "p0002")
    foreign(sweep, victim)
    before = surroundings(sweep)
    assert run(sweep, jobs=2).state.counts == {"done": 2, "failed": 1}
    assert surroundings(sweep) == before


def test_a_point_is_computed_once_its_place_is_free(sweep: SweepDirectory, victim: Path) -> None:
    whole = table(sweep)
    a_directory(sweep, victim)
    assert run(sweep).failures == 1
    (sweep.runs / "p0001").rename(victim.parent / "moved")
    assert run(sweep, retry_failed=True).state.counts == {"done": 3}
    assert table(sweep) == whole


def test_notes_beside_a_run_do_not_keep_it_from_going_on(sweep: SweepDirectory) -> None:
    whole = table(sweep)
    forget(sweep, "p0001")
    place = sweep.runs / "p0001"
    (place / "run.json").write_text((place / "run.json").read_text().replace('"done"', '"running"'))
    (place / "notes.txt").write_text("mine")
    assert run(sweep).state.counts == {"done": 3}
    assert table(sweep) == whole
    assert RunDirectory(place).read_info().resumed == 1
    assert (place / "notes.txt").read_text() == "mine"


def test_a_run_that_is_thrown_away_goes_with_its_figures_and_drafts(sweep: SweepDirectory) -> None:
    whole = table(sweep)
    forget(sweep, "p0001")
    place = sweep.runs / "p0001"
    (place / "run.json").write_text("{")
    (place / "figures").mkdir()
    for name in ("figures/loss.pdf", "report.html", ".checkpoint.npz.0123abcd.new"):
        (place / name).write_text("made from it")
    assert run(sweep).state.counts == {"done": 3}
    assert table(sweep) == whole
    kept = {"config.yaml", "run.json", "metrics.jsonl", "snapshots.npz", "checkpoint.npz"}
    assert {path.name for path in place.iterdir()} == {*kept, ".lock"}
    assert {path.name for path in sweep.runs.iterdir()} == {"p0000", "p0001", "p0002"}


def test_a_process_that_dies_while_it_removes_a_run_leaves_its_place_free(
    sweep: SweepDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = table(sweep)
    forget(sweep, "p0001")
    (sweep.runs / "p0001" / "run.json").write_text("{")

    def dies(path: Path, *arguments: object, **options: object) -> None:
        next(file for file in Path(path).rglob("*") if file.is_file()).unlink()
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", dies)
        with pytest.raises(SystemExit):
            run(sweep)
    assert run(sweep).state.counts == {"done": 3}
    assert table(sweep) == whole


# --- the directory of the runs, and who reads them ----------------------------------------------


def test_a_link_in_place_of_runs_is_refused(sweep: SweepDirectory, victim: Path) -> None:
    forget(sweep, "p0001")
    shutil.rmtree(sweep.runs)
    sweep.runs.symlink_to(victim)
    before = sweep.journal_file(WHOLE).read_bytes()
    for read in (lambda: run(sweep), lambda: sweep_page(read_sweep(sweep), lambda done, total: None)):
        with pytest.raises(RunError, match="runs is a link"):
            read()
    assert sweep.journal_file(WHOLE).read_bytes() == before


def test_a_report_and_a_measurement_do_not_follow_links_out_of_the_sweep(sweep: SweepDirectory, tmp_path: Path) -> None:
    shutil.move(sweep.runs / "p0001", tmp_path / "away")
    (sweep.runs / "p0001").symlink_to(tmp_path / "away")
    told: list[int] = []
    sweep_page(read_sweep(sweep), lambda done, total: told.append(total))
    assert set(told) == {2}
    with pytest.raises(RunError, match="p0001 is a link"):
        list(Evidence({"full": sweep}, {}).runs("full"))
