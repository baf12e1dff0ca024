"""What people write, and what they are told that there is instead."""

import json
import time
from pathlib import Path

import pytest

from featlearn.claims.gallery import gallery
from featlearn.config.hints import EXAMPLES, OF_KEYS, OF_VALUES
from featlearn.config.load import load_config
from featlearn.config.model import Config
from featlearn.config.validation import validated
from featlearn.config.yaml_source import ConfigError, read_document
from tests.config.broken import MINIMAL, complaints_of, write
from tests.places import PAPER

TWO_STAGES = MINIMAL + "  end: {train: [first_layer], steps: 3, step_size: 0.1}\n"

KEYS = [
    ("lambda=0.01", "did you mean stages.go.weight_decay?"),
    ("weight_decay=0.01", "did you mean stages.go.weight_decay?"),
    ("lr=0.1", "did you mean stages.go.step_size?"),
    ("stages.go.lr=0.1", "did you mean 'step_size'?"),
    ("epochs=3", "did you mean stages.go.steps?"),
    ("optimizer=adam", "did you mean stages.go.method?"),
    ("target=3", "did you mean 'teacher'?"),
    ("stages.go.freeze=second_layer", "as in stages.NAME.train: [first_layer]"),
    ("student.freeze=second_layer", "as in stages.NAME.train: [first_layer]"),
    ("target=He3(w.x)", 'as in teacher.polynomial: "He3(x1)"; for any other label'),
    ("teacher.dim=3", "did you mean 'input_dim'?"),
    ("hidden=3", "did you mean student.width?"),
    ("width=3", "write it as teacher.width, student.width"),
    ("batch_size=3", "data: {kind: online, batch_size: 100}"),
    ("stages.go.batch_size=3", "data: {kind: online, batch_size: 100}"),
    ("student.bias=true", "student.biases"),
    ("student.second_layer=fixed", "as in stages.NAME.train: [first_layer]"),
    ("scheduler=cosine", "{start: 0.1, factor: 0.5, every: 1000}"),
    ("stages.go.step_size={second_layer: 0.1}", "step_size.first_layer: missing (that of the first layer"),
    ("loss=mse", "squared (the default) or correlation; a stage may stop at a value, as in stop: {loss: 1e-9}"),
    ("stages.go.criterion=mse", "did you mean 'loss'? it is squared"),
    ("constraint=sphere", "said of a stage, as in constraint: unit_rows"),
    ("stages.go.normalize=true", "did you mean 'constraint'? constraint: unit_rows acts after each step"),
    ("stages.go.stop={angle: 3}", "did you mean 'mean_angle'?"),
    ("stages.go.stop={seconds: 3}", "must not depend on the machine"),
    ("stages.go.stop={recovered: {at_least: 2}}", "allowed here: above, below"),
    ("activation={name: leaky_relu, alpha: 0.1}", "did you mean 'negative_slope'?"),
    ("activation={name: polynomial, coefs: [0, 1]}", "did you mean 'coefficients'?"),
    ("activation={kind: mish}", "did you mean 'name'? mish: losses are exact"),
    ("stages.go.step_size={kind: cosine, start: 0.1, factor: 1, every: 2}", "{cosine: [first, last]}"),
    ("teacher={kind: hermite3, input_dim: 3, width: 2}", "label inputs yourself"),
    ("teacher.formula=He3(x1)", "did you mean 'polynomial'? a target that is no network is a formula"),
    ("teacher.degree=3", 'as in teacher.polynomial: "He3(x1)"'),
    ("polynomial=He3(x1)", "did you mean teacher.polynomial? a target that is no network is a formula"),
    ("n=50", "did you mean data.samples? it goes with data.kind: empirical"),
    ("noise=1", "did you mean data.noise_std? it goes with data.kind: empirical or online"),
    ("d=50", "did you mean teacher.input_dim?"),
    ("sha256=x", "allowed here: name, seed"),
    ("log={kind: x}", "allowed here: points"),
    ("teacher.condition_number=10", "did you mean 'min_conditioning'?"),
    ("teacher.output_weights={beta: 1}", "did you mean 'power_law'?"),
    ("student.init={kind: sphere, radius: 1, second_layer: 1}", "did you mean 'norm'?"),
    ("student.init={kind: sphere, second_layer: 1, mirror: true}", "did you mean 'mirrored'?"),
    ("student.parameterization=ntk", "did you mean 'scaling'?"),
    ("covariance={spike: {strength: 1}}", "did you mean inputs.covariance?"),
    ("data={kind: online, batch_size: 4, repeat: 2}", "did you mean 'reuse'?"),
    ("data={kind: empirical, samples: 9, batch: 2}", "did you mean 'batch_size'?"),
    ("data={kind: empirical, samples: 9, batch_size: 2, replacement: true}", "did you mean 'with_replacement'?"),
    ("nmae=x", "did you mean 'name'? allowed here: name, seed"),
]
VALUES = [
    ("activation={name: elu}", "losses are exact"),
    ("activation={name: SELU}", "losses are exact"),
    ("activation=mish", "losses are exact"),
    ("activation=abs", "write {name: abs}"),
    ("activation=rectified", "write {name: relu}"),
    ("student.init=gaussian", "write {kind: gaussian, first_layer_std: …, second_layer_std: …}"),
    ("student.init={kind: xavier}", "write {kind: gaussian, first_layer_std: 0.1"),
    ("student.init=sphere", "write {kind: sphere, second_layer: …}"),
    ("student.init={kind: spherical}", "did you mean 'sphere'?"),
    ("student.init={kind: sphere, second_layer: ones}", "{signs: c} ±c"),
    ("student.scaling=1/m", "did you mean 'mean_field'?"),
    ("student.scaling=lazy", "did you mean 'ntk'?"),
    ("stages.go.constraint=sphere", "did you mean 'unit_rows'?"),
    ("stages.go.loss=mse", "did you mean 'squared'?"),
    ("stages.go.then=[reinit]", "did you mean 'redraw_second_layer'?"),
    ("data=online", "write {kind: online, batch_size: …}"),
    ("data={kind: batches}", "did you mean 'online'? one of: population"),
    ("inputs.covariance=spike", "write {spike: {strength: 4}} or {power_law: 1}"),
    ("inputs.covariance=isotropic", "did you mean 'identity'?"),
    ("student=100", "write {width: 100}"),
    ("stages.go.method=sgd", "did you mean 'gd'? it does that on fresh batches"),
    ("data={kind: population, noise_std: 0.1}", "unknown key; it belongs to another kind; allowed here: kind"),
    ("teacher.target=he3", "did you mean 'polynomial'?"),
    ("stages.go.train=first_layer", "write [first_layer]"),
    ("stages.go.train=all", "[first_layer, second_layer]"),
    ("stages.go.step_size=cosine", "a schedule is {start"),
    ("stages.go.stop=1e-3", "write {loss: 1e-9}"),
    ("teacher.directions=orthogonal", "did you mean 'orthonormal'?"),
    ("teacher.directions=canonical", "did you mean 'axes'?"),
    ("teacher.directions=3", "expected a list, got the number 3"),
]


