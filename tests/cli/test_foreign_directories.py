"""Commands on directories that somebody else made: nothing in them is obeyed, nothing outside of them is touched."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from featlearn.cli.app import app
from featlearn.config.load import load_config
from featlearn.runs.directory import RunDirectory
from featlearn.runs.train import resume, train
from featlearn.training.events import Event
from featlearn.training.plan import Plan
from featlearn.views.console.run import ending_of_run
from tests.places import ROOT
from tests.storage.damage import contents, damage, outside, soon
from tests.views.examples import QUICKSTART, SHORT, new_run

ESCAPE, TURN = "\x1b", "\u202e"


def featlearn(*arguments: object) -> Result:
    """The command line in this process."""
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return new_run(tmp_path / "runs")


def test_no_text_of_theirs_is_obeyed_by_the_terminal(run: RunDirectory) -> None:
    evil = f"{ESCAPE}[31mred{TURN}\x9b2J\x07"
    info = json.loads(run.info_file.read_text())
    info |= {"name": evil, "message": evil, "status": "failed", "versions": {evil: evil}, "machine": {evil: evil}}
    info["stages"][0] |= {"name": evil, "stop_reason": evil}
    run.info_file.write_text(json.dumps(info | {"git": {"commit": evil}, "final": info["final"] | {"stage": evil}}))
    rows = [json.loads(line) | {"stage": evil} for line in run.metrics_file.read_text().splitlines()]
    run.metrics_file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    place = run.path.rename(run.path.with_name(f"2026{ESCAPE}[5m{TURN}"))
    where = place.parent
    for command in (
        ["show", place],
        ["show", place, "--json"],
        ["show", place.name, "--runs-dir", where],
        ["show", f"no such {evil}", "--runs-dir", where],
        ["runs", "--runs-dir", where],
        ["runs", "--runs-dir", where, "--json"],
        ["plot", place, "-f", "png"],
        ["report", place],
        ["train", "--resume", place],
    ):
        done = featlearn(*command)
        assert isinstance(done.exception, SystemExit | None), command
        assert done.output, command
        assert not {ESCAPE, TURN, "\x9b", "\x07"} & set(done.output), command
    assert json.loads(featlearn("show", place, "--json").stdout)["name"] == evil


def test_a_sweep_and_a_reproduction_are_no_different(tmp_path: Path) -> None:
    evil = f"{ESCAPE}[31m{TURN}"
    reproduction = tmp_path / "runs" / "copy"
    reproduction.mkdir(parents=True)
    info = json.loads((ROOT / "docs" / "reproduction" / "claims.json").read_text())
    info["claims"][0] |= {"sentence": evil, "message": evil, "edges": [evil], "passed": False}
    info["claims"][0]["checks"][0] |= {"measures": evil, "threshold": evil, "passed": False}
    (reproduction / "claims.json").write_text(json.dumps(info | {"machine": {evil: evil}}))
    for command in (
        ["show", reproduction],
        ["show", reproduction, "--json"],
        ["runs", "--runs-dir", tmp_path / "runs"],
    ):
        done = featlearn(*command)
        assert done.exit_code == 0
        assert not {ESCAPE, TURN} & set(done.output), command


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Glyph", "ignore:overflow")  # of matplotlib
@pytest.mark.parametrize("seed", range(50))
def test_commands_on_damaged_reproductions_end_with_a_line(seed: int, tmp_path: Path) -> None:
    info = json.loads((ROOT / "docs" / "reproduction" / "claims.json").read_text())
    claim = next(claim for claim in info["claims"] if claim["panel"] is not None)
    reproduction = tmp_path / "runs" / "copy"
    (reproduction / "sweeps").mkdir(parents=True)
    text = json.dumps(info | {"claims": [claim], "wanted": [claim["id"]]})
    (reproduction / "claims.json").write_text(text)
    victim = outside(tmp_path)
    before = contents(victim)
    told = damage(reproduction, victim, seed)
    with soon(60):
        for command in (
            ["show", reproduction],
            ["show", reproduction, "--json"],
            ["runs", "--runs-dir", tmp_path / "runs"],
            ["plot", reproduction],
            ["report", reproduction],
            ["reproduce", "--resume", reproduction, "--quiet"],
        ):
            done = featlearn(*command)
            assert isinstance(done.exception, SystemExit | None), (told, command)
            assert done.exit_code == 0 or (done.exit_code in (1, 2) and done.stderr), (told, command)
    assert contents(victim) == before, told
    assert {path.name for path in tmp_path.iterdir()} == {"runs", "victim"}


@pytest.mark.slow
def test_links_are_not_written_through(run: RunDirectory, tmp_path: Path) -> None:
    victim = outside(tmp_path)
    before = contents(victim)
    for name in ("report.html", ".report.html.new"):
        (run.path / name).symlink_to(victim / "thesis.tex")
    run.figures.symlink_to(victim)
    assert featlearn("report", run.path).exit_code == 0
    assert run.report_file.stat().st_size > 1e6
    refused = featlearn("plot", run.path, "-f", "png")
    assert (refused.exit_code, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)
    assert "figures is a link" in refused.stderr
    assert featlearn("plot", run.path, "-f", "png", "--out", tmp_path / "elsewhere").exit_code == 0
    assert contents(victim) == before


@pytest.mark.slow
def test_three_reports_at_a_time_all_succeed(run: RunDirectory) -> None:
    command = [sys.executable, "-m", "featlearn", "report", str(run.path)]
    pipe = subprocess.PIPE
    for _ in range(3):
        reports = [subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True) for _ in range(3)]
        told = [report.communicate(timeout=120) for report in reports]
        assert [report.returncode for report in reports] == [0, 0, 0], told
    assert [path.name for path in run.path.glob(".*")] == [".lock"]


@pytest.mark.parametrize("name", ["config.yaml", "run.json", "metrics.jsonl", "checkpoint.npz", "snapshots.npz"])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(name: str, run: RunDirectory) -> None:
    info = json.loads(run.info_file.read_text())
    run.info_file.write_text(json.dumps(info | {"status": "interrupted"}))
    (run.path / name).unlink()
    os.mkfifo(run.path / name)
    with soon(60):
        for command in (["train", "--resume", run.path], ["show", run.path], ["report", run.path]):
            done = featlearn(*command)
            assert isinstance(done.exception, SystemExit | None), command
    assert featlearn("train", "--resume", run.path).exit_code in (1, 2)


def test_a_run_that_was_moved_while_it_went_on_is_not_resumed_by_a_path_that_is_gone(tmp_path: Path) -> None:
    moved = tmp_path / "moved"

    def move(run: RunDirectory, plan: Plan, event: Event) -> None:
        if run.path.is_dir() and event.position.step > 100:
            run.path.rename(moved)

    result = train(load_config(QUICKSTART, SHORT), tmp_path / "runs", move)
    assert result.status == "failed"
    told = ending_of_run(result.run, result.info)
    assert "its directory was moved or removed meanwhile" in told
    assert "--resume" not in told
    assert RunDirectory(moved).read_info().status == "running"
    assert resume(RunDirectory(moved)).status == "done"
