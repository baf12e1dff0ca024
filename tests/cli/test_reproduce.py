"""The command reproduce, as people type it, on a small paper whose claims hold, or do not."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from featlearn.cli.app import app
from tests.claims.made_up import HOLDS, PAPER, RAISES, SLOW, TOO_HIGH, WAITS, add_paper, timeless, use_paper
from tests.places import ROOT

ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "FEATLEARN_RUNS"} | {"PYTHONPATH": str(ROOT)}
FEATLEARN = [sys.executable, "-m", "tests.claims.made_up"]


def featlearn(*arguments: str | Path) -> Result:
    """The command line in this process."""
    return CliRunner().invoke(app, [*map(str, arguments)])


def claims(*names: str) -> list[str]:
    return [part for name in names for part in ("--claim", name)]


@pytest.fixture
def paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    use_paper(tmp_path, monkeypatch)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FEATLEARN_RUNS", raising=False)
    return tmp_path


def the_reproduction(place: Path) -> Path:
    [path] = (place / "runs").glob("2*-reproduction-*")
    return path


def test_claims_are_told_kept_and_shown(paper: Path) -> None:
    done = featlearn("reproduce", "--quick", *claims(HOLDS, TOO_HIGH, RAISES))
    assert done.exit_code == 1, done.stderr
    told = done.stdout.splitlines()
    assert told[0] == f"PASS {HOLDS}"
    assert told[1].strip() == "The loss* falls | always."
    assert "< 1" in told[2]
    assert "[" in told[2]
    assert "2 cases" in told[2]
    assert "final loss, median over seeds" in told[2]
    assert told[3].strip() == "edge: it holds *everywhere*"
    assert f"FAIL {TOO_HIGH}" in told
    assert "could not be measured: ArithmeticError" in done.stdout
    assert f"1 of 3 claims hold; these do not: {TOO_HIGH}, {RAISES}" in told[-2]
    path = the_reproduction(paper)
    assert told[-1] == f"runs/{path.name}/claims.md"
    assert f"{HOLDS} (1 of 3): The loss* falls" in done.stderr
    assert "2/2 done" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr

    assert {file.name for file in (path / "figures").iterdir()} == {
        f"{name}.{kind}" for name in (HOLDS, TOO_HIGH) for kind in ("pdf", "png", "csv", "txt")
    }
    page = (path / "claims.md").read_text()
    assert f"![loss](figures/{HOLDS}.png)" in page
    assert "The loss\\* falls \\| always." in page

    listed = featlearn("runs")
    assert f"{path.name}  " in listed.stdout
    assert "failed, 1 of 3 hold" in listed.stdout
    shown = featlearn("show", path.name)
    assert shown.stdout.replace(f"{paper.resolve()}/", "") == done.stdout
    document = json.loads(featlearn("show", path, "--json").stdout)
    assert {"path": str(path.resolve()), **json.loads((path / "claims.json").read_text())} == document
    for command in ("plot", "report"):
        refused = featlearn(command, path.name)
        assert (refused.exit_code, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)
        assert "is a reproduction, no run or sweep: its figures are in" in refused.stderr

    again = featlearn("reproduce", "--resume", path.name)
    assert (again.exit_code, again.stdout.count("PASS"), again.stdout.count("FAIL")) == (1, 2, 4)


def test_json_is_one_document_and_all_that_hold_exit_0(paper: Path) -> None:
    done = featlearn("reproduce", "--quick", *claims(HOLDS), "--json", "--runs-dir", "elsewhere")
    assert (done.exit_code, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    [path] = (paper / "elsewhere").glob("2*")
    assert document.pop("path") == str(path.resolve())
    assert document == json.loads((path / "claims.json").read_text())
    assert document["status"] == "done"
    [run] = json.loads(featlearn("runs", "--json", "--runs-dir", "elsewhere").stdout)
    assert (run["status"], run["claims"], run["held"]) == ("done", 1, 1)


@pytest.mark.parametrize(
    ("options", "status", "told"),
    [
        (["--claim", "hodls"], 2, "there is no claim 'hodls'; did you mean 'holds'? the claims are: holds,"),
        (["--paper", "made-up"], 2, "there is no paper 'made-up'; did you mean 'made-up-2025'"),
        (["--paper", PAPER, "--claim", "hodls"], 2, "there is no claim 'hodls'; did you mean 'holds'?"),
        (["--all", "--paper", PAPER], 2, "--all takes all claims of all papers"),
        (["--all", "--claim", HOLDS], 2, "--all takes all claims of all papers"),
        (["--list", "--quick"], 2, "--list tells papers and claims, and runs nothing"),
        (["--resume", "nothing", "--all"], 2, "one that is resumed knows its own"),
        (["--resume", "nothing", "--paper", PAPER], 2, "one that is resumed knows its own"),
        (["--resume", "nothing"], 2, "there is no reproduction 'nothing'"),
        (["--resume", "nothing", "--quick"], 2, "one that is resumed knows its own"),
        (["--resume", "nothing", "--claim", HOLDS], 2, "one that is resumed knows its own"),
        (["--jobs", "0"], 2, "--jobs"),
        (["--claim", HOLDS, "--runs-dir", "/proc/nowhere"], 1, "cannot make a directory in /proc/nowhere: "),
        (["--resume", "broken"], 1, "claims.json is broken: "),
    ],
)
def test_a_wrong_command_line_is_told_in_one_line(options: list[str], status: int, told: str, paper: Path) -> None:
    (paper / "broken").mkdir()
    (paper / "broken" / "claims.json").write_text('{"status": "done", "cla')
    done = featlearn("reproduce", *options)
    assert (done.exit_code, done.stdout) == (status, "")
    assert told in " ".join(done.stderr.replace("│", " ").split())
    assert isinstance(done.exception, SystemExit | None)
    assert not (paper / "runs").exists()


def two_small_papers(place: Path) -> None:
    """The made-up paper with two of its claims, and an older one with one claim, which holds."""
    folder = place / "papers" / "made_up_2025"
    add_paper(folder, "made_up_2020")
    for file in folder.glob("*.yaml"):
        if file.stem not in ("paper", HOLDS, "too_high"):
            file.unlink()


def test_papers_are_listed(paper: Path) -> None:
    two_small_papers(paper)
    done = featlearn("reproduce", "--list")
    assert done.exit_code == 0
    assert [line for line in done.stdout.splitlines() if line.startswith("made-up")] == ["made-up-2020", PAPER]
    document = json.loads(featlearn("reproduce", "--list", "--json").stdout)
    assert [(one["id"], one["year"], [c["id"] for c in one["claims"]]) for one in document] == [
        ("made-up-2020", 2020, [HOLDS]),
        (PAPER, 2025, [HOLDS, TOO_HIGH]),
    ]
    broken = paper / "papers" / "made_up_2025" / "paper.yaml"
    broken.write_text("title: 3")
    done = featlearn("reproduce", "--list")
    assert done.exit_code == 2
    assert [line for line in done.stdout.splitlines() if line.startswith("made-up")] == ["made-up-2020"]
    assert f"{broken}:1:8: title: " in done.stderr
    [one] = json.loads(featlearn("reproduce", "--list", "--json").stdout)
    assert one == document[0]
    [one] = json.loads(featlearn("reproduce", "--list", "--paper", "made-up-2020", "--json").stdout)
    assert one == document[0]
    assert not (paper / "runs").exists()


def test_another_paper_is_reproduced_and_goes_on_by_its_own_claims(paper: Path) -> None:
    two_small_papers(paper)
    done = featlearn("reproduce", "--paper", "made-up-2020", "--quick", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert (document["paper"], document["wanted"]) == ("made-up-2020", [HOLDS])
    assert document["claims"][0]["sentence"] == "An older loss falls."
    path = the_reproduction(paper)
    text = (path / "claims.json").read_text()
    (path / "claims.json").write_text(json.dumps(json.loads(text) | {"claims": [], "status": "running"}))
    assert featlearn("reproduce", "--resume", path.name).exit_code == 0
    assert timeless(json.loads((path / "claims.json").read_text())) == timeless(json.loads(text))


def test_all_papers_are_reproduced_and_go_on_where_they_were_interrupted(paper: Path) -> None:
    two_small_papers(paper)
    whole = featlearn("reproduce", "--all", "--quick", "--json", "--runs-dir", "whole")
    assert whole.exit_code == 1
    assert whole.stderr == f"{PAPER}: 1 of 2 claims hold; this one does not: {TOO_HIGH}\n"
    wanted = [timeless(one) for one in json.loads(whole.stdout)]
    assert [(one["paper"], one["status"]) for one in wanted] == [("made-up-2020", "done"), (PAPER, "done")]

    (paper / "interrupt").touch()
    done = featlearn("reproduce", "--all", "--quick")
    (paper / "interrupt").unlink()
    first, second = sorted((paper / "runs").glob("2*"), key=lambda path: "made-up-2025" in path.name)
    assert done.exit_code == 130
    line = f"interrupted with 1 of 2 claims judged; go on with: featlearn reproduce --resume runs/{second.name}"
    assert done.stderr.splitlines()[-1] == line
    again = featlearn("reproduce", "--resume", str(first), "--resume", second.name, "--json")
    assert again.exit_code == 1
    found = [timeless(one) for one in json.loads(again.stdout)]
    for one in (*found, *wanted):
        del one["path"]
    assert found == wanted


def test_a_damaged_claim_is_told_with_its_place(paper: Path) -> None:
    file = paper / "papers" / "made_up_2025" / "holds.yaml"
    file.write_text(file.read_text().replace("origin: paper", "origin: papr"))
    done = featlearn("reproduce", "--claim", HOLDS)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{file}:3:9: origin: 'papr' is not allowed; did you mean 'paper'?")
    assert not (paper / "runs").exists()


def started(paper: Path, *options: str, until: str) -> subprocess.Popen[str]:
    """The command once it has said that it is at a place."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [*FEATLEARN, "reproduce", *options], cwd=paper, env=ENVIRONMENT, stdout=pipe, stderr=pipe, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if until in line:
            return process
    raise AssertionError(f"it ended with {process.wait()}")


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on(paper: Path) -> None:
    process = started(paper, "--quick", *claims(HOLDS, SLOW), until="0/4 done")
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    path = the_reproduction(paper)
    assert process.returncode == 130
    line = f"interrupted with 1 of 2 claims judged; go on with: featlearn reproduce --resume runs/{path.name}"
    assert told.splitlines()[-1] == line
    assert "Traceback" not in told
    assert "interrupted, 1 of 2 hold" in featlearn("runs").stdout
    shown = featlearn("show", path.name).stdout
    assert f"not judged yet: {SLOW}" in shown
    assert f"go on with: featlearn reproduce --resume {path}" in " ".join(shown.split())  # which wraps where it is long


