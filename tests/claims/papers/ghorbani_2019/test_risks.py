"""The judge of the three risks, and their laws against the means that they are derived from."""

import numpy as np
import pytest

from featlearn.claims.evidence import Findings
from featlearn.claims.papers.ghorbani_2019 import risks
from featlearn.config.model import Config
from tests.claims.papers.judging import claim_of, configured, failed, given, grid

CLAIM = claim_of("ghorbani-2019", "risks")
WIDTHS = [4, 20, 36, 44]
NOISE = np.random.default_rng(0).normal(scale=0.01, size=(len(WIDTHS), 20))


def judged(monkeypatch: pytest.MonkeyPatch, **factors: float) -> Findings:
    """Findings of runs on their laws, but for factors."""
    table = grid(student__width=WIDTHS)
    configs = configured(CLAIM, "trained.yaml", [[f"student.width={n}"] for n in WIDTHS])
    assert configs[0].teacher is not None
    eigenvalues = np.array(configs[0].teacher.output_weights)

    def on_law(name: str, n: int) -> float:
        return risks.LAWS[name](eigenvalues, n) * factors.get(name, 1.0)

    table["loss"] = np.array([on_law("trained", n) for n in table["student.width"]])
    noise = iter(np.where(np.array(WIDTHS)[:, None] < 40, NOISE, 0).ravel())

    def sizes(config: Config) -> tuple[float, float, float]:
        n = config.student.width
        assert n is not None
        return 1.0, on_law("random", n), on_law("tangent", n) + next(noise)

    monkeypatch.setattr(risks, "size_and_floors", sizes)
    return risks.measure(given(CLAIM, {"widths": [one for one in configs for _ in range(20)]}, widths=table))


def test_it_holds_on_the_laws(monkeypatch: pytest.MonkeyPatch) -> None:
    assert failed(CLAIM, judged(monkeypatch)) == set()


def test_it_does_not_hold_where_risks_are_larger(monkeypatch: pytest.MonkeyPatch) -> None:
    assert failed(CLAIM, judged(monkeypatch, trained=1.1)) == {"trained"}
    assert failed(CLAIM, judged(monkeypatch, tangent=1.2)) == {"tangent"}
    assert failed(CLAIM, judged(monkeypatch, random=0.8)) == {"random"}


def test_the_law_of_tangent_features_is_a_mean_over_rotations() -> None:
    rng = np.random.default_rng(0)
    eigenvalues, n, found = np.array([3.0, 1.0, 0.5, 0.2, -0.3, 1.5]), 2, []
    for _ in range(4000):
        rows = np.linalg.qr(rng.normal(size=(6, n)))[0]
        across = np.eye(6) - rows @ rows.T
        found.append(np.sum((across @ np.diag(eigenvalues) @ across) ** 2))
    law = risks.LAWS["tangent"](eigenvalues, n) * np.sum(eigenvalues**2)
    assert np.mean(found) == pytest.approx(law, abs=4 * np.std(found) / np.sqrt(4000))
