"""The page of a sweep as a file, and in a real browser."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from featlearn.runs.metrics import load_metrics
from featlearn.views.data.sweep import read_sweep
from featlearn.views.report.sweep import sweep_page
from tests.places import CONFIGS
from tests.sweeps.small import MIXED, new_sweep, run
from tests.views.browser import Browser, errors, needs_browser, opened, until
from tests.views.edges import searched
from tests.views.examples import SEEDS, SWEEP, swept
from tests.views.pages import floats, payload
from tests.views.settings import ALIKE, MOMENTUM, SIZE, swept_with_momentum


@pytest.mark.slow
def test_a_sweep_page_holds_its_results(tmp_path: Path) -> None:
    directory = swept(tmp_path, MIXED.replace("seeds: 2", "seeds: 2\nstore: full"))
    data = read_sweep(directory)
    told: list[tuple[int, int]] = []
    found = payload(sweep_page(data, lambda done, total: told.append((done, total))))
    loss = data.columns["loss"].astype("f4")
    np.testing.assert_array_equal(floats(found["columns"]["loss"]), loss)
    assert found["columns"]["status"] == data.columns["status"].tolist()
    point = str(data.columns["id"][data.done][0])
    logged = load_metrics(directory.runs / point)
    np.testing.assert_array_equal(floats(found["curves"][point]["loss"]), logged["loss"].astype("f4"))
    assert told[-1][0] == told[-1][1] == len(list(directory.runs.iterdir()))


def test_a_sweep_without_logs_says_so(tmp_path: Path) -> None:
    found = payload(sweep_page(read_sweep(swept(tmp_path, SEEDS)), lambda done, total: None))
    assert found["curves"] is None
    assert "store: summary" in found["no_curves"]


@pytest.mark.slow
@needs_browser
def test_cells_and_runs_open_their_curves_and_headings_sort(browser: Browser, tmp_path: Path) -> None:
    data = read_sweep(swept(tmp_path, SWEEP))
    opened(browser, sweep_page(data, lambda *_: None), tmp_path, "#map")
    assert browser.find_element(By.ID, "curves").is_displayed() is False
    browser.execute_script("document.getElementById('map').emit('plotly_click', {points: [{x: 2, y: 1}]})")
    until(lambda: browser.find_element(By.ID, "curves").is_displayed())
    members = (data.columns["student.width"] == 32) & (data.columns["stages.local.step_size"] == 0.2)
    names = "return document.getElementById('curves').data.map((d) => d.name)"
    assert browser.execute_script(names) == data.columns["id"][members].tolist()
    assert len(browser.find_elements(By.CSS_SELECTOR, "tr.chosen")) == 3

    def heading(name: str) -> Any:  # made anew at every sort
        buttons = browser.find_elements(By.CSS_SELECTOR, "#results thead button")
        return next(button for button in buttons if button.text.split(" ")[0] == name)

    def first_ids() -> list[str]:
        return [cell.text for cell in browser.find_elements(By.CSS_SELECTOR, "#results tbody td:first-child")]

    order = np.argsort(data.columns["loss"], kind="stable")
    heading("loss").send_keys(Keys.ENTER)
    assert first_ids() == data.columns["id"][order].tolist()
    heading("loss").send_keys(Keys.ENTER)
    assert first_ids() == data.columns["id"][order[::-1]].tolist()
    browser.find_element(By.ID, "clear").send_keys(Keys.ENTER)
    browser.find_element(By.CSS_SELECTOR, "#results tbody button").send_keys(Keys.ENTER)
    until(lambda: browser.execute_script(names) == [data.columns["id"][order[-1]]])
    best = load_metrics(data.sweep.runs / str(data.columns["id"][order[-1]]))["loss"].astype("f4")
    shown = browser.execute_script("return Array.from(document.getElementById('curves').data[0].y)")
    np.testing.assert_allclose(shown, best, rtol=1e-7)
    assert errors(browser) == []


def test_the_report_names_each_value(tmp_path: Path) -> None:
    data = read_sweep(swept_with_momentum(tmp_path, ALIKE))
    axes = payload(sweep_page(data, lambda *_: None))["axes"]
    assert axes[MOMENTUM]["values"] == ["0.9995", "0.9999"]
    assert axes[SIZE]["values"] == ["0.050001", "0.050002", "0.050003", "0.050004"]
    for key in (MOMENTUM, SIZE):
        shown = [float(axes[key]["values"][i]) for i in axes[key]["index"]]
        assert shown == data.columns[key].tolist()


@pytest.mark.slow
@needs_browser
def test_the_map_of_the_report_shows_each_value(browser: Browser, tmp_path: Path) -> None:
    data = read_sweep(swept_with_momentum(tmp_path, ALIKE))
    opened(browser, sweep_page(data, lambda *_: None), tmp_path, "#map")
    axis = "return document.getElementById('map').layout.{}.ticktext"
    assert browser.execute_script(axis.format("xaxis")) == ["0.9995", "0.9999"]
    assert browser.execute_script(axis.format("yaxis")) == ["0.050001", "0.050002", "0.050003", "0.050004"]
    cells = browser.execute_script("return document.querySelector('#results tbody').innerText")
    assert {f"{m}\t{s}" for m in (0.9995, 0.9999) for s in (0.050001, 0.050004)} <= {
        "\t".join(row.split("\t")[1:3]) for row in cells.splitlines()
    }
    assert errors(browser) == []


@pytest.mark.slow
@needs_browser
def test_the_page_can_be_used_without_a_pointer(browser: Browser, tmp_path: Path) -> None:
    data = read_sweep(swept(tmp_path, SWEEP))
    opened(browser, sweep_page(data, lambda *_: None), tmp_path, "#map")
    place, told = browser.find_element(By.ID, "map"), browser.find_element(By.ID, "cell")
    place.send_keys(Keys.ARROW_RIGHT)
    until(lambda: told.text.startswith("student width 8, step size 0.1: median loss "))
    place.send_keys(Keys.ARROW_UP, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    until(lambda: told.text.startswith("student width 32, step size 0.2: "))
    assert told.text.endswith("3 of 3 runs done")
    place.send_keys(Keys.ENTER)
    members = (data.columns["student.width"] == 32) & (data.columns["stages.local.step_size"] == 0.2)
    pressed = "#results tbody button[aria-pressed=true]"
    until(lambda: len(browser.find_elements(By.CSS_SELECTOR, pressed)) == 3)
    assert [e.text for e in browser.find_elements(By.CSS_SELECTOR, pressed)] == data.columns["id"][members].tolist()
    stops = browser.find_elements(By.CSS_SELECTOR, "#results tbody button[tabindex='0']")
    assert len(stops) == 1, "the table is one stop of the tab key"
    stops[0].send_keys(Keys.ARROW_DOWN)
    assert browser.switch_to.active_element.text == "p0001"
    assert errors(browser) == []


@pytest.mark.slow
@needs_browser
def test_the_table_can_be_filtered_and_several_runs_chosen(browser: Browser, tmp_path: Path) -> None:
    data = read_sweep(swept(tmp_path, SWEEP))
    opened(browser, sweep_page(data, lambda *_: None), tmp_path, "#map")
    browser.find_element(By.ID, "filter").send_keys("0.2 16")
    rows = browser.find_elements(By.CSS_SELECTOR, "#results tbody tr")
    shown = (data.columns["student.width"] == 16) & (data.columns["stages.local.step_size"] == 0.2)
    assert {row.text.split()[0] for row in rows} >= set(data.columns["id"][shown].tolist())
    assert len(rows) < len(data.columns["id"])
    for button in browser.find_elements(By.CSS_SELECTOR, "#results tbody button")[:2]:
        button.send_keys(Keys.ENTER)
    names = "return document.getElementById('curves').data.map((d) => d.name)"
    until(lambda: len(browser.execute_script(names)) == 2)
    written = "return document.getElementById('map').layout.annotations.map((a) => a.text)"
    assert len(browser.execute_script(written)) == 6, "a number in each cell"
    assert errors(browser) == []


def test_a_summary_does_not_promise_curves(tmp_path: Path) -> None:
    page = sweep_page(read_sweep(swept(tmp_path, SEEDS)), lambda *_: None)
    assert "see the curves" not in page
    assert "No curves: this sweep keeps no logs (store: summary)." in page


@pytest.mark.slow
@needs_browser
def test_rows_lead_to_the_pages_of_their_runs_where_there_are_some(browser: Browser, tmp_path: Path) -> None:
    data = read_sweep(swept(tmp_path, SWEEP))
    assert payload(sweep_page(data, lambda *_: None))["pages"] == {}
    point = data.sweep.run("p0001")
    point.report_file.write_text("the page of a run")
    assert payload(sweep_page(data, lambda *_: None))["pages"] == {"p0001": "runs/p0001/report.html"}
    place = tmp_path / "a folder: elsewhere"
    page = sweep_page(data, lambda *_: None, place)
    assert payload(page)["pages"]["p0001"].startswith("../")
    opened(browser, page, place, "#map")
    [link] = browser.find_elements(By.CSS_SELECTOR, "#results tbody a")
    link.click()
    until(lambda: "the page of a run" in browser.page_source)


THREE_AXES = "grid:\n  student.width: [8, 16]\n  teacher.rank: [2, 3]\n  stages.local.step_size: [0.1, 0.2]\nseeds: 2\n"
DIVERGING = "grid:\n  stages.local.step_size: [0.1, 1e7]\nseeds: 2\nstore: summary\n"


@pytest.mark.slow
@needs_browser
def test_a_map_mixes_no_settings(browser: Browser, tmp_path: Path) -> None:
    data = read_sweep(swept(tmp_path, THREE_AXES))
    opened(browser, sweep_page(data, lambda *_: None), tmp_path, "#map")
    shown = "return document.getElementById('map').data[0].z.map((row) => Array.from(row, (v) => 10 ** v))"

    def medians(key: str, value: Any) -> np.ndarray:
        across, up = [axis for axis in data.axes if axis.key != key][:2]
        kept = data.done & (data.columns[key] == value)
        return np.array(
            [
                [np.median(data.columns["loss"][kept & (across.index == x) & (up.index == y)]) for x in range(2)]
                for y in range(2)
            ]
        )

    np.testing.assert_allclose(browser.execute_script(shown), medians("stages.local.step_size", 0.1), rtol=1e-5)
    assert "the median over those of its 2 runs, one a seed, that are done. Fixed: step size = 0.1." in (
        browser.find_element(By.ID, "cells").text
    )
    Select(browser.find_element(By.CSS_SELECTOR, "#fixed select")).select_by_visible_text("0.2")
    expected = medians("stages.local.step_size", 0.2)
    until(lambda: np.allclose(browser.execute_script(shown), expected, rtol=1e-5))
    assert "Fixed: step size = 0.2." in browser.find_element(By.ID, "cells").text
    Select(browser.find_element(By.ID, "up")).select_by_visible_text("step size")
    [label] = browser.find_elements(By.CSS_SELECTOR, "#fixed label")
    assert label.text == "teacher rank"
    expected = medians("teacher.rank", 2)
    until(lambda: np.allclose(browser.execute_script(shown), expected, rtol=1e-5))
    assert errors(browser) == []


@pytest.mark.slow
@needs_browser
def test_cells_without_a_run_that_is_done_are_marked(browser: Browser, tmp_path: Path) -> None:
    opened(browser, sweep_page(read_sweep(swept(tmp_path, DIVERGING)), lambda *_: None), tmp_path, "#map")
    crosses = "const t = document.getElementById('map').data.find((t) => t.name === 'none done'); return [t.x, t.y]"
    assert browser.execute_script(crosses) == [[1, 1], [0, 1]]
    assert browser.find_element(By.ID, "cells").text == "Each cell is one run. ×: none done (diverged)."
    hovered = browser.execute_script("return document.getElementById('map').data[0].customdata[0]")
    assert hovered[1] == "none done (diverged)"
    assert not hovered[0].startswith("median")
    place, told = browser.find_element(By.ID, "map"), browser.find_element(By.ID, "cell")
    place.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    until(lambda: told.text == "step size 1e7, seed 0: none done (diverged)")
    assert len(browser.execute_script("return document.getElementById('map').data[0].colorbar.tickvals")) >= 2
    assert errors(browser) == []


@pytest.mark.slow
@needs_browser
def test_a_sweep_over_seeds_has_a_table_and_no_map(browser: Browser, tmp_path: Path) -> None:
    page = sweep_page(read_sweep(swept(tmp_path, SEEDS)), lambda *_: None)
    assert 'id="map"' not in page
    assert "This sweep varies nothing but the seed." in page
    file = tmp_path / "page.html"
    file.write_text(page)
    browser.get(file.as_uri())
    until(lambda: len(browser.find_elements(By.CSS_SELECTOR, "#results tbody tr")) == 5)
    browser.find_element(By.CSS_SELECTOR, "#results tbody button").send_keys(Keys.ENTER)
    until(lambda: "p0000" in browser.find_element(By.ID, "chosen").text)
    assert errors(browser) == []


@needs_browser
@pytest.mark.slow
def test_a_scale_has_more_than_one_tick_however_short(browser: Browser, tmp_path: Path) -> None:
    opened(browser, sweep_page(read_sweep(swept(tmp_path, SWEEP)), lambda *_: None), tmp_path, "#map")
    for low, high in [(0.127, 0.201), (0.3, 0.31), (1.0001, 1.0002), (4.1e-7, 9e-7), (1, 1e9)]:
        for most in (3, 6):
            values, texts = browser.execute_script(
                "const t = logTicks(...arguments); return [t.tickvals, t.ticktext]", low, high, most
            )
            assert 2 <= len(values) <= most
            assert len(set(texts)) == len(texts)
            assert all(low * 0.999 <= value <= high * 1.001 for value in values)


def test_of_own_data_the_test_loss_comes_first(tmp_path: Path) -> None:
    base = f"""\
base:
  student: {{width: 4, init: {{kind: gaussian, first_layer_std: 0.5, second_layer_std: 0.1}}}}
  data: {{kind: empirical, path: {CONFIGS / "own_data.csv"}, test_fraction: 0.25}}
  stages:
    train: {{train: [first_layer, second_layer], steps: 10, step_size: 0.05}}
"""
    directory = new_sweep(tmp_path, "grid:\n  student.width: [4, 8]\n", base)
    run(directory)
    page = sweep_page(read_sweep(directory), lambda *_: None)
    assert payload(page)["metrics"][:2] == ["test_loss", "train_loss"]
    assert "least test loss" in page


def test_the_page_of_a_search_tells_its_edges(tmp_path: Path) -> None:
    page = sweep_page(read_sweep(searched(tmp_path)), lambda done, total: None)
    assert "edge along student.width teacher.width 4" in page
    assert "holds at neither end" in page
    assert "of a grid with all seeds" in page
