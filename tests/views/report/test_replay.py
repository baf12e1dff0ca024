"""The replay of a run's page in a real browser: what it tells when, one neuron in all charts, addresses, keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from featlearn.config.load import load_config
from featlearn.runs.directory import RunDirectory
from featlearn.runs.train import train
from featlearn.views.data.events import chapters_of, events_of
from featlearn.views.data.run import read_run
from featlearn.views.words.cells import cell
from tests.places import CONFIGS
from tests.views.browser import Browser, errors, needs_browser, opened, until
from tests.views.examples import PLATEAU, new_run
from tests.views.pages import page_of

NO_DECAY = [f"stages.{name}.weight_decay=0" for name in ("first_step", "second_layer", "local_convergence")]
RUNS = {
    "plateau": PLATEAU,
    "no decay": NO_DECAY,
    "diverged": ["stages.local_convergence.step_size=1e6"],
    "samples": ["data={kind: empirical, samples: 50}"],
    "rank 3": ["teacher.rank=3"],
    "rank 5": ["teacher.rank=5", "teacher.width=5"],
}
STEPS = "return [...document.querySelectorAll('#marks .event')].map((mark) => mark.getAttribute('aria-label'))"


def text_of(browser: Browser, name: str) -> str:
    return browser.find_element(By.ID, name).text


def moved_to(browser: Browser, snapshot: int) -> None:
    browser.execute_script(
        "const e = document.getElementById('time'); e.value = arguments[0]; e.dispatchEvent(new Event('input'));",
        snapshot,
    )


def value_of(browser: Browser, name: str) -> str:
    return browser.find_element(By.ID, name).get_attribute("value") or ""


@contextmanager
def with_motion(browser: Browser) -> Iterator[None]:
    motion = [{"name": "prefers-reduced-motion", "value": "no-preference"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": motion})
    try:
        yield
    finally:
        reduced = [{"name": "prefers-reduced-motion", "value": "reduce"}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": reduced})


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize("name", RUNS)
def test_what_happened_is_told_when_it_happened(name: str, browser: Browser, tmp_path: Path) -> None:
    run = new_run(tmp_path, *RUNS[name])
    data = read_run(run)
    events = events_of(data)
    assert data.neurons is not None
    opened(browser, page_of(run), tmp_path, "#alignment")
    labels = browser.execute_script(STEPS)
    for event in events:
        at = min(int(np.searchsorted(data.neurons.steps, event.step)), len(data.neurons.steps) - 1)
        step = data.neurons.steps[at]
        assert [label for label in labels if label.startswith(f"step {step}:") and event.text in label]
    links = browser.execute_script("return [...document.querySelectorAll('#happened a')].map((link) => link.hash)")
    for event, link in zip(events, links, strict=True):
        at = int(np.searchsorted(data.neurons.steps, event.step))
        moved_to(browser, at)
        step, caption = data.neurons.steps[at], text_of(browser, "caption")
        assert link == f"#step={event.step}"
        assert browser.find_element(By.ID, "link").get_property("hash") == f"#step={step}"
        assert text_of(browser, "moment").startswith(f"step {step} ·")
        assert caption.startswith("Now ·")
        assert event.text in caption
    logged = {row["step"] for row in run.read_metrics()}
    assert {event.step for event in events} <= logged
    assert (run.read_info().status == "diverged") == any(event.kind == "divergence" for event in events)
    assert (run.read_info().status == "diverged") == (name == "diverged")
    rows = run.read_metrics()
    row = max((row for row in rows if row["step"] <= events[0].step), key=lambda row: row["step"])
    moved_to(browser, int(np.searchsorted(data.neurons.steps, events[0].step)))
    shown = browser.find_element(By.CSS_SELECTOR, "[data-fact=mean_angle]").text
    assert shown == cell("mean_angle", row["mean_angle"]), "the numbers at the top follow the slider"
    assert browser.find_elements(By.CSS_SELECTOR, "#curves .happened")
    assert errors(browser) == []


@pytest.mark.slow
@needs_browser
def test_a_run_without_a_teacher_tells_what_happened(browser: Browser, tmp_path: Path) -> None:
    run = train(load_config(CONFIGS / "own_data.yaml", ["stages.train.steps=40"]), tmp_path).run
    opened(browser, page_of(run), tmp_path, "#curves")
    told = browser.find_element(By.ID, "happened").text
    events = events_of(read_run(run))
    assert events
    assert all(f"step {event.step}: {event.text}" in told for event in events)
    assert {event.step for event in events} <= {row["step"] for row in run.read_metrics()}
    assert len(browser.find_elements(By.CSS_SELECTOR, "#curves .happened")) == len(events)
    assert not browser.find_elements(By.ID, "play")
    assert errors(browser) == []


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize("overrides", [[], ["teacher.rank=3"]])
def test_a_neuron_is_marked_everywhere(overrides: list[str], browser: Browser, tmp_path: Path) -> None:
    run = new_run(tmp_path, *overrides)
    neurons = read_run(run).neurons
    assert neurons is not None
    opened(browser, page_of(run), tmp_path, "#neurons")
    field = browser.find_element(By.ID, "neuron")
    field.send_keys("7")
    moved_to(browser, 5)
    told = f"neuron 7 at step {neurons.steps[5]}: {neurons.angle[5, 7]:.2f}° from w*{neurons.teacher[5, 7] + 1}, mass "
    assert text_of(browser, "neuron-told").startswith(told)
    until(lambda: browser.execute_script("return location.hash") == f"#step={neurons.steps[5]}&neuron=7")
    traces = browser.execute_script("return document.getElementById('traces').data.map((t) => Array.from(t.y))")
    np.testing.assert_allclose(traces, [neurons.angle[:, 7], neurons.mass[:, 7]], rtol=1e-6)
    ringed = "return [...document.querySelectorAll('.overlay')].map((c) => new Uint32Array(c.getContext('2d')"
    ringed += ".getImageData(0, 0, c.width, c.height).data.buffer).some((pixel) => pixel !== 0))"
    in_space = "return document.getElementById('neurons').data.some((t) => t.name === 'marked')"
    shown = [browser.execute_script(in_space)] if overrides else browser.execute_script(ringed)
    assert shown == ([True] if overrides else [True, True])
    field.send_keys(Keys.ESCAPE)
    until(lambda: text_of(browser, "neuron-told").startswith("Point at a dot"))
    assert not browser.find_element(By.ID, "traces").is_displayed()
    assert not any([browser.execute_script(in_space)] if overrides else browser.execute_script(ringed))
    until(lambda: browser.execute_script("return location.hash") == f"#step={neurons.steps[5]}")
    assert errors(browser) == []


@pytest.mark.slow
@needs_browser
def test_a_click_on_a_dot_chooses_its_neuron(browser: Browser, tmp_path: Path) -> None:
    opened(browser, page_of(new_run(tmp_path)), tmp_path, "#neurons")
    for chart in ("neurons", "certificate"):
        event = "document.getElementById(arguments[0]).emit(arguments[1], arguments[2])"
        told = {"points": [{"data": {"name": "neurons" if chart == "neurons" else "certified"}, "pointNumber": 3}]}
        browser.execute_script(event, chart, "plotly_hover", told)
        assert text_of(browser, "neuron-told").startswith("neuron 3 at step ")
        assert value_of(browser, "neuron") == ""
        browser.execute_script(event, chart, "plotly_unhover", {})
        assert text_of(browser, "neuron-told").startswith("Point at a dot")
        browser.execute_script(event, chart, "plotly_click", told)
        assert value_of(browser, "neuron") == "3"
        browser.execute_script(event, chart, "plotly_click", told)
        assert value_of(browser, "neuron") == "", "the same again, and it is let go"
    assert errors(browser) == []


def named(run: RunDirectory, page: Path, fragment: str) -> str:
    page.write_text(page_of(run))
    return f"{page.resolve().as_uri()}#{fragment}"


@pytest.mark.slow
@needs_browser
def test_an_address_names_a_moment_and_a_neuron(browser: Browser, tmp_path: Path) -> None:
    run = new_run(tmp_path)
    with with_motion(browser):
        browser.get("about:blank")
        browser.get(named(run, tmp_path / "named.html", "step=2&neuron=11"))
        until(lambda: browser.execute_script("return Boolean(document.querySelector('#traces')?.data)"))
        assert text_of(browser, "moment").startswith("step 2 ·")
        assert text_of(browser, "neuron-told").startswith("neuron 11 at step 2:")
        assert browser.find_element(By.ID, "play").get_attribute("aria-pressed") == "false", "it does not play"
        entries = browser.execute_script("return history.length")
        for snapshot in range(6):
            moved_to(browser, snapshot)
        until(lambda: "neuron=11" in browser.execute_script("return location.hash"))
        assert browser.execute_script("return history.length") == entries
        browser.execute_script("location.hash = '#step=1&neuron=999999'")  # there is no such neuron
        until(lambda: text_of(browser, "moment").startswith("step 1 ·"))
        assert text_of(browser, "neuron-told").startswith("Point at a dot")
    assert errors(browser) == []


@pytest.mark.slow
@needs_browser
def test_the_page_plays_by_itself_where_motion_is_welcome(browser: Browser, tmp_path: Path) -> None:
    page = page_of(new_run(tmp_path))
    with with_motion(browser):
        opened(browser, page, tmp_path, "#neurons")
        play, body = browser.find_element(By.ID, "play"), browser.find_element(By.TAG_NAME, "body")
        until(lambda: play.get_attribute("aria-pressed") == "true")
        until(lambda: int(value_of(browser, "time")) >= 1)
        drawn = browser.execute_script("return document.querySelector('#neurons .overlay').width")
        assert drawn > 0
        body.send_keys(Keys.SPACE)
        assert play.get_attribute("aria-pressed") == "false"
        at = int(value_of(browser, "time"))
        body.send_keys(Keys.ARROW_RIGHT)
        assert int(value_of(browser, "time")) == at + 1
        play.send_keys(Keys.HOME)
        assert value_of(browser, "time") == "0"
        play.send_keys(Keys.END)
        assert value_of(browser, "time") == "11"
        browser.execute_script("document.getElementById('speed').value = '4'")
        play.send_keys(Keys.ENTER)
        until(lambda: int(value_of(browser, "time")) < 11)
        until(
            lambda: play.get_attribute("aria-pressed") == "false"
        )  # it stops at the end, which it reaches in 10 seconds
        assert value_of(browser, "time") == "11"
    opened(browser, page, tmp_path, "#neurons")
    assert browser.find_element(By.ID, "play").get_attribute("aria-pressed") == "false", "motion is to be reduced"
    assert value_of(browser, "time") == "11"
    assert errors(browser) == []


@pytest.mark.slow
@needs_browser
def test_a_mark_leads_to_its_moment(browser: Browser, tmp_path: Path) -> None:
    opened(browser, page_of(new_run(tmp_path)), tmp_path, "#neurons")
    mark = browser.find_elements(By.CSS_SELECTOR, "#marks button")[1]
    mark.send_keys(Keys.ENTER)
    step = (mark.get_attribute("aria-label") or "").split(":")[0]
    assert text_of(browser, "moment").startswith(f"{step} ·")
    assert "now" in (mark.get_attribute("class") or "")
    assert errors(browser) == []


@pytest.mark.slow
@needs_browser
def test_before_the_first_event_no_more_is_told_than_is_so(browser: Browser, tmp_path: Path) -> None:
    stages = "stages={both: {train: [first_layer, second_layer], steps: 40, step_size: 0.01}}"
    opened(browser, page_of(new_run(tmp_path, stages)), tmp_path, "#neurons")
    moved_to(browser, 0)
    assert text_of(browser, "caption").startswith("Start · The neurons stand where they were drawn")
    moved_to(browser, 1)
    assert "no step has been taken" not in text_of(browser, "caption")
    assert errors(browser) == []


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize(("width", "is_open"), [(390, False), (1000, True)])
def test_the_opening_is_folded_on_a_phone(width: int, is_open: bool, browser: Browser, tmp_path: Path) -> None:
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    opened(browser, page_of(new_run(tmp_path)), tmp_path, "#neurons")
    assert browser.execute_script("return document.querySelector('.opening').open") == is_open
    assert errors(browser) == []


@pytest.mark.slow
@needs_browser
def test_a_link_between_snapshots_lands_on_its_step(browser: Browser, tmp_path: Path) -> None:
    run = new_run(tmp_path, *PLATEAU)
    data = read_run(run)
    assert data.neurons is not None
    opened(browser, page_of(run), tmp_path, "#alignment")
    times = data.neurons.steps.tolist()
    between = [event for event in events_of(data) if event.step not in times]
    assert between
    for event in between:
        browser.execute_script("location.hash = arguments[0]", f"step={event.step}")
        wanted = f"step {event.step} ·"
        until(lambda wanted=wanted: text_of(browser, "moment").startswith(wanted))  # type: ignore[misc]
        later = times[int(np.searchsorted(times, event.step))] - event.step
        assert f"neurons drawn as they are {later} step" in text_of(browser, "moment")
        assert event.text in text_of(browser, "caption")
        row = int(np.flatnonzero(data.metrics["step"] == event.step)[0])
        shown = browser.find_element(By.CSS_SELECTOR, "[data-fact=recovered]").text
        assert shown == f"{data.metrics['recovered'][row]} of 3", "the numbers are those of the very step"
        assert (browser.find_element(By.ID, "link").get_attribute("href") or "").endswith(f"#step={event.step}")
    odd = next(step for step in range(3, times[-1]) if step not in times and step not in data.metrics["step"].tolist())
    browser.execute_script("location.hash = arguments[0]", f"step={odd}")
    after = times[int(np.searchsorted(times, odd))]
    until(lambda: text_of(browser, "moment").startswith(f"step {after} ·"))
    assert "later" not in text_of(browser, "moment")
    assert errors(browser) == []


@pytest.mark.slow
@needs_browser
def test_a_chapter_leads_to_its_step(browser: Browser, tmp_path: Path) -> None:
    run = new_run(tmp_path, *PLATEAU)
    chapters = chapters_of(events_of(read_run(run)))
    opened(browser, page_of(run), tmp_path, "#alignment")
    buttons = browser.find_elements(By.CSS_SELECTOR, "#chapters button")
    assert [button.text for button in buttons] == [f"{i}. {event.mark}" for i, event in enumerate(chapters, start=1)]
    for button, event in zip(buttons, chapters, strict=True):
        button.send_keys(Keys.ENTER)
        assert text_of(browser, "moment").startswith(f"step {event.step} ·")
        assert "now" in (button.get_attribute("class") or "")
    assert errors(browser) == []


@pytest.mark.slow
@needs_browser
def test_a_replay_waits_as_long_as_its_texts_are_read_and_ends_in_time(browser: Browser, tmp_path: Path) -> None:
    opened(browser, page_of(new_run(tmp_path)), tmp_path, "#alignment")

    def stands(*lengths: int, kind: str = "lines") -> list[float]:
        marks = [{"s": s, "events": [{"kind": kind, "text": "x" * length}]} for s, length in enumerate(lengths)]
        found = browser.execute_script("return [...standsOf(arguments[0])]", marks)
        return [seconds for _, seconds in found]

    assert stands(100, 10) == pytest.approx([6.0, 1.5])
    assert stands(100, kind="stage") == []
    assert stands(400, 400, 400) == pytest.approx([10.0, 10.0, 10.0])
    many = stands(*[50] * 5, *[300] * 15)
    assert sum(many) == pytest.approx(30.0)
    assert many[-1] > many[0]
