"""The sweep command, as people type it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.places import ROOT
from tests.sweeps.small import BASE, MIXED, sweep_file

LONG = "grid:\n  stages.local.steps: [300000000]\nseeds: 4\n"


def featlearn(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "featlearn", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT)


@pytest.mark.slow
def test_a_sweep_prints_its_table_and_what_failed(tmp_path: Path) -> None:
    file = sweep_file(tmp_path, MIXED + "store: summary\n")
    done = featlearn("sweep", "--config", file, "--runs-dir", tmp_path / "runs")
    assert done.returncode == 1
    assert "24 points: 6 diverged, 6 done, 12 failed" in done.stdout
    assert "teacher.rank: 4 is too much" in done.stdout
    assert "step_size" in done.stdout
    assert "6/24 done  18 failed" in done.stderr.replace("\n", " ") or "18 of 24 points failed" in done.stderr
    assert "--retry-failed" in done.stderr
    shown = featlearn("show", "--runs-dir", tmp_path / "runs")
    assert shown.stdout.split() == done.stdout.split()
    listed = featlearn("runs", "--runs-dir", tmp_path / "runs")
    assert "6 of 24" in listed.stdout
    [line] = json.loads(featlearn("runs", "--json", "--runs-dir", tmp_path / "runs").stdout)
    assert (line["status"], line["points"], line["done"]) == ("failed", 24, 6)


CLOSE = """\
grid:
  stages.local.momentum: [0.9995, 0.9999]
  stages.local.step_size: [0.050001, 0.050002, 0.050003, 0.050004]
