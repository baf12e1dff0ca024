"""The page of all runs: what it holds, and how it is used in a browser, as a file and fresh from its server."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys as Key
from selenium.webdriver.support.ui import Select

from featlearn.claims.listing import Line, listing
from featlearn.runs.directory import RunDirectory
from featlearn.storage.directory import Notes
from featlearn.storage.errors import WrongChoice
from featlearn.sweeps.conditions import condition
from featlearn.sweeps.selection import Keys, value_of
from featlearn.views.data.thumbnails import thumbnails
from featlearn.views.report.index import index_page, packed_rows
from featlearn.views.report.page import write_page
from featlearn.views.report.watch import IndexServer
from tests.views.browser import Browser, errors, needs_browser, new_browser, until
from tests.views.conditions import CONDITIONS
from tests.views.legibility import faint_texts
from tests.views.many import WIDTHS, changed, folder_of_runs
from tests.views.pages import HOSTILE, Outline, payload

A, B, C, D = (f"20261101-00000{number}-{name}-00000{number}" for number, name in enumerate(WIDTHS))
BROKEN, KILLED, SWEPT = (
    f"20261101-00000{number}-{name}-00000{number}" for number, name in ((5, "broken"), (6, "killed"), (7, "swept"))
)
SCREENS = [(390, "dark"), (1000, "light"), (1600, "dark"), (1600, "light")]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of_runs(tmp_path_factory.mktemp("index"))


@pytest.fixture(scope="module")
def page(runs: Path) -> str:
    return index_page(listing(runs), thumbnails(runs), runs, runs)


def rows_of(page: str) -> dict[str, dict[str, Any]]:
    found = payload(page)
    return {
        row["id"]: row | {"values": dict(zip(found["shapes"][row["values"][0]], row["values"][1:], strict=True))}
        for row in found["rows"]
    }


# --- what it holds ----------------------------------------------------------------------------------


def test_every_directory_has_a_row_with_what_is_known_of_it(runs: Path, page: str) -> None:
    lines, rows = listing(runs), rows_of(page)
    assert list(rows) == [A, B, C, D, BROKEN, KILLED, SWEPT]
    for line in lines:
        known = {key: value_of(line, key) for key in Keys(lines).all}
        assert rows[line.name]["values"] == {key: value for key, value in known.items() if value is not None}
    assert rows[A]["status"] == "done"
    assert rows[SWEPT]["status"] == "interrupted, 0 of 2"
    assert rows[KILLED]["status"] == "stopped"
    assert rows[A]["values"]["tags"] == ["paper", "good"]
    assert rows[A]["drawn"].keys() >= {"loss", "neurons"}


def test_what_is_broken_is_a_row_that_says_so(page: str) -> None:
    row = rows_of(page)[BROKEN]
    assert row["status"] == "unreadable"
    assert "run.json is broken" in row["error"]


def test_a_run_leads_to_its_page_or_says_how_to_make_one(runs: Path, page: str) -> None:
    rows = rows_of(page)
    assert rows[A]["page"] == f"{A}/report.html"
    assert "page" not in rows[B]
    assert (rows[B]["typed"], payload(page)["where"]) == (B, f" --runs-dir {runs}")
    elsewhere = rows_of(index_page(listing(runs), {}, runs, runs.parent / "pages" / "deep"))
    assert elsewhere[A]["page"] == f"../../runs/{A}/report.html"


def test_a_name_that_no_shell_takes_has_no_command(tmp_path: Path) -> None:
    about = {"status": "done"}
    lines = [Line(tmp_path / name, "run", about, {}, [], "", None, alive=False) for name in ("-rf", "a\x1bb", "a b'c")]
    rows = rows_of(index_page(lines, {}, tmp_path, tmp_path))
    assert [row.get("typed") for row in rows.values()] == [None, None, "'a b'\"'\"'c'"]


def test_a_run_that_runs_has_its_steps(tmp_path: Path) -> None:
    settings = {"stages.one.steps": 40, "stages.two.method": "ridge", "stages.three.steps": 1, "log.steps": 9}
    line = Line(tmp_path / "a", "run", {"status": "running"}, settings, [], "", None, alive=True)
    assert rows_of(index_page([line], {}, tmp_path, tmp_path))["a"]["steps"] == 42


def test_the_page_needs_nothing_but_itself_and_is_small(page: str) -> None:
    outline = Outline(page)
    assert not [tag for tag, about in outline.tags if about.get("src") or (tag == "link" and about["href"] != "data:,")]
    [policy] = [a["content"] for _, a in outline.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert "connect-src" not in policy
    assert len(page) < 100_000
    assert HOSTILE not in page


def test_two_thousand_runs_are_less_than_eight_megabytes(runs: Path, page: str) -> None:
    row = next(row for row in rows_of(page).values() if row["id"] == A)
    packed = packed_rows([row | {"id": f"{A}{number}"} for number in range(2000)])
    assert packed["rows"][0]["values"][0] == packed["rows"][-1]["values"][0] == 0
    assert len(json.dumps(packed)) < 7_000_000


# --- in a browser -------------------------------------------------------------------------------------


def opened(browser: Browser, address: str) -> None:
    browser.get("about:blank")
    browser.get(address)
    until(lambda: browser.execute_script("return document.getElementById('runs')?.dataset.ready"))


@pytest.fixture
def shown(browser: Browser, runs: Path, page: str) -> Browser:
    """The page as a file, as it is at first."""
    write_page(page, runs / "index.html")
    browser.get_log("browser")
    opened(browser, (runs / "index.html").as_uri())
    return browser


def names(browser: Browser) -> list[str]:
    found = browser.execute_script(
        "return [...document.querySelectorAll('#runs tbody tr')].map((row) => row.dataset.id)"
    )
    return list(found)


def by_id(browser: Browser, name: str) -> Any:
    return browser.find_element(By.ID, name)


def text_of(browser: Browser, name: str) -> str:
    return str(by_id(browser, name).text)


def ask(browser: Browser, text: str) -> None:
    by_id(browser, "condition").clear()
    by_id(browser, "condition").send_keys(text, Key.ENTER)


def met_by(text: str, lines: list[Line]) -> list[str] | None:
    """The names of the runs that meet a condition on the command line; None where it is refused there."""
    try:
        asked = condition(text, Keys(lines))
    except WrongChoice:
        return None
    return [line.name for line in lines if asked.holds(line)]


@needs_browser
def test_conditions_mean_what_they_mean_to_the_command(shown: Browser, runs: Path) -> None:
    lines = listing(runs)
    script = """
    try {
      const asked = conditionOf(arguments[0], known);
      return [...rows.values()].filter((row) => holds(asked, row.values)).map((row) => row.id);
    } catch (error) { return error.message; }
    """
    met = 0
    for text in CONDITIONS:
        here = shown.execute_script(script, text)
        wanted = met_by(text, lines)
        assert here == wanted or (wanted is None and (isinstance(here, str) or here == [])), text
        met += bool(wanted)
    assert met > 25
    for wrong, told in [
        ("loss", "Expected KEY=VALUE"),
        ("losss=1", "No run here has a key losss"),
        ("steps=1", "is more than one key"),
        ("pecisio=1", "the field offers"),
        ("precisi=1", "did you mean precision?"),
    ]:
        assert told in shown.execute_script(script, wrong)
    assert errors(shown) == []


@needs_browser
def test_filters_leave_the_runs_that_meet_them_all(shown: Browser) -> None:
    assert names(shown) == [SWEPT, KILLED, BROKEN, D, C, B, A]
    by_id(shown, "words").send_keys("paper")
    assert names(shown) == [B, A]
    by_id(shown, "words").send_keys(" SHOW")
    assert names(shown) == [A]
    by_id(shown, "words").clear()
    by_id(shown, "words").send_keys("width=100")
    assert names(shown) == [D]
    by_id(shown, "clear").click()
    Select(by_id(shown, "status")).select_by_value("unreadable")
    assert names(shown) == [BROKEN]
    assert "run.json is broken" in text_of(shown, "runs")
    Select(by_id(shown, "status")).select_by_value("")
    Select(by_id(shown, "kind")).select_by_value("sweep")
    assert names(shown) == [SWEPT]
    by_id(shown, "clear").click()
    Select(by_id(shown, "tags")).select_by_value(HOSTILE)
    assert names(shown) == [B]
    by_id(shown, "clear").click()
    ask(shown, "student.width>=10")
    ask(shown, "loss<1")
    assert names(shown) == [B]
    assert text_of(shown, "count") == "1 of 7"
    shown.refresh()
    until(lambda: names(shown) == [B])
    shown.find_element(By.CSS_SELECTOR, "#conditions button").send_keys(Key.ENTER)
    assert names(shown) == [KILLED, B, A]
    ask(shown, "nonsense=1")
    assert "No run here has a key nonsense" in text_of(shown, "refused")
    ask(shown, "m=7")
    assert "None has student.width=7: student.width is 8, 10, 20, 100." in text_of(shown, "refused")
    assert names(shown) == []
    assert errors(shown) == []


@needs_browser
def test_headings_sort_and_what_has_no_value_is_last(shown: Browser) -> None:
    def heading(key: str) -> Any:
        return shown.find_element(By.CSS_SELECTOR, f"#runs thead button[data-key='{key}']")

    heading("loss").send_keys(Key.ENTER)
    rising = names(shown)
    assert rising[-3:] == [D, BROKEN, SWEPT]
    assert rising[-4] == C
    assert shown.switch_to.active_element.get_attribute("data-key") == "loss"
    heading("loss").send_keys(Key.ENTER)
    assert names(shown)[0] == C
    assert names(shown)[-3:] == [D, BROKEN, SWEPT]
    head = heading("loss").find_element(By.XPATH, "..")
    assert head.get_attribute("aria-sort") == "descending"
    for key in ("id", "status", "tags", "note", "student.width", "kind", "created", "mean_angle"):
        heading(key).send_keys(Key.ENTER)
        assert len(names(shown)) == 7
    heading("student.width").send_keys(Key.ENTER)
    known = [name for name in names(shown) if name in (A, B, C, D)]
    assert known == [A, B, C, D]
    assert errors(shown) == []


@needs_browser
def test_chosen_runs_make_a_command_and_the_keyboard_reaches_all(shown: Browser, runs: Path) -> None:
    def active() -> str:
        return str(shown.execute_script("return document.activeElement.closest('tr')?.dataset.id"))

    stops = shown.execute_script("return document.querySelectorAll('#runs tbody [tabindex=\"0\"]').length")
    assert stops <= 2
    box = shown.find_element(By.CSS_SELECTOR, f"tr[data-id='{A}'] input")
    shown.execute_script("arguments[0].focus()", box)
    box.send_keys(Key.SPACE)
    assert text_of(shown, "command") == f"featlearn report {A} --runs-dir {runs}"
    for expected in (B, C, D):
        shown.switch_to.active_element.send_keys(Key.ARROW_UP)
        assert active() == expected
        shown.switch_to.active_element.send_keys(Key.SPACE)
    assert text_of(shown, "command") == f"featlearn report {A} {B} {C} --runs-dir {runs}"
    assert "No more than 3 runs" in text_of(shown, "copied")
    assert shown.switch_to.active_element.get_attribute("checked") is None
    by_id(shown, "words").send_keys("no such run")
    assert names(shown) == []
    assert f"{A} {B} {C}" in text_of(shown, "command")
    by_id(shown, "words").clear()
    by_id(shown, "words").send_keys("a")
    by_id(shown, "none").send_keys(Key.ENTER)
    assert not by_id(shown, "command").is_displayed()
    copying = shown.find_element(By.CSS_SELECTOR, f"tr[data-id='{B}'] button")
    shown.execute_script("arguments[0].focus()", copying)
    copying.send_keys(Key.ENTER)
    until(lambda: text_of(shown, "copied") == f"Copied: featlearn report {B} --runs-dir {runs}")
    assert not shown.find_elements(By.CSS_SELECTOR, f"tr[data-id='{SWEPT}'] input, tr[data-id='{BROKEN}'] input")
    link = shown.find_element(By.CSS_SELECTOR, f"tr[data-id='{A}'] a")
    assert link.get_attribute("href") == (runs / A / "report.html").as_uri()
    assert errors(shown) == []


@needs_browser
def test_a_name_has_one_line_on_a_wide_screen(shown: Browser) -> None:
    name = shown.find_element(By.CSS_SELECTOR, f"tr[data-id='{A}'] .name")
    assert name.value_of_css_property("white-space") == "nowrap"


@needs_browser
@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_every_text_can_be_read(width: int, scheme: str, shown: Browser) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    shown.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    shown.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    shown.execute_script("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    ask(shown, "student.width>1")
    ask(shown, "student.width=7")
    assert faint_texts(shown) == []
    shown.execute_script("document.querySelector('#conditions button:last-of-type').click()")
    by_id(shown, "clear").click()
    assert faint_texts(shown) == []
    assert shown.execute_script("return document.documentElement.scrollWidth") <= width
    too_wide = (
        "return [...document.querySelectorAll('#runs td, #runs th')].filter((c) => c.scrollWidth > c.clientWidth + 1)"
    )
    assert [cell.text for cell in shown.execute_script(too_wide)] == [], "no cell runs into the next"
    assert len(shown.find_elements(By.CSS_SELECTOR, "#runs svg[role=img][aria-label]")) >= 10
    shown.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert errors(shown) == []


# --- fresh from the server --------------------------------------------------------------------------------


@pytest.fixture
def served(tmp_path: Path) -> Iterator[IndexServer]:
    with IndexServer(folder_of_runs(tmp_path)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@needs_browser
@pytest.mark.slow
def test_the_page_follows_the_runs_and_leaves_the_reader_alone(served: IndexServer) -> None:
    browser = new_browser(reaches="127.0.0.1")
    try:
        opened(browser, served.address)
        by_id(browser, "words").send_keys("2026")
        browser.find_element(By.CSS_SELECTOR, "#runs thead button[data-key='loss']").click()
        order = names(browser)
        box = browser.find_element(By.CSS_SELECTOR, f"tr[data-id='{A}'] input")
        browser.execute_script("arguments[0].focus()", box)
        box.send_keys(Key.SPACE)
        browser.execute_script("window.scrollTo(0, 100); document.getElementById('scroll').scrollLeft = 30;")
        places = "return [scrollY, document.getElementById('scroll').scrollLeft]"
        before = browser.execute_script(places)
        folder = served.watched.folder
        run = RunDirectory(folder / A)
        run.write_notes(Notes(tags=("fresh",)))
        until(lambda: "fresh" in text_of(browser, "runs"))
        assert names(browser) == order
        assert by_id(browser, "words").get_attribute("value") == "2026"
        assert browser.execute_script("return document.activeElement.closest('tr').dataset.id") == A
        assert browser.switch_to.active_element.get_attribute("type") == "checkbox"
        assert A in text_of(browser, "command")
        assert browser.execute_script(places) == before
        running = RunDirectory(folder / D)
        running.lock()
        changed(running, status="running")
        until(lambda: browser.find_elements(By.CSS_SELECTOR, f"tr[data-id='{D}'] progress"))
        running.release()
        until(lambda: "stopped" in browser.find_element(By.CSS_SELECTOR, f"tr[data-id='{D}']").text)
        assert names(browser) != order
        assert browser.execute_script("return document.activeElement.closest('tr').dataset.id") == A
        browser.find_element(By.CSS_SELECTOR, f"tr[data-id='{A}'] a").send_keys(Key.ENTER)
        until(lambda: browser.title == "page of a")
        browser.back()
        until(lambda: by_id(browser, "words").get_attribute("value") == "2026")
        assert errors(browser) == []
        served.shutdown()
        served.server_close()
        until(lambda: "The server does not answer since" in text_of(browser, "alone"))
        assert "featlearn report --index --watch" in text_of(browser, "alone")
    finally:
        browser.quit()
