"""The claim about samples: what small sweeps show, and tables whose answer is known."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.papers.zhou_ge_2024.samples import measure
from featlearn.runs.metrics import Table
from tests.claims.papers.judging import grid
from tests.claims.papers.zhou_ge_2024.small import claim
from tests.claims.papers.zhou_ge_2024.tables import BASE, assert_complete, holding, swept, tables

SAMPLED = BASE.replace("steps: 12000", "method: lbfgs").replace("step_size: 0.2", "steps: 10") + (
    "  data: {kind: empirical, samples: 100, noise_std: 0.0}\n"
)


@pytest.mark.slow
def test_small_sweeps_give_every_check_a_number_and_an_interval(tmp_path: Path) -> None:
    sizes = "data.samples: [50, 500]"
    noisy = "teacher.input_dim: [4], data.noise_std: [0.5], data.samples: [50]"
    sweeps = {
        "dimension": swept(tmp_path / "a", f"teacher.input_dim: [3, 4], {sizes}", base=SAMPLED),
        "noise": swept(tmp_path / "b", noisy, base=SAMPLED),
    }
    assert_complete("samples", sweeps, measure(Evidence(sweeps, claim("samples").file.parameters)))


def table(needed_at: Callable[[np.ndarray], np.ndarray]) -> Table:
    """Angles of 2° at the given sizes, falling as n^−½, with a different constant for each seed."""
    runs = grid(teacher__input_dim=[4, 8, 16], data__samples=list(100.0 * 2.0 ** np.arange(12)))
    size = needed_at(runs["teacher.input_dim"]) * np.exp(0.1 * np.sin(runs["seed"]))
    return runs | {"mean_angle": 2 * np.sqrt(size / runs["data.samples"]), "recovered": np.full(len(size), 3)}


def measured(runs: Table) -> Findings:
    noise = {key: column[runs["teacher.input_dim"] == 8] for key, column in runs.items()}
    noise |= {"data.noise_std": np.full(len(noise["seed"]), 0.3)}
    return measure(tables("samples", dimension=runs, noise=noise))


@pytest.mark.parametrize(("power", "holds"), [(1, True), (1.5, True), (2.1, False)])
def test_the_power_of_the_dimension_is_found(power: float, holds: bool) -> None:
    findings = measured(table(lambda d: 500 * d * (d / 16) ** (power - 1)))
    assert findings.measured["exponent"].value == pytest.approx(power, abs=1e-9)
    assert holding("samples", findings) == {"exponent": holds, "per_dimension": True}


@pytest.mark.parametrize("constant", [1, 2, 5])
def test_samples_below_the_fewest_tested_tell_no_exponent(constant: float) -> None:
    """n = c d² that the smallest sample is above at d = 4 is not to pass for a smaller power."""
    findings = measured(table(lambda d: constant * d**2))
    assert holding("samples", findings) == {"exponent": False, "per_dimension": True}
    assert findings.edges[0].startswith("samples for 2°: at most 100 at d = 4")


def test_samples_and_noise_are_told_with_their_dimension() -> None:
    findings = measured(table(lambda d: 500 * d))
    n = 500 * np.median(np.exp(0.05 * np.sin(np.arange(20)))) ** 2  # for each dimension, at the median angle
    told = f"{4 * n:.0f} at d = 4, {8 * n:.0f} at d = 8, {16 * n:.0f} at d = 16"
    assert findings.edges[0] == f"samples for 2°: {told}"
    assert findings.edges[1].endswith("3.0 at d = 4, n = 100, 3.0 at d = 8, n = 100, 3.0 at d = 16, n = 100")
    assert findings.edges[2].endswith("0 of 20 at d = 4, 0 of 20 at d = 8, 0 of 20 at d = 16")
    assert findings.edges[3] == f"noise of 0.3 on the labels, d = 8: {8 * n:.0f} samples for 2°; 0.3° with 204800"
    names = [series.name for series in findings.panel.series]
    assert names == ["d = 4", "d = 8", "d = 16", "d = 8, noise 0.3"]


def test_it_does_not_hold_where_nothing_is_learned() -> None:
    nothing = table(lambda d: d) | {"mean_angle": np.full(3 * 12 * 20, np.nan)}  # no neuron is left
    findings = measured(nothing)
    assert not any(holding("samples", findings).values())
    assert findings.edges[0] == "samples for 2°: never at d = 4, never at d = 8, never at d = 16"
    assert "d = 8: 2° is not reached; 90.0° with 204800" in findings.edges[3]
