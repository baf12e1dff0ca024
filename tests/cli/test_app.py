"""The command line as a real process: exit status, streams, and what is on disk afterwards."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.config.broken import MINIMAL, Broken, write
from tests.config.test_load import BROKEN
from tests.places import ROOT
from tests.places import TRUTH as TRUTHS

FEATLEARN = [sys.executable, "-m", "featlearn"]
TRUTH = TRUTHS / "trajectory.json"


def featlearn(*arguments: object, cwd: Path, **options: object) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "FEATLEARN_RUNS"}
    environment["PYTHONPATH"] = str(ROOT)
    return subprocess.run(  # type: ignore[call-overload]
        [*FEATLEARN, *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        **options,
    )


def test_train_runs_shows_and_lists(tmp_path: Path) -> None:
    write(tmp_path, MINIMAL)
    done = featlearn("train", "--config", "config.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "done after" in done.stdout
    assert "step 20/20" in done.stderr  # progress off a terminal: plain lines
    assert "\x1b" not in done.stdout + done.stderr

    shown = featlearn("show", cwd=tmp_path)
    assert shown.returncode == 0
    assert "minimal" in shown.stdout
    assert re.search(r"floors: random features \S+ \(\d+% of ‖f\*‖²\), NTK \S+ \(\d+%\)", shown.stdout)
    assert "floors: " in done.stdout
    listed = featlearn("runs", "--json", cwd=tmp_path)
    (entry,) = json.loads(listed.stdout)
    assert entry["status"] == "done"
    assert entry["alive"] is False
    assert Path(entry["path"]).name in featlearn("runs", cwd=tmp_path).stdout


def test_json_prints_one_document_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, MINIMAL)
    done = featlearn("train", "-c", "config.yaml", "--json", "--set", "seed=5", "--runs-dir", "elsewhere", cwd=tmp_path)
    document = json.loads(done.stdout)
    assert done.stderr == ""
    assert document["status"] == "done"
    assert document["seed"] == 5
    assert document["final"]["step"] == 20
    assert Path(document["path"]).parent.name == "elsewhere"
    assert json.loads(featlearn("show", document["path"], "--json", cwd=tmp_path).stdout) == document


def test_quiet_prints_nothing(tmp_path: Path) -> None:
    write(tmp_path, MINIMAL)
    done = featlearn("train", "-c", "config.yaml", "--quiet", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("case", BROKEN[::3], ids=lambda case: case.name)
def test_a_broken_configuration_exits_2_and_writes_nothing(case: Broken, tmp_path: Path) -> None:
    path = case.make(tmp_path)
    done = featlearn("train", "--config", path, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    for place, key, word in case.expected:
        assert any(f":{place}: {key}: " in line and word in line for line in done.stderr.splitlines())
    assert not (tmp_path / "runs").exists()


def test_usage_errors_exit_2(tmp_path: Path) -> None:
    write(tmp_path, MINIMAL)
    for arguments in (
        ["train"],
        ["train", "-c", "config.yaml", "--resume", "latest"],
        ["train", "--resume", "latest", "--set", "seed=1"],
        ["no-such-command"],
        ["show", "no-such-run"],
    ):
        done = featlearn(*arguments, cwd=tmp_path)
        assert done.returncode == 2, arguments
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "runs").exists()


def test_a_large_step_diverges_with_exit_1_and_advice(tmp_path: Path) -> None:
    write(tmp_path, MINIMAL)
    done = featlearn("train", "-c", "config.yaml", "--set", "stages.go.step_size=1e3", cwd=tmp_path)
    assert done.returncode == 1
    assert "diverged at step" in done.stderr
    assert "--set stages.go.step_size=100" in done.stderr
    run = (tmp_path / "runs" / "latest").resolve()
    assert json.loads((run / "run.json").read_text())["status"] == "diverged"
    assert len((run / "metrics.jsonl").read_text().splitlines()) >= 2


@pytest.mark.parametrize("backend", ["fused", "torch"])
@pytest.mark.parametrize("number", [0, 1])
def test_the_truth_trajectories_through_the_command_line(number: int, backend: str, tmp_path: Path) -> None:
    case = json.loads(TRUTH.read_text())[number]
    write(tmp_path, json.dumps(case["config"]))
    arguments = ["train", "-c", "config.yaml", "--json", "--set", f"backend={backend}"]
    document = json.loads(featlearn(*arguments, cwd=tmp_path).stdout)
    assert document["backend"] == backend
    for name, value in case["final"].items():
        assert document["final"][name] == pytest.approx(value, rel=1e-8), name


LONG = MINIMAL.replace("steps: 20", "steps: 1000000000")  # minutes at the least: it cannot end during a test


@contextmanager
def started(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A long run that has logged a few rows; it is killed at the end if it still goes on."""
    write(tmp_path, LONG)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [*FEATLEARN, "train", "-c", "config.yaml", "--set", "log.points=2000"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=tmp_path, env=environment, text=True, stdout=pipe, stderr=pipe) as process:
        try:
            metrics = tmp_path / "runs" / "latest" / "metrics.jsonl"
            until = time.monotonic() + 60
            while not (metrics.exists() and len(metrics.read_bytes().splitlines()) > 5):
                assert time.monotonic() < until
                assert process.poll() is None, process.communicate()
                time.sleep(0.02)
            yield process, metrics.parent.resolve()
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_checkpoint_and_exit_130(number: signal.Signals, tmp_path: Path) -> None:
    with started(tmp_path) as (process, run):
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"go on with: featlearn train --resume runs/{run.name}" in errors
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"


