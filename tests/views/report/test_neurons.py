"""The neurons in the page of a run move with its slider."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from featlearn.views.data.run import read_run
from tests.views.browser import Browser, errors, needs_browser, opened, until
from tests.views.examples import new_run
from tests.views.pages import page_of


def neurons_shown(browser: Browser) -> Any:
    return browser.execute_script(
        "const t = document.getElementById('neurons').data.find((d) => d.name === 'neurons');"
        "return [Array.from(t.x), Array.from(t.y), t.z ? Array.from(t.z) : null]"
    )


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize("overrides", [[], ["teacher.rank=3"], ["teacher.rank=1", "teacher.width=1"]])
def test_slider_and_play_move_the_neurons(overrides: list[str], browser: Browser, tmp_path: Path) -> None:
    run = new_run(tmp_path, *overrides)
    neurons = read_run(run).neurons
    assert neurons is not None
    opened(browser, page_of(run), tmp_path, "#neurons")
    slider, play = browser.find_element(By.ID, "time"), browser.find_element(By.ID, "play")
    last = len(neurons.steps) - 1
    assert slider.get_attribute("value") == str(last)
    at_end = neurons_shown(browser)
    slider.send_keys(Keys.HOME)
    until(lambda: neurons_shown(browser) != at_end)
    assert slider.get_attribute("value") == "0"
    assert browser.find_element(By.ID, "moment").text.startswith("step 0")
    if neurons.rank == 3:
        x, y, z = np.array(neurons_shown(browser))
        directions = neurons.place[0] / np.linalg.norm(neurons.place[0], axis=-1, keepdims=True)
        np.testing.assert_allclose(np.stack([x, y, z], -1), directions, atol=1e-6)
    slider.send_keys(Keys.ARROW_RIGHT)
    until(lambda: slider.get_attribute("value") == "1")
    browser.execute_script("document.getElementById('speed').value = '2'")
    play.send_keys(Keys.ENTER)
    assert play.get_attribute("aria-pressed") == "true"
    until(lambda: int(slider.get_attribute("value") or 0) >= 3)
    canvas = "return document.querySelector('#neurons .overlay').toDataURL()"
    before = browser.execute_script(canvas)
    until(lambda: browser.execute_script(canvas) != before)
    until(lambda: play.get_attribute("aria-pressed") == "false")  # it stops at the end
    assert slider.get_attribute("value") == str(last)
    until(lambda: neurons_shown(browser) == at_end)
    assert errors(browser) == []


@pytest.mark.slow
@needs_browser
def test_the_names_of_teacher_lines_in_space_stand_in_front_of_the_sphere(browser: Browser, tmp_path: Path) -> None:
    opened(browser, page_of(new_run(tmp_path, "teacher.rank=3")), tmp_path, "#neurons")
    chart = browser.find_element(By.ID, "neurons")
    told = (
        "const { annotations, camera } = document.getElementById('neurons').layout.scene;"
        "return [annotations.map(({ x, y, z }) => [x, y, z]), [camera.eye.x, camera.eye.y, camera.eye.z]]"
    )
    before = browser.execute_script(told)
    ActionChains(browser).move_to_element(chart).click_and_hold().move_by_offset(150, 30).release().perform()
    until(lambda: browser.execute_script(told)[0] != before[0])
    for places, eye in (before, browser.execute_script(told)):
        assert np.all(np.array(places) @ eye >= 0)
    assert errors(browser) == []
