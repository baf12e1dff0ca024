"""The judges of rate, width and samples: on small sweeps, and on tables whose answer is known."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from featlearn.claims.evidence import Columns, Evidence
from featlearn.claims.judges_of_scale import crossing, first_steps, needed, rate, samples, width
from featlearn.claims.model import Claim, Findings, claims_directory, load_claim, sweep_files
from featlearn.config.model import Config
from featlearn.sweeps.directory import SweepDirectory
from featlearn.sweeps.load import load_sweep
from tests.sweeps.small import new_sweep, run

BASE = """\
base:
  teacher: {input_dim: 4, width: 2, rank: 2, min_angle: 30}
  student: {width: 8}
  stages:
    first_step: {train: [first_layer], steps: 1, step_size: 1.0, weight_decay: 1.0, then: [normalize_rows]}
    second_layer: {train: [second_layer], method: ridge, weight_decay: 0.005, then: [balance]}
    local_convergence:
      train: [first_layer, second_layer]
      steps: 12000
      step_size: 0.2
      weight_decay: {start: 0.004, factor: 0.5, every: 2000}
  log: {points: 60, snapshots: 1, gap: false}
"""
SAMPLED = BASE.replace("steps: 12000", "method: lbfgs").replace("step_size: 0.2", "steps: 10") + (
    "  data: {kind: empirical, samples: 100, noise_std: 0.0}\n"
)
JUDGES: dict[str, Callable[[Evidence], Findings]] = {"rate": rate, "width": width, "samples": samples}
LAST = "stages.local_convergence"


def claim(name: str) -> Claim:
    return load_claim(name, claims_directory())


def holding(name: str, findings: Findings) -> dict[str, bool]:
    return {key: check.holds(findings.measured[key]) for key, check in claim(name).checks.items()}


def swept(place: Path, grid: str, *, base: str = BASE, rest: str = "seeds: 3\nstore: summary\n") -> SweepDirectory:
    directory = new_sweep(place, f"grid: {{{grid}}}\n{rest}", base)
    assert run(directory).status == "done"
    return directory


def small_sweeps(name: str, place: Path) -> dict[str, SweepDirectory]:
    teachers = "teacher.width: [2], teacher.min_angle: [30]"
    made = {
        "rate": lambda: {
            "halving": swept(place / "a", "teacher.min_angle: [30, 20]", rest="seeds: 3\nstore: full\n"),
            "constant": swept(place / "b", f"{LAST}.stop.loss: [1.0e-3, 1.0e-4], {LAST}.weight_decay: [1.0e-4]"),
            "epochs": swept(place / "d", f"{LAST}.weight_decay.every: [100], {LAST}.steps: [600]"),
            "stall": swept(place / "c", f"{LAST}.weight_decay: [0.01, 1.0], {LAST}.steps: [2000]"),
        },
        "width": lambda: {
            "reference": swept(place / "a", f"{teachers}, student.width: [6, 50]"),
            "teachers": swept(place / "b", "teacher.width: [3], teacher.min_angle: [10], student.width: [6, 8]"),
            "wide": swept(place / "c", f"{teachers}, student.width: [12]"),
        },
        "samples": lambda: {
            "dimension": swept(place / "a", "teacher.input_dim: [3, 4], data.samples: [50, 500]", base=SAMPLED),
            "noise": swept(
                place / "b", "teacher.input_dim: [4], data.noise_std: [0.5], data.samples: [50]", base=SAMPLED
            ),
        },
    }
    return made[name]()


@pytest.mark.parametrize("name", JUDGES)
def test_small_sweeps_give_every_check_a_number_and_an_interval(name: str, tmp_path: Path) -> None:
    sweeps = small_sweeps(name, tmp_path)
    assert sweeps.keys() == claim(name).sweeps.keys()
    changed = {"largest_loss": 1e-3, "smallest_loss": 1e-5} if name == "rate" else {}
    findings = JUDGES[name](Evidence(sweeps, claim(name).parameters | changed))
    assert findings.measured.keys() == claim(name).checks.keys()
    assert all(found.low <= found.value <= found.high for found in findings.measured.values())
    assert findings.edges
    assert all(len(series.x) == len(series.y) > 0 for series in findings.panel.series)
    if name == "rate":
        assert np.isfinite(findings.measured["halving"].value)
        assert any("no neuron survives λ = 1" in edge for edge in findings.edges)
        unreached = JUDGES[name](Evidence(sweeps, {"largest_loss": 1e-3, "smallest_loss": 1e-30}))
        assert not holding(name, unreached)["halving"]


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("name", JUDGES)
def test_every_point_of_the_claims_sweeps_can_be_run(name: str, quick: bool, tmp_path: Path) -> None:
    for _, file, text in sweep_files(claim(name), claims_directory(), quick=quick):
        path = tmp_path / file
        path.write_text(text)
        assert all(point.config is not None for point in load_sweep(path).points())


# --- tables whose answer is known ------------------------------------------------------------------


@dataclass(frozen=True)
class Tables(Evidence):
    """Evidence with tables of the tests' making."""

    tables: dict[str, Columns] = field(default_factory=dict)

    def table(self, sweep: str) -> Columns:
        return self.tables[sweep]

    def configs(self, sweep: str) -> list[Config]:
        ridge = {"late": {"train": ["second_layer"], "method": "ridge"}}
        teacher = {"directions": [[1.0, 0.0], [0.0, 1.0]], "output_weights": [1.0, -0.5]}
        config = Config.model_validate({"teacher": teacher, "student": {"width": 8}, "stages": ridge})
        return [config] * len(self.tables[sweep]["seed"])


def evidence(name: str, **tables: Columns) -> Tables:
    return Tables(dict.fromkeys(tables), claim(name).parameters, tables=tables)  # type: ignore[arg-type]


