"""What is recorded of the Hermite series of a run, through the command line's own functions."""

from pathlib import Path

import pytest

import featlearn
from featlearn.theory.activations import activation
from featlearn.theory.activations.table_cache import TableCache
from featlearn.training.backends import series_table
from featlearn.views.words.series import series_in_brief

CONFIG = """
name: smooth
activation: {name: tanh, drop_hermite_below: 0}
teacher: {directions: [[1.0, 0.5], [0.2, -1.0]], output_weights: [1.0, -1.0]}
student: {init: {kind: explicit, first_layer: [[0.4, 0.1], [-0.3, 1.9]], second_layer: [0.5, 0.7]}}
stages: {descent: {train: [first_layer, second_layer], steps: 40, step_size: 0.05, weight_decay: 0.5, then: []}}
"""


def _config(tmp_path: Path, *changes: str) -> featlearn.Config:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG)
    return featlearn.load_config(file, list(changes))


def test_degree_norm_and_bound_are_recorded_and_told(tmp_path: Path) -> None:
    run = featlearn.train(_config(tmp_path), tmp_path / "runs")
    record = run.info.series
    assert record is not None
    assert record.largest_norm == pytest.approx((0.3**2 + 1.9**2) ** 0.5, rel=0.05)
    series = activation("tanh", 0).series
    assert series is not None
    assert record.degree == series.degree(record.largest_norm)
    assert record.bound is not None
    assert 0 < record.bound <= 1e-10
    told = series_in_brief(record)
    assert told is not None
    assert f"degree {record.degree}" in told


BIASED = ["student.init.biases=[0.3, -0.7]", "stages.descent.train=[first_layer, second_layer, biases]"]


def test_biases_are_recorded_beside_norms(tmp_path: Path) -> None:
    run = featlearn.train(_config(tmp_path, *BIASED), tmp_path / "runs")
    record = run.info.series
    assert record is not None
    assert record.degree is not None
    assert record.largest_bias == pytest.approx(0.7, rel=0.2)
    assert record.bound is not None
    assert 0 < record.bound <= 1e-10
    told = series_in_brief(record)
    assert told is not None
    assert "and biases up to 0.7" in told


def test_closed_forms_have_none(tmp_path: Path) -> None:
    run = featlearn.train(_config(tmp_path, "activation.name=erf"), tmp_path / "runs")
    assert run.info.series is None
    assert series_in_brief(None) is None


def test_rows_that_are_too_long_end_a_run_with_the_norm_that_would_do(tmp_path: Path) -> None:
    long = "student.init.first_layer=[[0.4, 0.1], [-3000.0, 1.9]]"
    run = featlearn.train(_config(tmp_path, long), tmp_path / "runs")
    assert run.status == "diverged"
    assert run.info.message is not None
    assert "the kernel of tanh holds for rows of norm up to 1000, and one has 3e+03" in run.info.message
    if "; try " in run.info.message:  # the cause comes first
        assert run.info.message.index("the kernel of") < run.info.message.index("; try ")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (["student.init.first_layer=[[0.4, 0.1], [-3001.0, 1.9]]"], "one has 3e+03; start with shorter rows"),
        (
            ["inputs.covariance=[1000000, 1]", "student.init.first_layer=[[0.4, 0.1], [-3.0, 1.9]]"],
            "start with shorter rows or a smaller covariance, which stretches those of",
        ),
    ],
)
def test_a_start_that_is_too_long_is_told_as_such(changes: list[str], told: str, tmp_path: Path) -> None:
    run = featlearn.train(_config(tmp_path, *changes), tmp_path / "runs")
    assert run.info.message is not None
    assert run.info.message.startswith("cannot start: the kernel of tanh holds for rows of norm up to 1000")
    assert told in run.info.message


@pytest.mark.parametrize(
    "changes",
    [
        ["student.init.first_layer=[[0.4, 0.1], [-30.0, 1.9]]", "student.init.biases=[0.3, -0.7]"],
        ["student.init.first_layer=[[0.4, 0.1], [-30.0, 1.9]]", "teacher.activation={name: sin}"],
    ],
)
def test_where_nothing_stands_for_the_series_its_reach_is_told(changes: list[str], tmp_path: Path) -> None:
    run = featlearn.train(_config(tmp_path, *changes), tmp_path / "runs")
    assert run.info.series is not None
    assert run.info.series.bound is None
    assert run.info.message is not None
    assert "the Hermite series of tanh holds for rows of norm up to 6.73, and one has 30.1" in run.info.message


OUTGROWN = [
    "activation.name=silu",
    "teacher={directions: [[3.0, 1.0], [0.2, -1.0]], output_weights: [120.0, -1.0]}",
    "student.init={kind: explicit, first_layer: [[3.0, 1.0], [-0.3, 1.9]], second_layer: [5.0, 0.7]}",
    "stages.descent={train: [first_layer], steps: 7, step_size: 0.01, weight_decay: 0, then: []}",
]


@pytest.mark.parametrize("backend", ["torch", "fused"])
def test_a_run_that_outgrows_the_series_goes_on(backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = _config(tmp_path, *OUTGROWN, f"backend={backend}")
    run = featlearn.train(config, tmp_path / "runs")
    record, series = run.info.series, activation("silu", 0).series
    assert series is not None
    assert record is not None
    assert run.status == "done"
    assert record.largest_norm > 1.1 * series.reach
    assert record.degree is None
    assert record.bound is not None
    assert 0 < record.bound <= 1e-13
    assert record.components == 28
    monkeypatch.setattr(series, "beyond", None)
    monkeypatch.setattr(series_table, "_TABLES", TableCache(2**26))  # nothing of this is to be left to other tests
    monkeypatch.setattr(series_table, "_made", {})
    monkeypatch.setattr(series_table, "_series_tables", series_table._series_tables.__wrapped__)
    without = featlearn.train(config, tmp_path / "without")
    assert without.status == "diverged"
    rows = len(without.metrics["loss"]) - 1
    assert rows >= 3
    assert run.metrics["loss"][:rows].tobytes() == without.metrics["loss"][:rows].tobytes()


@pytest.mark.parametrize("changes", [[], BIASED, [*OUTGROWN, "stages.descent.steps=25"]])
def test_the_largest_norm_survives_an_interruption(changes: list[str], tmp_path: Path) -> None:
    def stop(run: object, plan: object, event: object) -> None:
        if event.position.step >= 20:  # type: ignore[attr-defined]
            raise KeyboardInterrupt

    whole = featlearn.train(_config(tmp_path, *changes), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        featlearn.train(_config(tmp_path, *changes), tmp_path / "cut", stop)
    cut = next((tmp_path / "cut").glob("2*"))
    again = featlearn.resume(cut)
    assert again.info.series == whole.info.series
    assert again.metrics["loss"].tolist() == whole.metrics["loss"].tolist()