def test_a_killed_run_is_shown_as_stopped_and_can_go_on(tmp_path: Path) -> None:
    with started(tmp_path) as (_, run):
        assert "running" in featlearn("runs", cwd=tmp_path).stdout
        refused = featlearn("train", "--resume", "latest", cwd=tmp_path)
        assert refused.returncode == 1
        assert "being worked on by another process" in refused.stderr
    assert "stopped" in featlearn("runs", cwd=tmp_path).stdout
    rows = len((run / "metrics.jsonl").read_bytes().splitlines())
    assert rows > 5


class TestNoRoom:
    def test_an_unwritable_runs_directory_is_one_clear_line(self, tmp_path: Path) -> None:
        write(tmp_path, MINIMAL)
        (tmp_path / "runs").write_text("a file where the directory should be")
        done = featlearn("train", "-c", "config.yaml", cwd=tmp_path)
        assert done.returncode == 1
        assert done.stderr.splitlines() == ["cannot make a run directory in runs: File exists"]

    def test_a_full_disk_is_one_clear_line_and_keeps_what_was_logged(self, tmp_path: Path) -> None:
        """A limit on the size of files stands in for the full disk: writing fails in the same places."""
        write(tmp_path, MINIMAL)

        def limit() -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))

        done = featlearn("train", "-c", "config.yaml", cwd=tmp_path, preexec_fn=limit)
        assert done.returncode == 1
        (line,) = [text for text in done.stderr.splitlines() if "failed" in text]
        assert "File too large" in line
        assert "go on with: featlearn train --resume" in line
        assert "Traceback" not in done.stderr
        again = featlearn("train", "--resume", "latest", cwd=tmp_path)
        assert again.returncode == 0, again.stderr


def test_schema_is_a_schema_of_the_configuration(tmp_path: Path) -> None:
    schema = json.loads(featlearn("schema", cwd=tmp_path).stdout)
    assert {"teacher", "student", "stages"} <= set(schema["required"])
    assert schema["additionalProperties"] is False


def test_check_passes_here(tmp_path: Path) -> None:
    done = featlearn("check", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "FAIL" not in done.stdout
    assert done.stdout.splitlines()[-1].endswith("checks passed")


def test_the_output_of_runs_can_be_cut_off(tmp_path: Path) -> None:
    write(tmp_path, MINIMAL)
    for seed in range(2):
        featlearn("train", "-c", "config.yaml", "-q", "--set", f"seed={seed}", cwd=tmp_path)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = f"{sys.executable} -m featlearn runs | true"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