def crossed(seeds: int = 20, **axes: list[float]) -> Columns:
    """The columns of a grid of finished runs; ``__`` stands for a dot."""
    grid = np.meshgrid(*axes.values(), np.arange(seeds), indexing="ij")
    columns = {key.replace("__", "."): values.ravel() for key, values in zip([*axes, "seed"], grid, strict=True)}
    return columns | {"status": np.array(["done"] * grid[0].size, dtype=object)}


def width_table(found: Callable[[Columns], np.ndarray], teachers: float = 3) -> Columns:
    table = crossed(40, student__width=[8, 16, 50], teacher__width=[teachers], teacher__min_angle=[25])
    right = found(table)
    return table | {"recovered": np.where(right, teachers, 1), "aligned_mass": np.where(right, 1.0, 0.5)}


def judged_width(found: Callable[[Columns], np.ndarray]) -> Findings:
    reference = width_table(found)
    return width(evidence("width", reference=reference, teachers=width_table(found, 4), wide=width_table(found, 5)))


def test_width_holds_where_every_start_succeeds_and_not_where_none_does() -> None:
    good = judged_width(lambda t: t["student.width"] >= 16)
    assert good.measured["needed"].value == 16
    assert all(holding("width", good).values())
    assert "m* = 3, Δ = 25°: from m = 16 on; shares 0.00 at m = 8, 1.00 at m = 16" in good.edges[0]
    assert "(40 starts, 0 fail at every width)" in good.edges[0]
    assert len(good.edges) == 3
    broken = judged_width(lambda t: t["seed"] < 0)
    assert not any(holding("width", broken).values())
    assert "no tested width suffices" in broken.edges[0]
    assert "(40 starts, 40 fail at every width)" in broken.edges[0]
    assert broken.edges[-1].endswith("0.50; median of all 0.50")


def test_width_does_not_hold_when_the_widest_fails_in_one_start_of_ten() -> None:
    assert not any(holding("width", judged_width(lambda t: t["seed"] % 10 > 0)).values())


def samples_table(needed_at: Callable[[np.ndarray], np.ndarray]) -> Columns:
    """Angles of 2° at the given sizes, falling as n^−½, with a different constant for each seed."""
    table = crossed(teacher__input_dim=[4, 8, 16], data__samples=list(100.0 * 2.0 ** np.arange(12)))
    size = needed_at(table["teacher.input_dim"]) * np.exp(0.1 * np.sin(table["seed"]))
    return table | {"mean_angle": 2 * np.sqrt(size / table["data.samples"]), "recovered": np.full(len(size), 3)}


@pytest.mark.parametrize(("power", "holds"), [(1, True), (1.5, True), (2.1, False)])
def test_samples_finds_the_power_of_the_dimension(power: float, holds: bool) -> None:
    table = samples_table(lambda d: 500 * d * (d / 16) ** (power - 1))
    noise = table | {"data.noise_std": np.full(len(table["seed"]), 0.3)}
    findings = samples(evidence("samples", dimension=table, noise=noise))
    assert findings.measured["exponent"].value == pytest.approx(power, abs=1e-9)
    assert holding("samples", findings) == {"exponent": holds, "per_dimension": True}


def test_samples_does_not_hold_where_nothing_is_learned() -> None:
    table = samples_table(lambda d: d) | {"mean_angle": np.full(3 * 12 * 20, np.nan)}  # no neuron is left
    noise = table | {"data.noise_std": np.full(len(table["seed"]), 0.3)}
    assert not any(holding("samples", samples(evidence("samples", dimension=table, noise=noise))).values())


def test_rate_does_not_hold_when_a_loss_is_never_reached(tmp_path: Path) -> None:
    sweeps = small_sweeps("rate", tmp_path)
    stuck = crossed(stages__local_convergence__stop__loss=[1e-4, 1e-5])
    stuck |= {"loss": np.full(40, 2e-5), "step": np.full(40, 100)}

    class Stuck(Evidence):
        def table(self, sweep: str) -> Columns:
            return stuck if sweep == "constant" else super().table(sweep)

    parameters = claim("rate").parameters | {"largest_loss": 1e-3, "smallest_loss": 1e-5}
    assert not holding("rate", rate(Stuck(sweeps, parameters)))["constant"]


# --- the parts ---------------------------------------------------------------------------------


def test_the_width_that_is_needed_is_the_one_from_which_on_all_suffice() -> None:
    assert needed([4, 8, 16], np.array([1.0, 0.9, 1.0]), 0.95) == 16
    assert needed([4, 8, 16], np.array([1.0, 1.0, 0.95]), 0.95) == 4
    assert needed([4, 8, 16], np.array([1.0, 1.0, 0.9]), 0.95) == np.inf


def test_a_crossing_is_interpolated_in_the_logarithms() -> None:
    assert crossing([100, 400, 1600], np.array([8.0, 4.0, 2.0]), 4.0) == 400
    assert crossing([100, 400, 1600], np.array([8.0, 4.0, 1.0]), 2.0) == pytest.approx(800)
    assert crossing([100, 400], np.array([1.0, 0.5]), 2.0) == 100
    assert crossing([100, 400], np.array([1.0, 3.0]), 2.0) == np.inf
    assert crossing([100, 400], np.array([np.inf, 1.0]), 2.0) == 400


def test_a_loss_is_reached_at_its_first_step() -> None:
    loss, step = np.array([1.0, 0.1, 0.2, 0.01]), np.array([0.0, 5.0, 6.0, 9.0])
    assert first_steps(loss, step, np.array([0.1, 0.05, 0.001])).tolist() == [5, 9, np.inf]