@pytest.mark.parametrize(("override", "words"), KEYS + VALUES)
def test_what_people_write_is_answered_by_what_there_is(override: str, words: str, tmp_path: Path) -> None:
    lines = complaints_of(write(tmp_path, MINIMAL), override)
    assert any(words in line for line in lines), lines


def test_a_key_of_a_stage_is_shown_in_each_stage(tmp_path: Path) -> None:
    (line,) = complaints_of(write(tmp_path, TWO_STAGES), "lr=3")
    assert line.endswith("unknown key; write it as stages.go.step_size, stages.end.step_size")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (MINIMAL, "did you mean teacher.input_dim?"),
        (
            MINIMAL.replace("teacher: {input_dim: 3, width: 2}", "teacher: {width: 2}"),
            "did you mean teacher.input_dim?",
        ),
        (
            MINIMAL.replace("teacher: {input_dim: 3, width: 2}", "data: {kind: empirical, path: x.csv}"),
            "did you mean data.input_dim?",
        ),
    ],
)
def test_only_places_that_the_configuration_can_take_are_named(text: str, told: str, tmp_path: Path) -> None:
    lines = complaints_of(write(tmp_path, text), "d=3")
    assert [line for line in lines if line.endswith(told)], lines


def test_trying_places_out_takes_no_time_with_many_stages_and_changes_no_document(tmp_path: Path) -> None:
    many = "".join(f"  s{k}: {{train: [first_layer], steps: 3, step_size: 0.1, input_dim: 3}}\n" for k in range(1000))
    began = time.process_time()
    lines = complaints_of(write(tmp_path, MINIMAL + many))
    assert time.process_time() - began < 10
    assert len(lines) == 1000
    listed = MINIMAL.replace("  go: {", "  - {name: go, input_dim: 3, ")
    document = read_document(write(tmp_path, listed))
    with pytest.raises(ConfigError, match=r"stages\[0\]\.input_dim: unknown key; write it as teacher\.input_dim"):
        validated(document, tmp_path)
    assert document.data["stages"][0]["input_dim"] == 3


