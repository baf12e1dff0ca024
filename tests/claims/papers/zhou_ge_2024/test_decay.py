"""The claim about weight decay holds for small networks, and not when the decay is dropped or steps go uphill."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.claims.evidence import Findings
from featlearn.claims.papers.zhou_ge_2024.decay import measure
from tests.claims.papers.judging import grid
from tests.claims.papers.small import failed
from tests.claims.papers.zhou_ge_2024.small import LATE, TINY, judged, judged_when_broken
from tests.claims.papers.zhou_ge_2024.tables import holding, tables

GRID = {**TINY, "teacher.min_angle": [45], f"{LATE}.weight_decay": [0.0, 0.001, 0.002]}
ELSEWHERE = {"seeds": 1, "grid": {**TINY, f"{LATE}.steps": [4000]}}
SMALL = {"constant": {"seeds": 6, "grid": GRID}, "elsewhere": ELSEWHERE}


@pytest.mark.slow
def test_small_versions_hold(tmp_path: Path) -> None:
    record = judged("decay", SMALL, tmp_path)
    assert failed(record) == set()
    assert record.passed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "checks"),
    [("no weight decay", {"aligned", "exponent"}), ("steps go uphill", {"fits", "aligned"})],
)
def test_with_broken_steps_it_fails(
    fault: str, checks: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert failed(judged_when_broken(fault, "decay", SMALL, tmp_path, monkeypatch)) >= checks


def measured(power: float, without: float, with_decay: float) -> Findings:
    """Of runs whose loss is a power of λ, with given aligned masses."""
    decay = f"{LATE}.weight_decay".replace(".", "__")
    runs = grid(10, teacher__min_angle=[45], **{decay: [0.0, 0.0005, 0.001, 0.002, 0.004]})
    decays = runs[f"{LATE}.weight_decay"]
    runs |= {
        "loss": np.where(decays > 0, decays**power, 1e-8),
        "aligned_mass": np.where(decays > 0, with_decay, without),
    }
    runs |= {"max_angle": np.full(len(decays), 40.0)}
    elsewhere = runs | {
        "teacher.rank": np.full(len(decays), 3),
        "activation.drop_hermite_below": np.full(len(decays), 2),
    }
    elsewhere["activation.name"] = np.full(len(decays), "relu", dtype=object)
    return measure(tables("decay", constant=runs, elsewhere=elsewhere))


def test_it_holds_where_decay_aligns_the_last_tenth() -> None:
    findings = measured(2.0, 0.9, 1.0)
    assert all(holding("decay", findings).values())
    assert findings.edges[-1].startswith("four lines in three dimensions: ")


@pytest.mark.parametrize("without", [0.97, 0.4])
def test_it_does_not_hold_where_all_mass_aligns_without_it_or_less_than_half(without: float) -> None:
    assert {key for key, holds in holding("decay", measured(2.0, without, 1.0)).items() if not holds} == {"without"}


def test_it_does_not_hold_where_mass_does_not_align_and_the_loss_falls_as_the_decay() -> None:
    assert {key for key, holds in holding("decay", measured(1.0, 0.9, 0.98)).items() if not holds} == {
        "aligned",
        "exponent",
    }