seeds: 2
store: summary
"""


@pytest.mark.slow
def test_settings_that_round_alike_are_shown_apart(tmp_path: Path) -> None:
    base = BASE.replace("steps: 60, step_size: 0.2", "method: momentum, steps: 60, step_size: 0.2")
    file = sweep_file(tmp_path, CLOSE, base)
    runs: list[str | Path] = ["--runs-dir", tmp_path / "runs"]
    planned = featlearn("sweep", "--config", file, "--dry-run", *runs)
    assert "0.9995, 0.9999" in planned.stdout
    assert "0.050001, 0.050002, 0.050003, 0.050004" in planned.stdout
    done = featlearn("sweep", "--config", file, *runs)
    assert done.returncode == 0, done.stderr
    rows = [line.split()[:4] for line in done.stdout.splitlines() if line.startswith(" 0.999")]
    sizes = ("0.050001", "0.050002", "0.050003", "0.050004")
    assert rows == [[momentum, size, "2", "2"] for momentum in ("0.9995", "0.9999") for size in sizes]
    drawn = featlearn("plot", *runs, "--x", "step_size", "--metric", "loss", "--format", "svg", "--out", tmp_path)
    assert drawn.returncode == 0, drawn.stderr
    figure = (tmp_path / "loss-by-step_size.svg").read_text()
    assert all(f">{text}</text>" in figure for text in ("momentum = 0.9995", "momentum = 0.9999", *sizes))
    axis = "weight_decay: [0.001, 0.01, 0.1, 1.0]"
    decays = CLOSE.replace("step_size: [0.050001, 0.050002, 0.050003, 0.050004]", axis)
    sweep = featlearn("sweep", "--config", sweep_file(tmp_path / "decays", decays, base), *runs)
    assert sweep.returncode == 0, sweep.stderr
    slopes = featlearn("plot", *runs, "--x", "weight_decay", "--metric", "loss", "--format", "png").stdout
    assert [line.split(":")[0] for line in slopes.splitlines() if "slope" in line] == [
        "  slope at momentum 0.9995",
        "  slope at momentum 0.9999",
    ]
    page = featlearn("report", *runs)
    assert '"values":["0.9995","0.9999"]' in Path(page.stdout.strip()).read_text()


@pytest.mark.slow
def test_json_is_one_document(tmp_path: Path) -> None:
    file = sweep_file(tmp_path, "seeds: 2\nstore: summary\n")
    done = featlearn("sweep", "--config", file, "--runs-dir", tmp_path / "runs", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["counts"] == {"done": 2}
    assert Path(document["results"]).is_file()
    assert json.loads(featlearn("show", document["path"], "--json").stdout) == document


@pytest.mark.slow
def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    done = featlearn("sweep", "-c", sweep_file(tmp_path), "--dry-run", "--runs-dir", tmp_path / "runs")
    assert done.returncode == 0
    assert "24 points" in done.stdout
    assert "12 of them cannot run: teacher.rank: 4 is too much" in done.stdout
    assert re.search(r"about .* on \d+ cores?, by a short calibration, and [\d.]+ [kM]B on disk;", done.stdout)
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "status", "told"),
    [
        ([], 2, "--config FILE"),
        (["--config", "F", "--jobs", "2", "--scheduler", "tcp://x:1"], 2, "one of the two"),
        (["--config", "F", "--retry-failed"], 2, "--resume SWEEP"),
        (["--config", "F", "--shard", "3/2"], 2, "expected I/N"),
        (["--config", "F", "--shard", "a"], 2, "expected I/N"),
        (["--config", "F", "--jobs", "0"], 2, "--jobs"),
        (["--resume", "nothing"], 2, "there is no sweep 'nothing'"),
        (["--config", "nowhere.yaml"], 2, "no such file"),
        (["--config", "configs/quickstart.yaml"], 2, "featlearn train"),
        (["--config", "F", "--scheduler", "nonsense"], 1, "no Dask scheduler answers at nonsense"),
    ],
)
def test_a_wrong_command_line_is_told_in_one_line(options: list[str], status: int, told: str, tmp_path: Path) -> None:
    file = str(sweep_file(tmp_path, "seeds: 2\nstore: summary\n"))
    done = featlearn("sweep", *[file if o == "F" else o for o in options], "--runs-dir", tmp_path / "runs")
    assert done.returncode == status
    assert told in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--jobs", "2"]], ids=["serial", "jobs"])
def test_ctrl_c_leaves_a_sweep_that_says_how_to_go_on(options: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "featlearn", "sweep", "--config", str(sweep_file(tmp_path, LONG)), *options]
    process = subprocess.Popen(
        [*command, "--runs-dir", str(tmp_path / "runs")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not list((tmp_path / "runs").glob("2*/runs/p0000/run.json")) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers, too
    shown, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert re.search(r"interrupted with [0-3] of 4 points; go on with: featlearn sweep --resume", told)
    assert (shown + told).count("go on with") == 1
    assert "Traceback" not in told
    deadline = time.monotonic() + 10
    while workers_of(process.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert workers_of(process.pid) == []


def workers_of(group: int) -> list[int]:
    """The processes of a process group that go on."""
    found = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


@pytest.mark.slow
def test_two_resumes_at_once_and_a_stale_claim(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    command = [sys.executable, "-m", "featlearn", "sweep", "-q", "--config", str(sweep_file(tmp_path, LONG))]
    process = subprocess.Popen([*command, "--runs-dir", str(runs)], cwd=ROOT)
    try:
        deadline = time.monotonic() + 60
        while not list(runs.glob("2*/runs/p0003/run.json")) and time.monotonic() < deadline:
            time.sleep(0.1)
        second = featlearn("sweep", "--resume", "latest", "--runs-dir", runs)
        assert second.returncode == 1
        assert second.stderr.count("\n") == 1
        assert "is being worked on by another process" in second.stderr
    finally:
        process.kill()
        process.wait()
    short = "grid:\n  stages.local.steps: [3000001]\nseeds: 4\n"
    changed = featlearn("sweep", "--resume", "latest", "--runs-dir", runs, "-c", sweep_file(tmp_path, short))
    assert changed.returncode == 1
    assert "+  stages.local.steps: [3000001]" in changed.stderr
    listed = featlearn("runs", "--runs-dir", runs)
    assert "interrupted, 0 of 4" in listed.stdout


@pytest.mark.slow
def test_shares_typed_as_in_a_job_array_fill_one_table(tmp_path: Path) -> None:
    file = sweep_file(tmp_path, "seeds: 6\nstore: summary\n")
    command = [sys.executable, "-m", "featlearn", "sweep", "-q", "--config", str(file)]
    shares = [
        subprocess.Popen([*command, "--shard", f"{i}/3", "--runs-dir", str(tmp_path / "runs")], cwd=ROOT)
        for i in (1, 2, 3)
    ]
    assert [share.wait(timeout=120) for share in shares] == [0, 0, 0]
    [results] = (tmp_path / "runs").glob("2*/results.csv")
    assert len(results.read_text().splitlines()) == 7
