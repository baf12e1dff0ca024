"""The server of the page of all runs: it answers this machine alone, with pages of runs and nothing else."""

import json
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from featlearn.runs.directory import RunDirectory
from featlearn.storage.directory import Notes
from featlearn.views.report import watch
from featlearn.views.report.watch import IndexServer, Watched, page_below
from tests.views.many import folder_of_runs
from tests.views.pages import payload

A = "20261101-000000-a-000000"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of_runs(tmp_path_factory.mktemp("watched"))


@pytest.fixture(scope="module")
def server(runs: Path) -> Iterator[IndexServer]:
    (runs.parent / "report.html").write_text("outside")
    (runs / "link").symlink_to(runs.parent, target_is_directory=True)
    (runs / "20261101-000001-b-000001" / "report.html").symlink_to(runs.parent / "report.html")
    with IndexServer(runs) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def asked(server: IndexServer, path: str, host: str | None = None, method: str = "GET") -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    connection.putrequest(method, path, skip_host=True)
    if host != "":
        connection.putheader("Host", f"127.0.0.1:{server.server_port}" if host is None else host)
    connection.endheaders()
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer, content


def test_it_is_bound_to_this_machine_alone(server: IndexServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    assert server.address == f"http://127.0.0.1:{server.server_port}/"
    with socket.socket() as other:
        other.settimeout(2)
        assert other.connect_ex(("127.0.0.2", server.server_port)) != 0


def test_the_page_is_served_with_a_policy_that_lets_it_ask(server: IndexServer) -> None:
    answer, content = asked(server, "/")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "connect-src &#39;self&#39;" in content.decode()
    found = payload(content.decode())
    assert found["served"] is True
    assert {row["id"] for row in found["rows"]} >= {A}


def test_pages_of_runs_are_served_where_they_can_read_nothing_else(server: IndexServer) -> None:
    answer, content = asked(server, f"/{A}/report.html")
    assert (answer.status, content) == (200, b"<!DOCTYPE html><title>page of a</title>")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/report.html",
        "/../report.html",
        "/%2e%2e/report.html",
        f"/{A}/../../report.html",
        f"/{A}/%2e%2e%2f%2e%2e%2freport.html",
        f"/{A}%2f..%2f../report.html",
        f"/{A}/..%5c..%5creport.html",
        "//etc/report.html",
        "/%00/report.html",
        f"/{A}/report.html%00",
        f"/./{A}/report.html",
        "/link/report.html",
        f"/link/runs/{A}/report.html",
        "/20261101-000001-b-000001/report.html",
        f"/{A}",
        f"/{A}/",
        f"/{A}/run.json",
        f"/{A}/config.yaml",
        "/.index.json",
        "/nowhere/report.html",
        "/%ff%fe/report.html",
        f"/{'a' * 5000}/report.html",
        "/index.html",
    ],
)
def test_no_path_leads_out_or_to_anything_else(server: IndexServer, path: str) -> None:
    answer, content = asked(server, path)
    assert answer.status == 404
    assert b"outside" not in content
    assert b"page of a" not in content


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil", "", "@"]
)
def test_a_foreign_name_for_this_machine_is_refused(server: IndexServer, host: str) -> None:
    for path in ("/", "/changes?since=0", f"/{A}/report.html"):
        answer, content = asked(server, path, host)
        assert answer.status == 403
        assert b"page of a" not in content


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9000", "127.0.0.1:9000", "[::1]:1"])
def test_names_of_this_machine_are_taken_with_the_port_of_a_tunnel(server: IndexServer, host: str) -> None:
    assert asked(server, "/changes?since=0", host)[0].status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_nothing_but_get_is_answered(server: IndexServer, method: str) -> None:
    assert asked(server, "/", method=method)[0].status == 501


def test_many_requests_at_once_are_let_in(runs: Path) -> None:
    with IndexServer(runs) as server, ExitStack() as opened:  # nobody answers yet
        for _ in range(50):
            opened.enter_context(socket.create_connection(("127.0.0.1", server.server_port), timeout=0.9))


def test_an_address_that_cannot_be_read_is_answered(server: IndexServer) -> None:
    assert asked(server, "http://[bad/")[0].status == 400


@pytest.mark.parametrize("query", ["", "?since=", "?since=-1", "?since=x", "?since=1&since=2", "?since=9999999999999"])
def test_changes_are_asked_for_since_a_version(server: IndexServer, query: str) -> None:
    assert asked(server, f"/changes{query}")[0].status == 400


def test_what_is_new_comes_once(tmp_path: Path, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_REST", 0.0)
    folder = tmp_path / "runs"
    shutil.copytree(runs, folder, symlinks=True)
    watched = Watched(folder)
    first = watched.news(0)
    assert len(first["rows"]) == 7
    json.dumps(first, allow_nan=False)

    def names(news: dict[str, Any]) -> list[str]:
        return [row["id"] for row in news["rows"]]

    nothing = watched.news(first["version"])
    assert (nothing["version"], names(nothing), nothing["gone"]) == (first["version"], [], [])
    run = RunDirectory(folder / A)
    run.write_notes(Notes(tags=("other",)))
    noted = watched.news(first["version"])
    assert names(noted) == [A]
    assert names(watched.news(noted["version"])) == []
    run.report_file.unlink()
    without = watched.news(noted["version"])
    assert names(without) == [A]
    assert "page" not in without["rows"][0]
    assert "neurons" in without["rows"][0]["drawn"]
    shutil.rmtree(run.path)
    gone = watched.news(without["version"])
    assert (names(gone), gone["gone"]) == ([], [A])
    assert watched.news(first["version"])["gone"] == [A]
    assert len(watched.news(0)["rows"]) == 6


def test_the_folder_is_looked_at_no_more_than_once_a_second(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(runs)
    watched.news(0)
    monkeypatch.setattr(watch, "listing", lambda folder: pytest.fail("it was looked at again"))
    watched.news(0)


def test_a_link_in_the_place_of_the_file_is_not_followed(tmp_path: Path) -> None:
    root = tmp_path.resolve() / "runs"
    (root / "a").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    page = root / "a" / "report.html"
    page.symlink_to(tmp_path / "secret")
    assert page_below(root, "/a/report.html") is None
    page.unlink()
    page.write_text("page")
    assert page_below(root, "/a/report.html") == b"page"
    (root / "claims").mkdir()
    (root / "claims" / "claims.md").write_text("claims")
    assert page_below(root, "/claims/claims.md") == b"claims"
