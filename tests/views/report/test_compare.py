"""The page of runs side by side as a file, and in a real browser."""

import json
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from featlearn.config.load import load_config
from featlearn.runs.directory import RunDirectory
from featlearn.runs.train import train
from featlearn.views.data.comparison import compare
from featlearn.views.data.run import read_run
from featlearn.views.report.compare import comparison_page
from tests.places import CONFIGS
from tests.views.browser import Browser, errors, needs_browser, opened, until
from tests.views.examples import QUICKSTART, new_run
from tests.views.examples import SHORT as SMALL
from tests.views.legibility import faint_texts, texts_that_overlap
from tests.views.pages import HOSTILE, Outline, floats, payload

DECAY = "stages.local_convergence.weight_decay"
SHORT = "stages.local_convergence.steps=150"
OWN, SPACE = CONFIGS / "own_data.yaml", "teacher.rank=3"
RUNS: dict[str, tuple[Path, list[str]]] = {
    "decays": (QUICKSTART, SMALL),
    "free": (QUICKSTART, [*SMALL, f"{DECAY}=0", SHORT]),
    "diverged": (QUICKSTART, [*SMALL, "stages.local_convergence.step_size=1e6"]),
    "space": (QUICKSTART, [*SMALL, SPACE, SHORT]),
    "space-free": (QUICKSTART, [*SMALL, SPACE, SHORT, f"{DECAY}=0"]),
    "five": (QUICKSTART, [*SMALL, "teacher.rank=5", "teacher.width=5", SHORT]),
    "bare": (QUICKSTART, [*SMALL, SHORT]),
    "own": (OWN, ["stages.train.steps=40"]),
    "own-free": (OWN, ["stages.train.steps=40", "stages.train.weight_decay=0"]),
}
SCREENS = [
    (("decays", "free"), 1600, "dark"),
    (("decays", "free", "diverged"), 390, "light"),
    (("decays", "free", "diverged"), 1000, "dark"),
    (("decays", "space", "five"), 1000, "light"),
    (("decays", "bare"), 390, "dark"),
    (("own", "own-free"), 1600, "light"),
]


