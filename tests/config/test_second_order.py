"""What needs second derivatives is refused where they are not known, with the reason."""

from dataclasses import replace
from pathlib import Path

import pytest

from featlearn.config import second_order
from featlearn.config.activation import ActivationChoice
from featlearn.config.load import load_config
from featlearn.theory.activations import activation
from tests.config.broken import MINIMAL, complaints_of, write

CURVED = MINIMAL + "log: {curvature: true}\n"
NEWTON = MINIMAL.replace("steps: 20, step_size: 0.1", "method: newton, steps: 20")


@pytest.mark.parametrize("target", ["teacher.activation={name: erf}", 'teacher={input_dim: 3, polynomial: "He2(x1)"}'])
def test_targets_of_any_kind_have_second_derivatives(target: str, tmp_path: Path) -> None:
    assert load_config(write(tmp_path, CURVED), [target]).log.curvature
    load_config(write(tmp_path, NEWTON), [target])


def test_samples_have_second_derivatives_where_those_of_the_activation_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, why = "data={kind: empirical, samples: 50}", "second derivatives of the activation on a sample, which are not"
    for text in (CURVED, NEWTON):
        load_config(write(tmp_path, text), [data, "activation.name=tanh"])
    unknown = replace(activation("tanh", 2), phi_second=None)
    monkeypatch.setattr(ActivationChoice, "entry", lambda _: unknown)
    (told,) = complaints_of(write(tmp_path, CURVED), data)
    assert f"log.curvature: needs {why} known of tanh; leave it out" in told


@pytest.mark.parametrize(("text", "advice"), [(CURVED, "leave it out"), (NEWTON, "use lbfgs")])
def test_activations_without_second_derivatives_are_refused(
    text: str, advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_order, "is_known", lambda activation: activation.name != "erf")
    load_config(write(tmp_path, text))
    (told,) = complaints_of(write(tmp_path, text), "activation.name=erf")
    assert f"second derivatives of the kernel, which are not known of erf; {advice}" in told


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("stages.go.loss=correlation", "is that of the squared loss, and the last stage descends on the correlation"),
        ("stages.go.constraint=unit_rows", "is that of weights which move freely, and the last stage has a constraint"),
    ],
)
def test_the_last_stage_must_have_the_objective_that_is_meant(change: str, why: str, tmp_path: Path) -> None:
    (told,) = complaints_of(write(tmp_path, CURVED), change)
    assert f"log.curvature: {why}; leave it out" in told


def test_online_data_have_a_curvature_of_the_population_and_no_newton(tmp_path: Path) -> None:
    online = "data={kind: online, batch_size: 8}"
    assert load_config(write(tmp_path, CURVED), [online]).log.curvature
    (told,) = complaints_of(write(tmp_path, NEWTON), online)
    assert "newton needs a fixed loss" in told


def test_biases_have_second_derivatives(tmp_path: Path) -> None:
    biased = ["student.biases={std: 0.5}", "activation={name: relu, drop_hermite_below: 0}"]
    for text in (CURVED, NEWTON):
        for more in ([], ["data={kind: empirical, samples: 50}"], ['teacher={input_dim: 3, polynomial: "He2(x1)"}']):
            load_config(write(tmp_path, text), biased + more)
    for change in ("activation.drop_hermite_below=2", "teacher.activation={name: erf}"):
        load_config(write(tmp_path, CURVED), [*biased, change])
    (told,) = complaints_of(
        write(tmp_path, CURVED), *biased, "activation.drop_hermite_below=2", "data={kind: empirical, samples: 50}"
    )
    assert "log.curvature: needs second derivatives of neurons on a sample, which are known with biases for" in told
