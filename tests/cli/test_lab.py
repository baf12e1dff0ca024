"""``featlearn lab`` writes the page, and opens it where somebody sees it."""

import sys
import webbrowser
from pathlib import Path

import pytest

from featlearn.cli import lab
from featlearn.views.report.lab import lab_page
from tests.cli.commands import invoked


def test_the_page_is_written_and_not_opened_where_there_is_no_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda _: pytest.fail("nobody looks"))
    page = tmp_path / "page.html"
    done = invoked("lab", "--out", page)
    assert (done.exit_code, done.stdout.strip()) == (0, str(page))
    assert page.read_text(encoding="utf-8") == lab_page()


@pytest.mark.parametrize(("options", "count"), [([], 1), (["--no-open"], 0)])
def test_the_page_is_opened_on_a_screen(
    options: list[str], count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setattr(lab, "_has_screen", lambda: True)
    page = tmp_path / "page.html"
    assert invoked("lab", "-o", page, *options).exit_code == 0
    assert opened == [page.resolve().as_uri()] * count


def test_there_is_a_screen_only_at_a_terminal_with_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    found = []
    for terminal, display in ((False, ":0"), (True, None), (True, ":0")):
        monkeypatch.setattr(sys.stdout, "isatty", lambda terminal=terminal: terminal)
        if display is None:
            monkeypatch.delenv("DISPLAY", raising=False)
        else:
            monkeypatch.setenv("DISPLAY", display)
        found.append(lab._has_screen())
    assert found == [False, False, True]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = invoked("lab", "--out", tmp_path / "file" / "page.html", "--no-open")
    assert done.exit_code == 1
    assert "choose another place with --out" in " ".join(done.stderr.split())
