"""The judge of how the loss falls: courses that fall as T⁻³ hold, others do not; and so does a small sweep."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.papers.xu_du_2023 import tail
from featlearn.claims.papers.xu_du_2023.tail import Course, courses_of, measure
from tests.claims.papers.judging import claim_of, failed, given
from tests.sweeps.small import new_sweep, run

CLAIM = claim_of("xu-du-2023", "tail")
STEPS = np.geomspace(1, 1e6, 200)
Law = Callable[[np.ndarray], np.ndarray]


def cube(step: np.ndarray) -> np.ndarray:
    return 1 / (1 + step) ** 3


def exponential(step: np.ndarray) -> np.ndarray:
    return np.exp(-0.2 * step)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Findings]:
    def found(many: Law = cube, one: Law = exponential, longer: Law = cube, last: Law | None = None) -> Findings:
        few = np.arange(1.0, 280)
        students = [Course(1, few, one(few)), Course(2, STEPS, many(STEPS)), Course(3, STEPS, (last or many)(STEPS))]
        made = {"students": students, "longer": [Course(2, 10 * STEPS, longer(10 * STEPS))]}
        monkeypatch.setattr(tail, "courses_of", lambda evidence, sweep: made[sweep])
        return measure(given(CLAIM))

    return found


def test_what_the_paper_proves_holds(measured: Callable[..., Findings]) -> None:
    findings = measured()
    assert failed(CLAIM, findings) == set()
    assert findings.measured["exponent"].value == pytest.approx(-3, abs=1e-3)
    assert findings.measured["exponential"].value == pytest.approx(1)
    assert "one student has a loss of 1e-20 after at most 231 steps" in findings.edges[2]
    assert [series.name for series in findings.panel.series] == ["1 student", "2 students", "3 students", "slope −3"]


def test_other_laws_fail(measured: Callable[..., Findings]) -> None:
    assert failed(CLAIM, measured(many=lambda step: step**-2.0)) == {"exponent", "widest"}
    assert failed(CLAIM, measured(last=lambda step: step**-3.5)) >= {"widest"}
    assert failed(CLAIM, measured(longer=lambda step: step**-2.9)) == {"longer"}
    assert failed(CLAIM, measured(one=cube)) == {"exponential"}
    assert failed(CLAIM, measured(one=lambda step: np.exp(-2 * step**0.6))) == {"exponential"}
    assert "exponent" in failed(CLAIM, measured(many=exponential)), "a loss that underflows has no exponent"


def test_a_run_that_did_not_end_fails(measured: Callable[..., Findings]) -> None:
    assert failed(CLAIM, measured(last=lambda step: np.full(len(step), np.nan))) >= {"widest"}
    assert np.isnan(Course(2, np.ones(1), np.full(1, np.nan)).exponent(0.01, 1))


@pytest.mark.slow
def test_runs_are_read(tmp_path: Path) -> None:
    base = (CLAIM.folder / "configs" / "descent.yaml").read_text()
    lines = "\n".join(f"  {line}" for line in base.splitlines())
    directory = new_sweep(
        tmp_path,
        "grid: {student.width: [1, 2], stages.descent.steps: [3000]}\nseeds: 1\nstore: full\n",
        f"base:\n{lines}\n",
    )
    assert run(directory).status == "done"
    one, two = courses_of(Evidence({"students": directory}, {}), "students")
    assert (one.students, two.students) == (1, 2)
    assert one.loss[-1] <= 1e-25
    assert two.exponent(1000, 3000) == pytest.approx(-3, abs=0.1)
