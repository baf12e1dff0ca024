"""What theory says of stored runs: which form there is, at which rows, and why there is none."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.config.load import load_config
from featlearn.runs.directory import RunDirectory
from featlearn.runs.train import train
from featlearn.storage.errors import RunError
from featlearn.views.data.run import read_run
from featlearn.views.data.theory import SHOWN, Theory, read_theory
from tests.places import CONFIGS
from tests.views.examples import with_rows

SHORT = [
    "teacher.input_dim=20",
    "log={points: 30, snapshots: 4}",
    "stages.learn.steps=400",
    "stages.learn.step_size=0.02",
]
SECOND = "stages.second={train: [second_layer], steps: 50, step_size: 0.02, then: [zero_second_layer]}"


def new_run(place: Path, *overrides: str) -> RunDirectory:
    return train(load_config(CONFIGS / "soft_committee.yaml", [*SHORT, *overrides]), place).run


def theory_of(run: RunDirectory) -> Theory:
    return read_theory(read_run(run))


def test_the_flow_stands_at_the_rows_of_the_run_and_near_them(tmp_path: Path) -> None:
    run = new_run(tmp_path, "data.batch_size=500")
    measured, found = read_run(run).metrics, theory_of(run)
    assert found.drift_alone is None
    assert set(found.table) == set(SHOWN)
    assert all(len(values) == len(measured["step"]) for values in found.table.values())
    assert found.table["loss"][0] == pytest.approx(measured["loss"][0], rel=1e-9)
    np.testing.assert_allclose(found.table["loss"], measured["loss"], rtol=0.1)
    np.testing.assert_allclose(found.table["subspace"], measured["subspace"], atol=0.03)


@pytest.mark.parametrize("drop", [0, 2])
def test_stages_and_stop_rules_are_followed_as_the_run_did(tmp_path: Path, drop: int) -> None:
    """The run stops early in its first stage, and the second one ends with an operation."""
    run = new_run(
        tmp_path,
        "stages.learn.stop={loss: 0.15}",
        SECOND,
        "data.batch_size=500",
        f"activation.drop_hermite_below={drop}",
    )
    measured, found = read_run(run).metrics, theory_of(run)
    assert (found.drift_alone is None) == (drop == 0)
    assert measured["step"][-1] < 450 or drop
    np.testing.assert_allclose(found.table["loss"], measured["loss"], rtol=0.1, atol=1e-4)
    norm = measured["loss"][-1]  # all output weights are 0
    assert found.table["loss"][-1] == pytest.approx(norm, rel=1e-9)


def test_a_run_that_goes_on_is_followed_as_far_as_it_is(tmp_path: Path) -> None:
    run = with_rows(
        new_run(tmp_path, SECOND, "stages.learn.then=[zero_second_layer]"), 12, status="running", final=None
    )
    found = theory_of(run)
    assert len(found.table["loss"]) == 12
    assert np.isfinite(found.table["loss"]).all()
    assert found.table["loss"][-1] < 0.9 * found.table["loss"][0]


def test_without_a_closed_term_there_is_the_drift_alone(tmp_path: Path) -> None:
    """It is the run on the population."""
    overrides = ["activation.name=relu", "stages.learn.step_size=0.01"]
    found = theory_of(new_run(tmp_path / "online", *overrides))
    assert found.drift_alone is not None
    assert "relu" in found.drift_alone
    exact = read_run(new_run(tmp_path / "exact", *overrides, "data={kind: population}")).metrics
    for name in SHOWN:
        np.testing.assert_allclose(found.table[name], exact[name], rtol=1e-9, atol=1e-12)


def test_a_polynomial_has_its_drift(tmp_path: Path) -> None:
    teacher = "teacher={input_dim: 20, polynomial: He3(x1), directions: axes}"
    found = theory_of(new_run(tmp_path, teacher))
    assert found.drift_alone is not None
    assert np.isfinite(found.table["loss"]).all()
    assert np.isnan(found.table["max_angle"]).all()


def test_a_flow_that_diverges_ends(tmp_path: Path) -> None:
    run = new_run(tmp_path, "activation.name=quadratic", "stages.learn.step_size=0.2", "data.batch_size=1")
    loss = theory_of(run).table["loss"]
    assert np.isfinite(loss[0])
    assert not np.isfinite(loss[-1])


@pytest.mark.parametrize(
    ("override", "why"),
    [
        ("data={kind: population}", "they are for data.kind: online, .*, and this is population .its own curve"),
        ("data={kind: empirical, samples: 50}", "and this is empirical$"),
        ("stages.learn.method=adam", "they are for the steps of gd, and stage learn takes those of adam"),
    ],
)
def test_why_there_is_no_theory(tmp_path: Path, override: str, why: str) -> None:
    with pytest.raises(RunError, match=f"no theory lines: .*{why}"):
        theory_of(new_run(tmp_path, override))