@pytest.mark.slow
def test_a_reproduction_that_was_killed_goes_on_to_the_same_record(paper: Path) -> None:
    (paper / "wait").touch()
    process = started(paper, "--quick", *claims(HOLDS, TOO_HIGH, WAITS), until="(3 of 3)")
    try:
        while not (paper / "waiting").exists():
            assert process.poll() is None
            time.sleep(0.05)
        path = the_reproduction(paper)
        second = featlearn("reproduce", "--resume", path.name)
        assert (second.exit_code, second.stdout) == (1, "")
        assert second.stderr.splitlines()[-1].endswith("is being worked on by another process")
        assert "running, 1 of 3 hold" in featlearn("runs").stdout
    finally:
        process.kill()
        process.communicate()
    (paper / "wait").unlink()
    (path / "figures" / f"{HOLDS}.pdf").unlink()
    last = featlearn("reproduce", "--resume", path.name)
    assert (last.exit_code, last.stdout.count("\nPASS"), last.stdout.count("PASS holds")) == (1, 1, 1)
    assert (path / "figures" / f"{HOLDS}.pdf").is_file()
    whole = featlearn("reproduce", "--quick", *claims(HOLDS, TOO_HIGH, WAITS), "--json", "--runs-dir", "whole")
    document = json.loads(whole.stdout)
    assert document.pop("path")
    assert timeless(document) == timeless(json.loads((path / "claims.json").read_text()))


@pytest.mark.slow
def test_a_full_disk_is_one_clear_line(paper: Path) -> None:
    """A limit on the size of files stands in for the full disk: writing fails in the same places."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2200, 2200))

    command = [*FEATLEARN, "reproduce", "--quick", *claims(HOLDS)]
    done = subprocess.run(
        command, cwd=paper, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, preexec_fn=limit
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    path = the_reproduction(paper)
    assert "cannot be written: File too large" in done.stderr.splitlines()[-1]
    again = featlearn("reproduce", "--resume", path.name)
    assert again.exit_code == 0, again.stderr
    assert (path / "figures" / f"{HOLDS}.png").is_file()