class Runs(dict[str, RunDirectory]):
    """Runs by their names, each of them made when it is first asked for."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def __missing__(self, name: str) -> RunDirectory:
        file, overrides = RUNS[name]
        made = self[name] = train(load_config(file, [*overrides, f"name={name}"]), self._place).run
        if name == "bare":
            made.snapshots_file.unlink()
        return made


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return Runs(tmp_path_factory.mktemp("runs"))


def page_of(runs: Runs, *names: str) -> str:
    return comparison_page(compare([read_run(runs[name]) for name in names]))


def shown(
    browser: Browser, page: str, place: Path, width: int = 1000, scheme: str = "light", still: bool = True
) -> None:
    """Open a page, by default for somebody who wants no motion."""
    features = [
        {"name": "prefers-color-scheme", "value": scheme},
        {"name": "prefers-reduced-motion", "value": "reduce" if still else "no-preference"},
    ]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    opened(browser, page, place, "#losses")


def text_of(browser: Browser, element: str) -> str:
    return browser.find_element(By.ID, element).text


def test_the_page_holds_each_run_on_shared_scales(runs: Runs) -> None:
    found = payload(page_of(runs, "decays", "free"))
    data = [read_run(runs[name]) for name in ("decays", "free")]
    neurons = [one["neurons"] for one in found["runs"]]
    assert [one["name"] for one in found["runs"]] == ["decays", "free"]
    for one, read in zip(found["runs"], data, strict=True):
        assert floats(one["metrics"]["loss"]).tolist() == read.metrics["loss"].tolist()
    for scale in ("heaviest", "least_mass", "smallest", "teacher_place"):
        assert neurons[0][scale] == neurons[1][scale]
    steps = {int(step) for read in data if read.neurons for step in read.neurons.steps}
    assert found["moments"] == sorted(steps)
    assert found["one_frame"]


def test_the_differences_and_the_final_numbers_are_told(runs: Runs) -> None:
    page = page_of(runs, "decays", "free", "diverged")
    text = " ".join(Outline(page).text)
    final = runs["free"].read_metrics()[-1]
    for told in (
        "0.01 × 0.5 every 100",
        "decays, free and diverged",
        "a hundred times their first value",
        f"{final['loss']:.3g}",
    ):
        assert told in text
    assert '<td class="diverged">diverged</td>' in page
    assert str(runs["diverged"].read_info().message).split(":")[0] in text


def test_pictures_without_a_common_frame_say_so(runs: Runs) -> None:
    text = " ".join(Outline(page_of(runs, "decays", "space", "five")).text)
    assert "The teachers differ: a place and a colour mean something only within one picture." in text
    assert all(
        text.count(start) == 1 for start in ("on the teacher's plane", "on the teacher's space", "Angle to the nearest")
    )
    assert "snapshots.npz is missing" in " ".join(Outline(page_of(runs, "decays", "bare")).text)


def test_what_users_wrote_is_text(runs: Runs, tmp_path: Path) -> None:
    hostile = new_run(tmp_path, f"name={json.dumps(HOSTILE)}", SHORT)
    outline = Outline(comparison_page(compare([read_run(runs["decays"]), read_run(hostile)])))
    assert not [tag for tag, a in outline.tags if tag == "img" or "onerror" in a]
    assert [tag for tag, _ in outline.tags].count("script") == 10  # data, Plotly, seven of ours, the starter


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize(("names", "width", "scheme"), SCREENS)
def test_every_text_can_be_read(
    names: tuple[str, ...], width: int, scheme: str, browser: Browser, runs: Runs, tmp_path: Path
) -> None:
    shown(browser, page_of(runs, *names), tmp_path, width, scheme)
    browser.execute_script("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    assert faint_texts(browser) == []
    assert texts_that_overlap(browser) == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert errors(browser) == []


@pytest.mark.slow
@needs_browser
def test_one_slider_moves_all_runs_to_their_nearest_snapshots(browser: Browser, runs: Runs, tmp_path: Path) -> None:
    page = page_of(runs, "decays", "free")
    shown(browser, page, tmp_path)
    moments = payload(page)["moments"]
    slider = browser.find_element(By.ID, "time")
    own = [read_run(runs[name]) for name in ("decays", "free")]
    ends = [int(data.metrics["step"][-1]) for data in own]
    assert text_of(browser, "moment") == f"step {ends[0]}; the pictures are of different steps: {ends[0]}, {ends[1]}"
    assert text_of(browser, "told-1").startswith(f"step {ends[1]} (done there) · local_convergence · loss ")
    seen: list[Any] = []
    for key in (Keys.HOME, *[Keys.ARROW_RIGHT] * (len(moments) - 1)):
        slider.send_keys(key)
        moment = moments[int(slider.get_attribute("value") or -1)]
        for i, data in enumerate(own):
            assert data.neurons is not None
            nearest = min(data.neurons.steps.tolist(), key=lambda step: abs(step - moment))
            assert text_of(browser, f"told-{i}").startswith(f"step {nearest} ") or moment == 0
        seen.append(moment)
    assert seen == moments
    assert errors(browser) == []


@pytest.mark.slow
@needs_browser
def test_an_address_names_a_moment_and_motion_is_left_out_where_it_is_unwanted(
    browser: Browser, runs: Runs, tmp_path: Path
) -> None:
    page = page_of(runs, "decays", "free")
    shown(browser, page, tmp_path)
    assert browser.find_element(By.ID, "play").get_attribute("aria-pressed") == "false"
    middle = payload(page)["moments"][4]
    browser.execute_script("location.hash = arguments[0]", f"step={middle}")
    until(lambda: text_of(browser, "moment").startswith(f"step {middle}"))
    assert (browser.find_element(By.ID, "link").get_attribute("href") or "").endswith(f"#step={middle}")
    shown(browser, page, tmp_path / "moving", still=False)
    until(lambda: browser.find_element(By.ID, "play").get_attribute("aria-pressed") == "true")
    until(lambda: int(browser.find_element(By.ID, "time").get_attribute("value") or 0) > 0)
    assert errors(browser) == []


@pytest.mark.slow
@needs_browser
def test_spheres_in_one_frame_turn_together(browser: Browser, runs: Runs, tmp_path: Path) -> None:
    shown(browser, page_of(runs, "space", "space-free"), tmp_path)
    eye = "return document.getElementById('neurons-1').layout.scene.camera.eye.x"
    until(lambda: browser.execute_script("return Boolean(document.getElementById('neurons-1')?.layout)"))
    browser.execute_script(
        "Plotly.relayout('neurons-0', { 'scene.camera': { eye: { x: 0.1, y: 0.2, z: 1.1 } } })",
    )
    until(lambda: browser.execute_script(eye) == 0.1)
    assert errors(browser) == []
