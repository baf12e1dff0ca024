"""The command train: what it prints, its exit status, and what is on disk afterwards, whatever happens."""

import json
import re
import resource
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import ENVIRONMENT, FEATLEARN, featlearn, invoked
from tests.config.broken import MINIMAL, Broken, place_and_key, write
from tests.places import ROOT
from tests.places import TRUTH as TRUTHS

TRUTH = TRUTHS / "trajectory.json"
BROKEN: list[Broken] = [
    case
    for path in sorted((ROOT / "tests" / "config").glob("test_*.py"))
    for case in getattr(import_module(f"tests.config.{path.stem}"), "BROKEN", ())
]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place where the commands are given, with the minimal configuration in it."""
    write(tmp_path, MINIMAL)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def the_run(place: Path) -> Path:
    return (place / "runs" / "latest").resolve()


@pytest.mark.slow
def test_train_tells_its_progress_and_its_end(tmp_path: Path) -> None:
    write(tmp_path, MINIMAL)
    done = featlearn("train", "--config", "config.yaml", "--set", "log.floors=true", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "done after" in done.stdout
    assert "floors: " in done.stdout
    assert "step 20/20" in done.stderr  # progress off a terminal: plain lines
    assert "\x1b" not in done.stdout + done.stderr
    assert json.loads((the_run(tmp_path) / "run.json").read_text())["status"] == "done"


def test_json_prints_one_document_and_nothing_else(here: Path) -> None:
    done = invoked("train", "-c", "config.yaml", "--json", "--set", "seed=5", "--runs-dir", "elsewhere")
    document = json.loads(done.stdout)
    assert done.stderr == ""
    assert document["status"] == "done"
    assert document["seed"] == 5
    assert document["final"]["step"] == 20
    assert Path(document["path"]).parent.name == "elsewhere"
    assert json.loads(invoked("show", document["path"], "--json").stdout) == document


def test_quiet_prints_nothing(here: Path) -> None:
    done = invoked("train", "-c", "config.yaml", "--quiet")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")
    assert the_run(here).is_dir()


def must_be_told(case: Broken, status: int, output: str, errors: str, place: Path) -> None:
    assert (status, output) == (2, "")
    assert "Traceback" not in errors
    for where, key, word in case.expected:
        assert any(place_and_key(where, key) in line and word in line for line in errors.splitlines())
    assert not (place / "runs").exists()


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_a_broken_configuration_exits_2_and_writes_nothing(
    case: Broken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = invoked("train", "--config", case.make(tmp_path))
    must_be_told(case, done.exit_code, done.stdout, done.stderr, tmp_path)


@pytest.mark.parametrize("case", BROKEN[::20], ids=lambda case: case.name)
def test_a_process_with_a_broken_configuration_does_the_same(case: Broken, tmp_path: Path) -> None:
    done = featlearn("train", "--config", case.make(tmp_path), cwd=tmp_path)
    must_be_told(case, done.returncode, done.stdout, done.stderr, tmp_path)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "give one of the two: --config FILE for a new run, --resume RUN to go on with one"),
        (["-c", "config.yaml", "--resume", "latest"], "give one of the two"),
        (["--resume", "latest", "--set", "seed=1"], "--set changes a configuration, and a resumed run keeps its own"),
        (["--resume", "latest"], "there is no run 'latest'"),
        (["-c", "config.yaml", "--set", "seed"], "--set seed: seed: is not key.path=value"),
    ],
)
def test_usage_errors_exit_2_and_write_nothing(arguments: list[str], told: str, here: Path) -> None:
    done = invoked("train", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in " ".join(done.stderr.replace("│", " ").split())
    assert isinstance(done.exception, SystemExit)
    assert not (here / "runs").exists()


def test_a_large_step_diverges_with_exit_1_and_advice(here: Path) -> None:
    done = invoked("train", "-c", "config.yaml", "--set", "stages.go.step_size=1e3")
    assert done.exit_code == 1
    assert "diverged at step" in done.stderr
    assert "--set stages.go.step_size=100" in done.stderr
    run = the_run(here)
    assert json.loads((run / "run.json").read_text())["status"] == "diverged"
    assert len((run / "metrics.jsonl").read_text().splitlines()) >= 2


def test_a_finished_run_is_not_resumed(here: Path) -> None:
    assert invoked("train", "-c", "config.yaml", "-q").exit_code == 0
    done = invoked("train", "--resume", "latest")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [f"{the_run(here)} has status done: there is nothing to resume"]


@pytest.mark.parametrize("backend", ["fused", "torch"])
@pytest.mark.parametrize("number", [0, 1])
def test_the_truth_trajectories_through_the_command_line(number: int, backend: str, here: Path) -> None:
    case = json.loads(TRUTH.read_text())[number]
    write(here, json.dumps(case["config"]))
    arguments = ["train", "-c", "config.yaml", "--json", "--set", f"backend={backend}"]
    document = json.loads(invoked(*arguments).stdout)
    assert document["backend"] == backend
    for name, value in case["final"].items():
        assert document["final"][name] == pytest.approx(value, rel=1e-8), name


DROPPED = [case for case in json.loads((TRUTHS / "targets.json").read_text()) if case["drop_hermite_below"]]


@pytest.mark.parametrize("backend", ["fused", "torch"])
@pytest.mark.parametrize("case", DROPPED, ids=lambda case: f"{case['activation']}-{case['drop_hermite_below']}")
def test_losses_without_low_degrees_through_the_command_line(case: dict[str, Any], backend: str, here: Path) -> None:
    init = {"kind": "explicit", "first_layer": case["first_layer"], "second_layer": case["second_layer"]}
    config = {
        "seed": 0,
        "activation": {"name": case["activation"], "drop_hermite_below": case["drop_hermite_below"]},
        "teacher": {"directions": case["directions"], "output_weights": case["output_weights"]},
        "student": {"init": init},
        "stages": {"go": {"train": ["first_layer"], "steps": 1, "step_size": 0.1}},
    }
    write(here, json.dumps(config))
    done = invoked("train", "-c", "config.yaml", "--json", *(["--set", "backend=torch"] if backend == "torch" else []))
    assert json.loads(done.stdout)["backend"] == backend
    start = json.loads((the_run(here) / "metrics.jsonl").read_text().splitlines()[0])
    assert (start["step"], start["loss"]) == (0, pytest.approx(float(case["loss"]), rel=1e-12, abs=0))


LONG = MINIMAL.replace("steps: 20", "steps: 1000000000")  # minutes at the least: it cannot end during a test


@contextmanager
def started(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A long run that has told of its progress; it is killed at the end if it still goes on."""
    write(tmp_path, LONG)
    command = [*FEATLEARN, "train", "-c", "config.yaml", "--set", "log.points=2000"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=tmp_path, env=ENVIRONMENT, text=True, stdout=pipe, stderr=pipe) as process:
        try:
            assert process.stderr is not None
            told = []
            for line in process.stderr:
                told.append(line)
                if re.search(r"step [1-9]", line):
                    break
            assert process.poll() is None, told
            yield process, the_run(tmp_path)
        finally:
            process.kill()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_checkpoint_and_exit_130(number: signal.Signals, tmp_path: Path) -> None:
    with started(tmp_path) as (process, run):
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"go on with: featlearn train --resume runs/{run.name}" in errors
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"


