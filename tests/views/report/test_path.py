"""The λ-path in the page of a run, and in a real browser."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.views.data.path import read_path
from featlearn.views.data.run import read_run
from featlearn.views.report.run import run_page
from tests.views.browser import Browser, errors, needs_browser, opened
from tests.views.examples import new_run
from tests.views.pages import floats, payload


def test_the_page_holds_the_path_and_the_decay_of_every_snapshot(tmp_path: Path) -> None:
    data = read_run(new_run(tmp_path))
    page = run_page(data)
    packed, view = payload(page)["path"], read_path(data)
    assert view is not None
    assert 'id="path"' in page
    np.testing.assert_allclose(floats(packed["weight_decay"]), view.atoms.weight_decay)
    np.testing.assert_allclose(floats(packed["height"]), view.atoms.height, rtol=1e-6)
    assert packed["branches"] == view.branches.tolist()
    assert len(packed["marks"]) == len(view.marks)
    decays = dict(zip(data.metrics["step"].tolist(), data.metrics["weight_decay"].tolist(), strict=True))
    assert data.neurons is not None
    np.testing.assert_array_equal(floats(packed["decays"]), [decays[step] for step in data.neurons.steps.tolist()])


def test_a_page_without_optimum_has_no_path(tmp_path: Path) -> None:
    page = run_page(read_run(new_run(tmp_path, "log.gap=false")))
    assert payload(page)["path"] is None
    assert 'id="path"' not in page


@needs_browser
@pytest.mark.slow
@pytest.mark.parametrize("overrides", [[], ["teacher.rank=3"]])
def test_the_line_and_the_neurons_are_at_the_decay_of_the_slider(
    overrides: list[str], browser: Browser, tmp_path: Path
) -> None:
    data = read_run(new_run(tmp_path, *overrides))
    opened(browser, run_page(data), tmp_path, "#path")
    decays = floats(payload(run_page(data))["path"]["decays"])
    for s in (3, len(decays) - 1):
        browser.execute_script(
            "const time = document.getElementById('time'); time.value = arguments[0];"
            "time.dispatchEvent(new Event('input'));",
            s,
        )
        shown = browser.execute_script(
            "return document.getElementById('path').data.find((t) => t.name === 'neurons').x"
        )
        assert shown == [pytest.approx(decays[s])] * len(shown)
        assert shown
    assert errors(browser) == []
