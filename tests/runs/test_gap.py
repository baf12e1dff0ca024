"""The gap to the certified optimum in real runs: never negative, tiny at the end of an epoch, large on a plateau."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn import load_config, load_metrics, run_batch, train
from featlearn.config.build import build
from featlearn.config.yaml_source import ConfigError
from featlearn.runs.optimum_record import optimum_from
from featlearn.theory.certificate import network_certificate
from featlearn.training.optima import optimum_of
from tests.places import CONFIGS, PAPER

LATE = "stages.local_convergence"


def _small(*overrides: str) -> Any:
    settings = ["teacher.input_dim=6", "student.width=20", f"{LATE}.steps=2000", f"{LATE}.weight_decay.every=500"]
    return load_config(CONFIGS / "quickstart.yaml", [*settings, *overrides])


@pytest.mark.slow
def test_three_stage_reaches_the_optimum_of_every_epoch() -> None:
    configs = [load_config(PAPER / "configs" / "three_stage.yaml", [f"seed={seed}"]) for seed in range(5)]
    every = configs[0].stages["local_convergence"].weight_decay.every  # type: ignore[union-attr]
    for config, run in zip(configs, run_batch(configs), strict=True):
        problem, _, _ = build(config)
        ends = [row for row in run.rows if row["stage"] == "local_convergence" and row["stage_step"] % every == 0]
        assert len(ends) == 9
        for row in ends:
            optimum = optimum_of(problem, 0, row["weight_decay"])
            assert optimum is not None
            assert optimum.certified
            assert -1e-12 <= row["gap"] <= 1e-4 * optimum.upper
        assert all(row["gap"] >= -1e-12 for row in run.rows)


@pytest.mark.slow
def test_the_plateau_is_seen_in_the_gap_alone() -> None:
    (run,) = run_batch([load_config(CONFIGS / "plateau.yaml")])
    last = run.rows[-1]
    assert last["grad_norm"] < 1e-5
    assert last["recovered"] < 3
    assert last["gap"] > 0.05 * last["objective"]  # of the objective is what a better network would save


@pytest.mark.slow
@pytest.mark.parametrize("rank", [2, 3])
def test_run_json_holds_bounds_atoms_and_certificate(rank: int, tmp_path: Path) -> None:
    result = train(_small(f"teacher.rank={rank}", "teacher.width=3"), tmp_path)
    problem, _, _ = build(_small(f"teacher.rank={rank}", "teacher.width=3"))
    decays = dict.fromkeys(load_metrics(result.run.path)["weight_decay"].tolist())
    assert [record.weight_decay for record in result.info.optima] == list(decays)
    second, first = problem.teacher_second_layer[0], problem.teacher_first_layer[0]
    for record in result.info.optima:
        assert record.lower <= record.upper <= record.lower + 1e-8 * record.upper
        assert record.largest_certificate <= 1 + 1e-6
        optimum = optimum_from(record, first)
        at_atoms = network_certificate(
            problem.activation,
            optimum.masses,
            optimum.directions,
            second,
            first,
            optimum.weight_decay,
            optimum.directions,
        )
        np.testing.assert_allclose(at_atoms, np.sign(optimum.masses), atol=1e-6)
    assert any(record.atoms for record in result.info.optima)


def test_a_stage_stops_at_its_gap() -> None:
    (run,) = run_batch([_small(f"{LATE}.stop.gap=1e-3")])
    rows = [row for row in run.rows if row["stage"] == "local_convergence"]
    assert rows[-1]["gap"] <= 1e-3
    assert rows[-1]["stage_step"] < 2000
    assert all(row["gap"] > 1e-3 for row in rows[:-1])


def test_the_gap_changes_no_other_number() -> None:
    logged, silent = (run_batch([_small(f"log.gap={on}")])[0] for on in ("true", "false"))
    assert all(row["gap"] is None for row in silent.rows)
    assert [row | {"gap": None} for row in logged.rows] == silent.rows
    np.testing.assert_array_equal(logged.first_layer, silent.first_layer)


@pytest.mark.parametrize("overrides", [["activation.name=erf"], ["activation.name=quadratic"]])
def test_activations_of_another_degree_have_no_gap(overrides: list[str]) -> None:
    early = ["stages.second_layer.then=[]", *overrides]
    (run,) = run_batch([_small(*early, f"{LATE}.steps=10")])
    assert all(row["gap"] is None for row in run.rows)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["log.gap=false"], "log.gap is false"),
        (["activation.name=erf", "stages.second_layer.then=[]"], "homogeneous of degree 1"),
        ([f"{LATE}.weight_decay=0.0"], "no gap without weight decay"),
        (["student.output_scale=10"], "without student.output_scale"),
        (["teacher.width=60", "teacher.min_angle=0"], "60 teacher neurons in 2 dimensions is too costly"),
        (["teacher.width=21", "teacher.rank=5", "teacher.min_angle=0"], "21 teacher neurons in 5 dimensions"),
    ],
)
def test_a_stop_at_a_gap_that_is_not_known_is_refused(overrides: list[str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load_config(CONFIGS / "quickstart.yaml", [f"{LATE}.stop.gap=1e-6", *overrides])


def test_a_teacher_neuron_that_does_not_count_does_not_end_a_run() -> None:
    explicit = "{directions: [[1, 0, 0], [0.6, 0.8, 0]], output_weights: [1.0, 0.0]}"
    (run,) = run_batch([load_config(CONFIGS / "quickstart.yaml", [f"teacher={explicit}", f"{LATE}.steps=50"])])
    assert all(row["gap"] is not None for row in run.rows)


def test_a_solver_that_breaks_down_leaves_the_gap_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **keywords: Any) -> Any:
        raise RuntimeError("too many iterations")

    monkeypatch.setattr("featlearn.theory.optimum.reweighted", broken)
    (run,) = run_batch([_small("seed=12345", f"{LATE}.steps=5")])
    assert all(row["gap"] is None for row in run.rows)
