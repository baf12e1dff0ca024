"""The judge of the plateau: rests whose laws are known, rows of which a rest is made, and a short run."""

import numpy as np
import pytest

from featlearn import run_batch
from featlearn.claims.papers.saad_solla_1995.plateau import Rest, judged, loss_of, rate_of, rest
from featlearn.runs.metrics import as_columns
from tests.claims.papers.judging import claim_of, configured, failed

CLAIM = claim_of("saad-solla-1995", "plateau")


def rests(*, height: float = 1.0, rate: float = 1.0, power: float = 0.0, specialised: bool = True) -> list[Rest]:
    return [
        Rest(k, size, height * loss_of(k), 5 + 0.1 * seed + growth(size, power) / (rate * rate_of(k)), specialised)
        for k in (2, 3, 4)
        for size in (1e-2, 1e-4, 1e-6, 1e-8)
        for seed in range(5)
    ]


def growth(size: float, power: float) -> float:
    return float(np.log(1 / size) if power == 0 else size**-power)


def test_it_holds_for_the_laws() -> None:
    assert failed(CLAIM, judged(rests())) == set()


def test_it_does_not_hold_for_others() -> None:
    assert failed(CLAIM, judged(rests(height=1.01))) == {"height"}
    assert failed(CLAIM, judged(rests(rate=1.2))) == {"rate"}
    assert failed(CLAIM, judged(rests(power=0.1))) == {"rate"}
    assert failed(CLAIM, judged(rests(specialised=False))) == {"specialised"}


def test_a_rest_is_where_the_gradient_is_least_and_ends_at_half_the_loss() -> None:
    plateau = loss_of(2)
    loss = np.array([1.0, 0.1, 2 * plateau, plateau, plateau, plateau / 4, 0.0])
    rows = {"step": np.array([0, 1, 2, 4, 5, 6, 7]), "loss": loss, "recovered": np.array([0] * 6 + [2])}
    rows["grad_norm"] = np.array([1e-9, 1.0, 0.1, 1e-2, 1e-3, 0.1, 0.0])
    assert rest(2, 1e-4, rows) == Rest(2, 1e-4, plateau, 5.5, True)
    assert rest(2, 1e-4, {name: column[:4] for name, column in rows.items()}).left == np.inf


def test_a_short_run_rests_at_the_loss_of_the_plateau() -> None:
    (config,) = configured(CLAIM, "flow.yaml", [["stages.learn.steps=90", "log.points=90"]])
    rows = as_columns(run_batch([config])[0].rows)
    assert rest(2, 1e-3, rows).loss == pytest.approx(loss_of(2), rel=1e-4)
