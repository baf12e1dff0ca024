"""Every text of a page can be read, light and dark, on a phone and on a wide screen."""

from pathlib import Path

import pytest

from featlearn.views.data.sweep import read_sweep
from featlearn.views.report.sweep import sweep_page
from tests.views.browser import Browser, errors, needs_browser, opened
from tests.views.examples import SWEEP, new_run, swept
from tests.views.legibility import faint_texts, texts_that_overlap
from tests.views.pages import page_of

SCREENS = [(390, "light"), (1000, "dark"), (1400, "light")]
RUNS = {
    "plane": [],
    "space": ["teacher.rank=3"],
    "one": ["teacher.rank=1", "teacher.width=1"],
    "five": ["teacher.rank=5", "teacher.width=5"],
    "diverged": ["stages.local_convergence.step_size=1e6"],
    "sampled": ["data={kind: empirical, samples: 300}"],
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    place = tmp_path_factory.mktemp("pages")
    found = {name: page_of(new_run(place / name, *overrides)) for name, overrides in RUNS.items()}
    return found | {"sweep": sweep_page(read_sweep(swept(place / "sweep", SWEEP)), lambda *_: None)}


def shown_on(browser: Browser, page: str, place: Path, width: int, scheme: str) -> None:
    """Open a page with all that it folds away, on a screen of this width, in a light or a dark setting."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    opened(browser, page, place, "#map" if 'id="map"' in page else "#alignment")
    browser.execute_script("document.querySelectorAll('details').forEach((part) => { part.open = true; })")


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize(("width", "scheme"), SCREENS)
@pytest.mark.parametrize("name", [*RUNS, "sweep"])
def test_every_text_can_be_read(
    name: str, width: int, scheme: str, browser: Browser, pages: dict[str, str], tmp_path: Path
) -> None:
    shown_on(browser, pages[name], tmp_path, width, scheme)
    assert faint_texts(browser) == []
    assert texts_that_overlap(browser) == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert errors(browser) == []


@pytest.mark.slow
@needs_browser
def test_the_checks_see_faint_and_overlapping_text(browser: Browser, pages: dict[str, str], tmp_path: Path) -> None:
    shown_on(browser, pages["plane"], tmp_path, 1000, "light")
    browser.execute_script("document.documentElement.style.setProperty('--faint', '#8a8a8a')")
    assert any(text.startswith("a run of featlearn") for text in faint_texts(browser))
    ticks = {"yaxis.tickvals": [[1, 1.01]], "yaxis.ticktext": [["one", "two"]], "yaxis.range": [[-1, 1]]}
    browser.execute_script(
        "return Plotly.relayout('curves', Object.fromEntries(Object.entries(arguments[0]).map(([k, v]) => [k, v[0]])))",
        ticks,
    )
    assert ("curves: one", "curves: two") in texts_that_overlap(browser)
