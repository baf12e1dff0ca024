"""The judge of the steps to an accuracy: exponential courses hold, power laws and starts that get stuck do not."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.papers.chizat_2022 import log_accuracy
from featlearn.claims.papers.chizat_2022.log_accuracy import Course, courses_of, measure
from featlearn.sweeps.search.edges import Edge
from tests.claims.papers.judging import claim_of, edge_at, failed, given
from tests.sweeps.small import new_sweep, run

CLAIM = claim_of("chizat-2022", "log-accuracy")
STEPS = np.arange(0.0, 20001.0, 50.0)
EDGE = edge_at(8, low=7, high=9, runs=210, grid_runs=1200)
Law = Callable[[np.ndarray], np.ndarray]


def exponential(step: np.ndarray) -> np.ndarray:
    return np.exp(-step / 300)


def stuck(step: np.ndarray) -> np.ndarray:
    return np.maximum(np.exp(-step / 300), 1e-3)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Findings]:
    def found(wide: Law = exponential, narrow: Law = stuck, lost: int = 0, edge: Edge = EDGE) -> Findings:
        widths = [Course(5, 0.01, STEPS, narrow(STEPS)) for _ in range(50)]
        widths += [Course(50, 0.01, STEPS, (stuck if seed < lost else wide)(STEPS)) for seed in range(50)]
        made = {"widths": widths, "decays": [Course(20, 0.03, STEPS, exponential(STEPS))]}
        monkeypatch.setattr(log_accuracy, "courses_of", lambda evidence, sweep: made[sweep])
        return measure(given(CLAIM, edges={"needed": [edge]}))

    return found


def test_exponential_courses_hold(measured: Callable[..., Findings]) -> None:
    findings = measured(lost=1)
    assert failed(CLAIM, findings) == set()
    assert findings.measured["affine"].value == pytest.approx(1, abs=0.05)
    assert findings.edges[0] == "the optimum is reached by 0 of 50 at m = 5, 49 of 50 at m = 50"
    assert findings.edges[1].startswith(
        "half of the starts reach it with more than 7 neurons and at most 9; the edge took 210"
    )
    assert findings.edges[2].startswith("λ = 0.03: 1 of 1 reach it; the later steps over the earlier ones: 1")
    assert [series.name for series in findings.panel.series] == ["m = 50"]


def test_starts_that_get_stuck_and_power_laws_fail(measured: Callable[..., Findings]) -> None:
    assert failed(CLAIM, measured(lost=8)) == {"reached"}
    assert failed(CLAIM, measured(wide=stuck)) == {"reached", "affine"}
    assert failed(CLAIM, measured(wide=lambda step: (1 + step / 100) ** -5.0)) == {"affine"}
    assert failed(CLAIM, measured(wide=lambda step: np.exp(-(step**0.5) / 5))) == {"affine"}
    assert failed(CLAIM, measured(narrow=exponential)) == {"narrow"}


def test_a_target_that_takes_twice_its_neurons_or_has_no_edge_fails(measured: Callable[..., Findings]) -> None:
    assert failed(CLAIM, measured(edge=edge_at(12, low=10, high=14))) == {"needed"}
    assert failed(CLAIM, measured(edge=edge_at(5, ending="everywhere", grid_runs=None))) == {"needed"}


@pytest.mark.slow
def test_runs_are_read(tmp_path: Path) -> None:
    base = (CLAIM.folder / "configs" / "descent.yaml").read_text()
    lines = "\n".join(f"  {line}" for line in base.splitlines())
    rest = "grid: {teacher.width: [2], teacher.input_dim: [4]}\nseeds: 1\nstore: full\n"
    directory = new_sweep(tmp_path, rest, f"base:\n{lines}\n")
    assert run(directory).status == "done"
    [course] = courses_of(Evidence({"widths": directory}, {}), "widths")
    assert (course.width, course.decay) == (20, 0.01)
    assert 0 < course.first(1e-4) < course.first(1e-10) < 20000
    assert course.lengthening(1e-4, 1e-7, 1e-10) == pytest.approx(1, abs=0.3)
