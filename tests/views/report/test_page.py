"""A page is one file that needs nothing else, and in which nothing of users can run."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from featlearn.storage.errors import RunError
from featlearn.views.data.sweep import read_sweep
from featlearn.views.report.page import environment, write_page
from featlearn.views.report.sweep import sweep_page
from featlearn.views.words.palette import BLUE, COLOURS, ON_LIGHT, SKY
from tests.runs.records import an_environment, an_info
from tests.views.browser import Browser, errors, needs_browser, opened, until
from tests.views.examples import (
    SWEEP,
    new_run,
    swept,
)
from tests.views.pages import HOSTILE, Outline, page_of, payload


def test_the_page_needs_nothing_but_itself(tmp_path: Path) -> None:
    page = page_of(new_run(tmp_path))
    outline = Outline(page)
    loaded = [a.get("src") or a.get("href") for tag, a in outline.tags if tag in ("script", "link", "img", "iframe")]
    assert [address for address in loaded if address] == ["data:,"]
    assert page.count("plotly.js v") == 1
    assert len(page.encode()) < 8e6


def test_only_our_own_scripts_may_run(tmp_path: Path) -> None:
    page = page_of(new_run(tmp_path))
    [policy] = [a["content"] for tag, a in Outline(page).tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "script-src 'sha256-" in policy
    assert "unsafe-inline' 'sha" not in policy
    for script in re.findall(r'<script(?: type="text/plain" class="later")?>(.*?)</script>', page, re.DOTALL):
        assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy


def test_what_users_wrote_is_text(tmp_path: Path) -> None:
    run = new_run(tmp_path, f"name={json.dumps(HOSTILE)}")
    outline = Outline(page_of(run))
    assert not [tag for tag, a in outline.tags if tag == "img" or "onerror" in a]
    assert [tag for tag, _ in outline.tags].count("script") == 13  # data, Plotly, ten of ours, the starter
    assert outline.text.count(HOSTILE) == 1  # the heading; the title of the window ends with our name
    assert any(HOSTILE in text for text in outline.text if text.endswith(" – featlearn"))


def test_a_page_replaces_the_one_before_whole(tmp_path: Path) -> None:
    file = tmp_path / "sub" / "page.html"
    for text in ("one", "two"):
        write_page(text, file)
        assert file.read_text() == text
    assert [path.name for path in file.parent.iterdir()] == ["page.html"]
    with pytest.raises(RunError, match="cannot be written"):
        write_page("three", file / "below")


def test_a_path_that_is_no_unicode_is_escaped(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    write_page("runs/caf\udce9", file)
    assert file.read_text() == "runs/caf\\udce9"


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize("width", [390, 1000])
def test_the_page_fits_the_screen(width: int, browser: Browser, tmp_path: Path) -> None:
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        opened(browser, page_of(new_run(tmp_path)), tmp_path, "#neurons")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        opened(browser, sweep_page(read_sweep(swept(tmp_path, SWEEP)), lambda *_: None), tmp_path, "#map")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.slow
@needs_browser
def test_the_page_follows_dark_and_light(browser: Browser, tmp_path: Path) -> None:
    opened(browser, page_of(new_run(tmp_path)), tmp_path, "#alignment")
    colours = {}
    try:
        for scheme in ("light", "dark"):
            features = [{"name": "prefers-color-scheme", "value": scheme}]
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
            page = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
            expected = {"light": "#ffffff", "dark": "#14171a"}[scheme]
            paper = "return document.getElementById('curves').layout.paper_bgcolor"
            until(lambda wanted=expected, script=paper: browser.execute_script(script) == wanted)  # type: ignore[misc]
            colours[scheme] = page
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert colours == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 26)"}


@pytest.mark.slow
@needs_browser
def test_names_do_not_run(browser: Browser, tmp_path: Path) -> None:
    run = new_run(tmp_path, f"name={json.dumps(HOSTILE)}")
    text = run.metrics_file.read_text().replace('"local_convergence"', json.dumps(HOSTILE))
    run.metrics_file.write_text(text)
    opened(browser, page_of(run), tmp_path, "#alignment")
    assert browser.find_element(By.TAG_NAME, "h1").text == HOSTILE
    assert HOSTILE in browser.find_element(By.ID, "moment").text
    assert browser.find_elements(By.CSS_SELECTOR, "img[src=x]") == []
    assert errors(browser) == []


def test_the_colours_of_a_page_are_those_of_figures(tmp_path: Path) -> None:
    page = page_of(new_run(tmp_path))
    [style] = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert re.findall(r"--accent: (.*?);", style) == [BLUE, SKY]
    assert payload(page)["colours"] == list(COLOURS)
    assert payload(page)["certificate"]["colours"]["light"] == list(ON_LIGHT)


def test_what_went_on_with_a_run_is_told_with_its_step() -> None:
    info = an_info(versions={"numpy": "1.0"}, continued_by=(an_environment(versions={"numpy": "2.0"}, step=7),))
    assert ("from step 7", "numpy 1.0 → 2.0") in environment(info)
