"""The claim about steps against loss: made-up epochs, what small sweeps show, and losses that are never reached."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.claims.curves import within
from featlearn.claims.evidence import Evidence
from featlearn.claims.intervals import exponent_of, median_of
from featlearn.claims.papers.zhou_ge_2024 import rate
from featlearn.claims.papers.zhou_ge_2024.rate import arrival, growth, measure, off_line
from featlearn.runs.metrics import Table
from featlearn.sweeps.directory import SweepDirectory
from tests.claims.papers.judging import grid
from tests.claims.papers.small import Small, failed
from tests.claims.papers.zhou_ge_2024.small import LATE, TINY, claim, judged, judged_when_broken
from tests.claims.papers.zhou_ge_2024.tables import assert_complete, holding, swept, tables

OWN = claim("rate")
DECAYS = 4e-3 / 2.0 ** np.arange(16)
LENGTHS = np.array([250, 500, 1000, 2000, 4000, 8000])


def epochs(
    *,
    power: float = 2.0,
    growth: float = 0.3,
    spread: float = 0.0,
    least: float = 400,
    stuck: int = 0,
    bent: float = 0.0,
) -> Any:
    """Ends of epochs of 20 seeds: L ∝ λ^power where epochs are long enough, for which they grow as λ^−growth."""
    powers = growth + spread * np.sin(np.arange(20))[:, None, None]
    needed = least * (DECAYS[0] / DECAYS) ** powers
    short = np.maximum(1, needed / LENGTHS[:, None]) ** 3
    loss = 10 * DECAYS**power * short * np.exp(bent * np.sin(np.arange(16)))
    loss[:stuck] = 0.01
    step = np.tile(LENGTHS[:, None] * np.arange(1, 17), (20, 1, 1)).astype(float)
    return rate._Epochs(LENGTHS, DECAYS, step, loss)


def constant(power: float) -> Table:
    """Runs that take steps ∝ ε^−power."""
    table = grid(stages__local_convergence__stop__loss=[1e-4, 1e-5, 1e-6, 1e-7, 1e-8])
    wanted = table["stages.local_convergence.stop.loss"]
    return table | {"loss": 0.99 * wanted, "step": 100 * wanted**-power}


@pytest.mark.parametrize(
    ("changed", "power", "checks"),
    [
        ({}, 0.5, set()),
        ({"stuck": 3}, 0.5, set()),
        ({"stuck": 12}, 0.5, {"affine", "square", "epoch"}),
        ({"power": 1.7}, 0.5, {"square"}),
        ({"growth": 1.1}, 0.5, {"affine", "square", "epoch"}),
        ({"bent": 2.0}, 0.5, {"affine"}),
        ({"growth": 1.5, "least": 2}, 0.5, {"epoch"}),
        ({}, 1.1, {"constant"}),
    ],
)
def test_made_up_runs(changed: dict[str, Any], power: float, checks: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate._Epochs, "of", lambda evidence, sweep: epochs(**changed))
    stall = grid(stages__local_convergence__weight_decay=[0.004, 0.4])
    stall |= {"loss": stall["stages.local_convergence.weight_decay"] ** 2, "alive": np.ones(40)}
    findings = measure(tables("rate", constant=constant(power), stall=stall))
    held = holding("rate", findings)
    assert {key for key in held if not held[key]} >= checks
    assert checks or all(held.values())


@pytest.mark.parametrize(
    ("power", "least"), [(1.0, 0.5), (1.0, 2), (1.0, 5), (1.0, 10), (1.0, 25), (1.5, 0.25), (1.5, 0.5), (1.5, 1.5)]
)
def test_epochs_below_the_shortest_tested_are_not_taken_for_slow_growth(power: float, least: float) -> None:
    """Those that suffice at the largest decays are shorter than 250."""
    some = (DECAYS <= 1e-3) & (DECAYS >= 1.5e-5)
    decays, shortest = DECAYS[some], epochs(growth=power, spread=0.02, least=least).shortest(some, 2.0)
    check = OWN.file.checks["epoch"]
    assert check.holds(exponent_of(1 / decays, np.minimum(shortest, 8000))), "as if they were 250"
    found = median_of([growth(decays, lengths) for lengths in within(LENGTHS, shortest)])
    assert not check.holds(found)
    assert found.value == np.inf or found.value > 0.9 * power


def test_a_seed_whose_shortest_epochs_are_mostly_not_known_has_no_exponent() -> None:
    decays, nan = np.array([0.8, 0.4, 0.2, 0.1]), np.nan
    assert growth(decays, np.array([nan, 2.0, 4.0, 8.0])) == pytest.approx(1)
    assert np.isnan(growth(decays, np.array([nan, nan, 4.0, 8.0])))
    assert np.isnan(growth(decays, np.array([1.0, 2.0, 4.0, np.inf])))


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SweepDirectory]:
    place: Path = tmp_path_factory.mktemp("rate")
    full = "seeds: 3\nstore: full\n"
    every = f"{LATE}.weight_decay.every"
    return {
        "epochs": swept(
            place / "a",
            f"{LATE}.weight_decay.factor: [0.5]",
            rest=f"zip: [{{{every}: [500, 2000], {LATE}.steps: [3000, 12000]}}]\n{full}",
        ),
        "close": swept(place / "b", "teacher.min_angle: [20]", rest=full),
        "constant": swept(place / "c", f"{LATE}.stop.loss: [1.0e-3, 1.0e-4], {LATE}.weight_decay: [1.0e-4]"),
        "stall": swept(place / "d", f"{LATE}.weight_decay: [0.01, 1.0], {LATE}.steps: [2000]"),
    }


def test_small_sweeps_give_every_check_a_number_and_an_interval(sweeps: dict[str, SweepDirectory]) -> None:
    reached = {"largest_loss": 1e-4, "smallest_loss": 1e-6, "smallest_decay": 2e-4}
    findings = measure(Evidence(sweeps, OWN.file.parameters | reached))
    assert_complete("rate", sweeps, findings)
    assert np.isfinite(findings.measured["affine"].value)
    assert any("no neuron survives λ = 1" in edge for edge in findings.edges)


def test_it_does_not_hold_when_the_smallest_loss_is_never_reached(sweeps: dict[str, SweepDirectory]) -> None:
    findings = measure(Evidence(sweeps, OWN.file.parameters | {"smallest_loss": 1e-30}))
    assert not holding("rate", findings)["affine"]
    assert "never in the slowest run" in findings.edges[0]


SMALL: Small = {
    "epochs": {
        "seeds": 4,
        "grid": TINY,
        "zip": [{f"{LATE}.weight_decay.every": [60, 250, 1000, 4000], f"{LATE}.steps": [540, 2250, 9000, 36000]}],
    },
    "close": {"seeds": 1, "grid": TINY | {f"{LATE}.steps": [16000]}},
    "constant": {
        "seeds": 2,
        "grid": TINY,
        "zip": [{f"{LATE}.stop.loss": [1e-3, 1e-4], f"{LATE}.weight_decay": [1e-3, 5e-4]}],
    },
    "stall": {"seeds": 1, "grid": TINY | {f"{LATE}.weight_decay": [0.004], f"{LATE}.steps": [2000]}},
}


@pytest.mark.slow
def test_the_loss_follows_the_square_of_the_decay_unless_it_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("right", "broken"):
        (tmp_path / place).mkdir()
    assert not failed(judged("rate", SMALL, tmp_path / "right")) & {"square", "epoch"}
    assert "square" in failed(judged_when_broken("no weight decay", "rate", SMALL, tmp_path / "broken", monkeypatch))


def test_a_loss_is_reached_between_the_ends_of_epochs() -> None:
    loss, step = np.array([1.0, 0.1, 0.2, 0.001]), np.array([0.0, 5.0, 6.0, 8.0])
    assert arrival(loss, step, np.array([0.1, 0.01, 0.0001])).tolist() == pytest.approx([6, 7, np.inf])
    assert arrival(np.full(4, np.nan), step, np.array([0.1])).tolist() == [np.inf]


def test_the_distance_from_a_line_is_that_of_the_farthest_step_over_their_range() -> None:
    losses = np.array([1e-1, 1e-2, 1e-3, 1e-4])
    assert off_line(losses, np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx(0, abs=1e-12)
    assert off_line(losses, np.array([0.0, 1.0, 1.0, 0.0]) + np.array([0.0, 1.0, 2.0, 3.0])) == pytest.approx(0.5 / 3)
    assert np.isnan(off_line(losses, np.array([1.0, 2.0, 3.0, np.inf])))