@pytest.mark.slow
def test_a_killed_run_is_shown_as_stopped_and_can_go_on(here: Path) -> None:
    with started(here) as (_, run):
        assert "running" in invoked("runs").stdout
        refused = invoked("train", "--resume", "latest")
        assert refused.exit_code == 1
        assert "being worked on by another process" in refused.stderr
    assert "stopped" in invoked("runs").stdout
    rows = len((run / "metrics.jsonl").read_bytes().splitlines())
    assert rows > 5


class TestNoRoom:
    def test_an_unwritable_runs_directory_is_one_clear_line(self, here: Path) -> None:
        (here / "runs").write_text("a file where the directory should be")
        done = invoked("train", "-c", "config.yaml")
        assert done.exit_code == 1
        assert done.stderr.splitlines() == ["cannot make a run directory in runs: File exists"]

    @pytest.mark.slow
    def test_a_full_disk_is_one_clear_line_and_keeps_what_was_logged(self, here: Path) -> None:
        """A limit on the size of files stands in for the full disk: writing fails in the same places."""

        def limit() -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))

        done = featlearn("train", "-c", "config.yaml", cwd=here, preexec_fn=limit)
        assert done.returncode == 1
        (line,) = [text for text in done.stderr.splitlines() if "failed" in text]
        assert "File too large" in line
        assert "go on with: featlearn train --resume" in line
        assert "Traceback" not in done.stderr
        again = invoked("train", "--resume", "latest")
        assert again.exit_code == 0, again.stderr


def test_a_sweep_is_not_gone_on_with_as_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sweep = tmp_path / "runs" / "20261123-130426-s3-3f2a1c"
    sweep.mkdir(parents=True)
    (sweep / "sweep.json").write_text("{}")
    (tmp_path / "runs" / "latest").symlink_to(sweep.name)
    for name in ("latest", "s3", "s"):
        done = invoked("train", "--resume", name)
        assert (done.exit_code, done.stdout) == (2, "")
        told = f"{sweep} is a sweep, no run: go on with it by featlearn sweep --resume {sweep}"
        assert done.stderr == f"{told}\n"
