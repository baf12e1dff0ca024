"""The laboratory trains what the package trains, and its page can be used and read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from featlearn.config.load import load_config
from featlearn.runs.train import train
from featlearn.training.networks import generator
from featlearn.views.report.lab import lab_page
from tests.places import ROOT
from tests.views.browser import Browser, errors, needs_browser, opened, until
from tests.views.legibility import faint_texts
from tests.views.pages import Outline

# What is trained: the end of an address, and how many steps with which settings.
RUNS: dict[str, tuple[str, list[tuple[int, dict[str, float]]]]] = {
    "relu, changed twice": ("dim=6", [(500, {}), (300, {"decay": 0.02}), (200, {"step": 0.1})]),
    "nearly parallel": ("dim=2&lines=85:1,85.001:-1&decay=0", [(1000, {})]),
    "parallel in the end": ("dim=2&start=0.3&decay=0.02&step=0.7", [(4000, {})]),
    "plain relu": ("activation=plain_relu&dim=4&lines=20:1,100:0.8,300:1", [(1000, {})]),
    "abs": ("activation=abs&dim=3&width=5&seed=4294967295", [(1000, {})]),
    "erf": ("activation=erf&dim=4&start=0.5&step=0.05", [(1000, {})]),
    "quadratic": ("activation=quadratic&dim=4&step=0.02&lines=0:1,90:-0.5", [(1000, {})]),
}
TRAINED = """
const [hash, plan] = arguments, settings = settingsOf(hash), one = new Experiment(settings);
for (const [steps, changes] of plan) {
  Object.assign(settings, changes);
  for (let left = steps; left > 0 && !one.diverged; left -= one.run(left, 1e9));
}
return {
  yaml: yamlOf(settings, one.parts), link: linkOf(settings), loss: one.loss, objective: one.objective, ...one.measures,
  second: [...one.engine.second], first: [...one.engine.first],
};
"""
SHOWN = """
const shown = linkOf(experiment.settings).slice(1).split("&");
return arguments[0].split("&").every((told) => shown.includes(told));
"""


@pytest.fixture(scope="module")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Browser:
    opened(browser, lab_page(), tmp_path_factory.mktemp("lab"), "#plane")
    return browser


@pytest.fixture
def fresh(browser: Browser, tmp_path: Path) -> Iterator[Browser]:
    """The page as somebody opens it."""
    opened(browser, lab_page(), tmp_path, "#plane")
    yield browser
    assert errors(browser) == []
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_the_page_is_small_needs_nothing_and_is_the_one_in_the_documentation() -> None:
    page = lab_page()
    assert len(page.encode()) < 150e3
    tags = Outline(page).tags
    [policy] = [a["content"] for _, a in tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert {address for _, a in tags if (address := a.get("src") or a.get("href"))} == {"data:,"}
    stored = (ROOT / "docs" / "lab.html").read_text(encoding="utf-8")
    assert stored == page, "write it again: featlearn lab --no-open --out docs/lab.html"


@needs_browser
def test_the_random_numbers_are_those_of_numpy(lab: Browser) -> None:
    script = "const next = normals(arguments[0], 'student'); return Array.from({ length: 8000 }, next);"
    for seed in (0, 12345, 2**32 - 1):
        drawn = np.array(lab.execute_script(script, seed))
        wanted = generator(seed, "student").standard_normal(len(drawn))
        assert np.max(np.abs(wanted)) > 3.66  # beyond the layers of the ziggurat, in its tail
        np.testing.assert_allclose(drawn, wanted, rtol=1e-12)


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize("name", RUNS)
def test_the_configuration_of_a_page_trains_to_where_the_page_ends(name: str, lab: Browser, tmp_path: Path) -> None:
    hash_, plan = RUNS[name]
    found: dict[str, Any] = lab.execute_script(TRAINED, hash_, plan)
    file = tmp_path / "laboratory.yaml"
    file.write_text(found["yaml"], encoding="utf-8")
    config = load_config(file, ["log={points: 4, snapshots: 2, gap: false}", "backend=fused"])
    run = train(config, tmp_path / "runs").run
    with np.load(run.checkpoint_file) as stored:
        second, first = stored["second_layer"].ravel(), stored["first_layer"].ravel()
    for own, theirs in ((found["second"], second), (found["first"], first)):
        assert np.max(np.abs(np.array(own) - theirs)) <= 1e-9 * np.max(np.abs(theirs))
    final = run.read_info().final
    assert final is not None
    for column in ("loss", "objective", "mean_angle", "aligned_mass", "alive", "recovered"):
        assert found[column] == pytest.approx(final[column], rel=1e-7, abs=1e-8), column


@needs_browser
@pytest.mark.parametrize("apart", ["1e-9", "1e-5", "0.3"])
def test_the_gradient_of_nearly_parallel_rows_keeps_its_digits(apart: str, lab: Browser) -> None:
    """K and ∂K/∂s of relu without the degrees below 2, against fifty digits."""
    script = """
    const one = new Engine("relu", 2, [1, 0], arguments[0], 1);
    one.sums();
    return [one.byA[1], one.byRow[2], one.byRow[3]];
    """
    with mp.workdps(50):
        rows = [1.0, 0.0, float(mp.cos(mp.mpf(apart))), float(mp.sin(mp.mpf(apart)))]
        _, _, x, y = map(mp.mpf, rows)
        angle = mp.atan2(y, x)  # of the rows as they are in float64
        value = mp.sin(angle) + (mp.pi / 2 - angle) * mp.cos(angle) - 1
        wanted = [value, mp.pi / 2 - angle, mp.mpf(0)]
    found = lab.execute_script(script, rows)
    np.testing.assert_allclose(found, [float(w) for w in wanted], rtol=4e-16, atol=4e-16)


@needs_browser
def test_the_pull_is_the_descent_of_the_loss_along_a_new_neuron(lab: Browser) -> None:
    script = """
    return Object.keys(ACTIVATIONS).map((activation) => {
      const row = [0.6, 0.8, 0, 0], start = sphereStart(3, 5, 4, 0.5), size = 1e-4;
      const loss = (a) => {
        const one = new Engine(activation, 4, [...start.second, a], [...start.first, ...row], 1);
        one.setTeacher([1], Float64Array.from([0, 1, 0, 0]));
        return [one.sums(), one.pull(row, 0, 2)];
      };
      return [(loss(-size)[0] - loss(size)[0]) / (2 * size), loss(0)[1]];
    });
    """
    for slope, pull in lab.execute_script(script):
        assert slope == pytest.approx(pull, rel=1e-9)


@needs_browser
def test_a_link_tells_all_settings_and_wrong_ones_are_as_usual(lab: Browser) -> None:
    both = "return [linkOf(settingsOf(arguments[0])), linkOf(settingsOf(linkOf(settingsOf(arguments[0]))))]"
    usual, again = lab.execute_script(both, "")
    assert usual == again
    told = "#activation=erf&dim=3&width=20&start=0.2&seed=7&decay=0.01&step=0.5&lines=12.5:-0.3,170:2"
    assert lab.execute_script(both, told) == [told, told]
    wrong = "#activation=<b>&dim=5&width=1e9&seed=-1&decay=x&step=0&lines=1:9,a:b&more=1&toString=2"
    assert lab.execute_script(both, wrong)[0] == usual
    assert lab.execute_script("return yamlNumber(1e-7) + ' ' + yamlNumber(1e21)") == "1.0e-7 1.0e+21"


@pytest.mark.slow
@needs_browser
def test_lines_are_dragged_and_turned_by_keys_and_training_is_played(fresh: Browser) -> None:
    def angle() -> float:
        return float(fresh.execute_script("return experiment.settings.lines[0].angle"))

    handle = fresh.find_element(By.CSS_SELECTOR, ".handle")
    ActionChains(fresh).drag_and_drop_by_offset(handle, -90, -80).perform()
    assert 40 < angle() < 80
    assert f"lines={angle():g}:1" in fresh.current_url
    before = angle()
    handle.send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT, Keys.ARROW_RIGHT)
    assert angle() == before + 1
    assert handle.get_attribute("aria-valuetext") == f"{angle():g} degrees"
    fresh.find_element(By.TAG_NAME, "body").send_keys(Keys.SPACE)
    until(lambda: fresh.execute_script("return experiment.engine.steps") > 50)
    fresh.find_element(By.ID, "play").click()
    steps = fresh.execute_script("return experiment.engine.steps")
    assert fresh.find_element(By.ID, "steps").text == str(steps)
    assert f"steps: {steps}\n" in fresh.find_element(By.ID, "yaml").text + "\n"
    handle.send_keys(Keys.ARROW_LEFT)
    assert "in the middle of the run" in fresh.find_element(By.ID, "moved").text
    fresh.find_element(By.ID, "reset").click()
    assert not fresh.find_element(By.ID, "moved").is_displayed()
    fresh.find_element(By.ID, "one").click()
    assert fresh.find_element(By.ID, "steps").text == "1"


@pytest.mark.slow
@needs_browser
def test_weights_that_diverge_are_told_and_the_page_goes_on(fresh: Browser) -> None:
    fresh.execute_script("location.hash = 'activation=quadratic&step=3&start=1'")
    until(lambda: fresh.execute_script("return experiment.settings.activation") == "quadratic")
    fresh.find_element(By.ID, "play").click()
    until(lambda: "diverged" in fresh.find_element(By.ID, "said").text)
    fresh.find_element(By.ID, "more").click()
    fresh.find_element(By.CSS_SELECTOR, "[data-preset=lines]").click()
    until(lambda: fresh.execute_script("return experiment.engine.steps") > 50)
    assert fresh.find_element(By.ID, "said").text == ""


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1000, "light"), (1600, "dark")])
def test_every_text_can_be_read(width: int, scheme: str, fresh: Browser) -> None:
    features = [
        {"name": "prefers-color-scheme", "value": scheme},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    fresh.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    fresh.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    for hash_ in ("lines=0:1,40:1,90:1,130:1,179:1", "activation=plain_relu&decay=0"):
        fresh.execute_script("location.hash = arguments[0]", hash_)
        until(lambda wanted=hash_: fresh.execute_script(SHOWN, wanted))  # type: ignore[misc]
        fresh.execute_script("experiment.run(300, 1e9); show()")
        assert faint_texts(fresh) == []
        assert fresh.execute_script("return document.documentElement.scrollWidth") <= width


def test_the_scripts_have_no_network_and_the_engine_no_page() -> None:
    files = ROOT / "featlearn" / "views" / "report" / "files"
    for name in ("engine.js", "random.js", "experiment.js"):
        text = (files / name).read_text(encoding="utf-8")
        assert not any(word in text for word in ("document", "window", "fetch", "innerHTML")), name
