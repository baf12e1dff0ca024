"""The judge of lazy training on losses and motions that are known."""

import numpy as np
import pytest

from featlearn.claims.evidence import Findings
from featlearn.claims.papers.chizat_oyallon_bach_2019 import lazy
from tests.claims.papers.judging import claim_of, configured, failed, given, grid

CLAIM = claim_of("chizat-oyallon-bach-2019", "lazy")
SCALES = [0.01, 0.3, 1.0, 4.0]


def judged(
    monkeypatch: pytest.MonkeyPatch, *, power: float = -2.0, plateau: float = 1.05, least: float = 0.0
) -> Findings:
    """A loss that rises from ``least`` of ‖f*‖² = 2 to the floor 0.5, and weights that move as a power of the scale."""
    table = grid(10, student__init__second_layer_std=SCALES)
    scale = table["student.init.second_layer_std"]
    noise = 1 + 0.01 * np.sin(table["seed"])
    table["loss"] = (2 * least + 0.5 * plateau * scale**4 / (0.01 + scale**4)) * noise
    table["feature_motion"] = 0.01 * scale**power * noise
    monkeypatch.setattr(lazy, "sizes", lambda config: (2.0, 0.5))
    configs = configured(CLAIM, "scale.yaml", [[]]) * len(scale)
    return lazy.measure(given(CLAIM, {"scale": configs}, scale=table))


def test_it_holds_for_a_plateau_at_the_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    assert failed(CLAIM, judged(monkeypatch)) == set()


def test_it_does_not_hold_for_other_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    assert failed(CLAIM, judged(monkeypatch, power=-1)) == {"motion"}
    assert failed(CLAIM, judged(monkeypatch, plateau=0.5)) == {"lazy"}
    assert failed(CLAIM, judged(monkeypatch, plateau=2)) == {"lazy"}
    assert failed(CLAIM, judged(monkeypatch, least=0.01)) == {"rich"}
