"""``featlearn report --index`` and ``--watch``: what they write, what they refuse, and how they end."""

import signal
import subprocess
from http.client import HTTPConnection
from pathlib import Path

import pytest

from featlearn.config.load import load_config
from featlearn.runs.directory import RunDirectory
from tests.cli.commands import ENVIRONMENT, FEATLEARN, invoked
from tests.config.broken import MINIMAL, write
from tests.runs.records import an_info
from tests.views.pages import payload


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDirectory:
    monkeypatch.chdir(tmp_path)
    run = RunDirectory.create(Path("runs"), load_config(write(tmp_path, MINIMAL)), an_info())
    run.release()
    return run


def test_the_page_of_all_runs_is_written_beside_them(run: RunDirectory) -> None:
    done = invoked("report", "--index")
    assert (done.exit_code, done.stdout.strip(), done.stderr) == (0, str(Path("runs") / "index.html"), "")
    [row] = payload(Path("runs/index.html").read_text())["rows"]
    assert row["id"] == run.name
    assert invoked("runs").exit_code == 0


def test_the_page_goes_where_it_is_told_and_leads_back(run: RunDirectory) -> None:
    run.report_file.write_text("page")
    done = invoked("report", "--index", "--runs-dir", "runs", "--out", "elsewhere/all.html")
    assert done.exit_code == 0
    [row] = payload(Path("elsewhere/all.html").read_text())["rows"]
    assert (Path("elsewhere") / row["page"]).read_text() == "page"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["latest", "--index"], "--index is of all runs; leave out 'latest'"),
        (["--watch"], "--watch goes with --index"),
        (["latest", "--watch"], "--watch goes with --index"),
        (["--index", "--watch", "--out", "a.html"], "leave out --out, or --watch for a file"),
        (["--index", "--runs-dir", "nowhere"], "there are no runs in nowhere"),
        (["--index", "--watch", "--runs-dir", "nowhere"], "there are no runs in nowhere"),
    ],
)
def test_what_does_not_go_together_is_refused(arguments: list[str], told: str, run: RunDirectory) -> None:
    done = invoked("report", *arguments)
    assert done.exit_code == 2
    assert told in " ".join(done.stderr.replace("│", " ").split())
    assert not Path("nowhere").exists()


def test_the_server_tells_its_address_and_ends_at_ctrl_c(run: RunDirectory) -> None:
    command = [*FEATLEARN, "report", "--index", "--watch"]
    started = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert started.stdout is not None
    told = started.stdout.readline()
    assert told.startswith("http://127.0.0.1:")
    port = int(told.split("/")[2].split(":")[1])
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/")
    assert run.name in connection.getresponse().read().decode()
    connection.close()
    started.send_signal(signal.SIGINT)
    out, err = started.communicate(timeout=20)
    assert (started.returncode, out, err) == (0, "", "")
