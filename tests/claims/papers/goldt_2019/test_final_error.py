"""The judge of the final error: what the abstract says holds, and its contrary does not."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.papers.goldt_2019 import final_error
from featlearn.claims.papers.goldt_2019.final_error import End, ends_of, measure
from tests.claims.papers.judging import claim_of, failed, given
from tests.sweeps.small import new_sweep, run

CLAIM = claim_of("goldt-2019", "final-error")
Law = Callable[[int], float]


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Findings]:
    def found(first: Law = lambda k: k - 0.8, both: Law = lambda k: 4 / k, simulated: float = 0.1) -> Findings:
        made = {
            name: [End(k, 0.01, simulated, 0.1, 0.01 * law(k) * wobble) for k in ks for wobble in (0.95, 1, 1.05)]
            for name, law, ks in (("first_layer", first, (2, 3, 4, 6)), ("both_layers", both, (3, 4, 8)))
        }
        monkeypatch.setattr(final_error, "ends_of", lambda evidence, sweep, steps: made[sweep])
        return measure(given(CLAIM))

    return found


def test_what_the_abstract_says_holds(measured: Callable[..., Findings]) -> None:
    findings = measured()
    assert failed(CLAIM, findings) == set()
    assert findings.measured["slope"].value == pytest.approx(1)
    assert findings.edges[0] == "first layer: 1.2 at K = 2, 2.2 at K = 3, 3.2 at K = 4, 5.2 at K = 6"
    even = measured(both=lambda k: 1.0)
    assert failed(CLAIM, even) == set()
    ratio = even.measured["both"]
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx((1, 0.95 / 1.05, 1.05 / 0.95))


def test_its_contrary_fails(measured: Callable[..., Findings]) -> None:
    assert failed(CLAIM, measured(first=lambda k: 4 / k)) == {"rises", "slope"}
    assert failed(CLAIM, measured(first=lambda k: 2.0 * k)) == {"slope"}
    assert failed(CLAIM, measured(both=lambda k: k)) == {"both"}
    assert failed(CLAIM, measured(both=lambda k: 1 + 0.2 * (k == 8))) == {"both"}, "the interval reaches 1.33"
    assert failed(CLAIM, measured(simulated=0.2)) == {"simulated"}
    assert failed(CLAIM, measured(simulated=float("nan"))) == {"simulated"}, "a run that did not end"


@pytest.mark.slow
def test_a_run_is_near_the_course_of_its_order_parameters(tmp_path: Path) -> None:
    base = (CLAIM.folder / "configs" / "online.yaml").read_text()
    lines = "\n".join(f"  {line}" for line in base.splitlines())
    rest = "grid: {stages.learn.steps: [400]}\nseeds: 1\nstore: full\n"
    directory = new_sweep(tmp_path, rest, f"base:\n{lines}\n")
    assert run(directory).status == "done"
    [end] = ends_of(Evidence({"first_layer": directory}, {}), "first_layer", 300000)
    assert end.students == 2
    assert end.unit == pytest.approx(0.2 * 0.01 / np.pi)
    assert end.simulated == pytest.approx(end.computed, rel=0.1)
    assert end.final / end.unit == pytest.approx(2 / 3**0.5, rel=0.15)