def test_the_entries_of_stages_that_are_given_as_a_list_are_checked_all_the_same(tmp_path: Path) -> None:
    text = MINIMAL.replace("  go: {train: [first_layer, second_layer], steps: 20,", "  - {name: go, lr: 3, train: all,")
    text += "  - 3\n  - {train: [first_layer], steps: 3}\n"
    lines = complaints_of(write(tmp_path, text))
    assert [line.split(": ", 1)[1] for line in lines if ": stages[" in line or ": stages:" in line] == [
        "stages: expected a mapping, got a list; write " + EXAMPLES["stages"],
        "stages[0].lr: unknown key; did you mean 'step_size'?",
        "stages[0].train: expected a list, got the text 'all'; name the layers: [first_layer, second_layer]",
        "stages[2].step_size: missing; method gd needs it",
    ]
    assert f"{tmp_path / 'config.yaml'}:6:16: stages[0].lr" in lines[1]


def test_no_record_is_about_what_is_allowed_where_it_speaks(tmp_path: Path) -> None:
    """A word that became a key or a value needs no hint any more."""
    path = write(tmp_path, MINIMAL)
    allowed = [("activation", "name"), ("data", "kind"), ("student.init", "kind"), ("stages.go", "method")]
    for section, key in allowed:
        with pytest.raises(ConfigError) as caught:
            load_config(path, [f"{section}={{{key}: nothing}}" if key != "method" else f"{section}.{key}=nothing"])
        told = (
            next(str(c) for c in caught.value.complaints if "one of: " in str(c))
            .partition("one of: ")[2]
            .partition("; ")[0]
            .split(", ")
        )
        at = key if key == "method" else f"{section.split('.')[-1]} {key}"
        assert not [hint for hint in OF_VALUES if hint.at == at and set(told) & set(hint.words.split())]
        assert all(hint.means in told for hint in OF_VALUES if hint.at == at and hint.means)


def test_every_record_says_something() -> None:
    assert all(hint.means or hint.says for hint in OF_KEYS + OF_VALUES)


def test_nothing_points_at_pages_that_an_installed_package_lacks() -> None:
    texts = [hint.says for hint in OF_KEYS + OF_VALUES] + [json.dumps(Config.model_json_schema())]
    texts += [path.read_text() for path in gallery().values()]
    texts += [path.read_text() for path in PAPER.parent.glob("*/*.yaml")]
    assert not [text for text in texts if "docs/" in text]
