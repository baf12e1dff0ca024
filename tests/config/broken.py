"""Broken configurations and what must be said of them: the place, the key, and a word of the message."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

MINIMAL = """\
name: minimal
seed: 0
teacher: {input_dim: 3, width: 2}
student: {width: 4}
stages:
  go: {train: [first_layer, second_layer], steps: 20, step_size: 0.1, weight_decay: 0.01}
"""

Expected = list[tuple[str, str, str]]  # line:column, key, a word of the message


def write(directory: Path, text: str | bytes, name: str = "config.yaml") -> Path:
    path = directory / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@dataclass(frozen=True)
class Broken:
    name: str
    make: Callable[[Path], Path]
    expected: Expected


def changed(name: str, old: str, new: str, *expected: tuple[str, str, str]) -> Broken:
    """The minimal configuration with one piece of text replaced."""
    assert MINIMAL.count(old) == 1, old
    return Broken(name, lambda d: write(d, MINIMAL.replace(old, new)), list(expected))


def whole(name: str, text: str | bytes, *expected: tuple[str, str, str]) -> Broken:
    return Broken(name, lambda d: write(d, text), list(expected))


def _directory(where: Path) -> Path:
    (where / "folder.yaml").mkdir()
    return where / "folder.yaml"


def _weights(name: str, expected: str, **arrays: np.ndarray) -> Broken:
    def make(where: Path) -> Path:
        np.savez(where / "w.npz", **arrays)  # type: ignore[arg-type]
        return write(where, MINIMAL.replace("{width: 4}", "{width: 4, init: {kind: file, path: w.npz}}"))

    return Broken(name, make, [("4:46", "student.init.path", expected)])


_BOMB = "a: &a [1, 2]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 9)}]\n" for i in range(9)
)
_FILE_INIT = "{width: 4, init: {kind: file, path: nowhere.npz}}"

BROKEN = [
    # typos, at every level
    changed("typo_top", "name: minimal", "nmae: minimal", ("1:1", "nmae", "did you mean 'name'?")),
    changed("typo_teacher", "input_dim", "inputdim", ("3:11", "teacher.inputdim", "did you mean 'input_dim'?")),
    changed(
        "typo_student",
        "{width: 4}",
        "{widht: 4}",
        ("4:11", "student.widht", "'width'"),
        ("4:1", "student.width", "missing"),
    ),
    changed(
        "typo_init",
        "{width: 4}",
        "{width: 4, init: {kind: gaussian, first_std: 1}}",
        ("4:44", "student.init.first_std", "did you mean 'first_layer_std'?"),
        ("4:21", "student.init.second_layer_std", "missing"),
    ),
    changed(
        "typo_kind",
        "{width: 4}",
        "{width: 4, init: {kind: gausian}}",
        ("4:34", "student.init.kind", "did you mean 'gaussian'?"),
    ),
    changed(
        "typo_stage",
        "step_size",
        "stepsize",
        ("6:55", "stages.go.stepsize", "'step_size'"),
        ("6:3", "stages.go.step_size", "missing"),
    ),
    changed(
        "typo_schedule",
        "weight_decay: 0.01",
        "weight_decay: {start: 1, factor: 0.5, evry: 2}",
        ("6:109", "stages.go.weight_decay.evry", "did you mean 'every'?"),
    ),
    changed("typo_value", "first_layer,", "first_layr,", ("6:16", "stages.go.train[0]", "did you mean 'first_layer'?")),
    changed(
        "typo_activation", "seed: 0", "activation: {name: rellu}", ("2:20", "activation.name", "did you mean 'relu'?")
    ),
    # wrong types
    changed("number_for_text", "minimal", "3", ("1:7", "name", "expected text")),
    changed(
        "text_for_number", "step_size: 0.1", "step_size: fast", ("6:66", "stages.go.step_size", "expected a number")
    ),
    changed("float_for_integer", "seed: 0", "seed: 0.5", ("2:7", "seed", "expected a whole number")),
    changed("boolean_for_integer", "seed: 0", "seed: true", ("2:7", "seed", "boolean true")),
    changed("boolean_for_number", "step_size: 0.1", "step_size: true", ("6:66", "stages.go.step_size", "boolean true")),
    changed(
        "boolean_for_a_choice",
        "seed: 0",
        "activation: {drop_hermite_below: false}",
        ("2:34", "activation.drop_hermite_below", "boolean false"),
    ),
    changed("quoted_number", "seed: 0", "seed: '0'", ("2:7", "seed", "the text '0'")),
    changed("list_for_mapping", "{width: 4}", "[4]", ("4:10", "student", "expected a mapping, got a list")),
    changed(
        "mapping_for_list",
        "[first_layer, second_layer]",
        "{first_layer: 1}",
        ("6:15", "stages.go.train", "expected a list"),
    ),
    changed("null_for_mapping", "{width: 4}", "", ("4:9", "student", "expected a mapping, got nothing")),
    changed("nan", "step_size: 0.1", "step_size: .nan", ("6:66", "stages.go.step_size", "NaN")),
    changed("infinity", "step_size: 0.1", "step_size: 1e999", ("6:66", "stages.go.step_size", "infinity")),
    changed("negative_step", "step_size: 0.1", "step_size: -1e-3", ("6:66", "stages.go.step_size", "at least 0")),
    changed("zero_steps", "steps: 20", "steps: 0", ("6:51", "stages.go.steps", "at least 1")),
    # duplicate keys
    changed("duplicate_top", "seed: 0", "name: again", ("2:1", "name", "duplicate key, first given at line 1")),
    changed("duplicate_inner", "{width: 4}", "{width: 4, width: 6}", ("4:21", "student.width", "duplicate")),
    # rules between keys
    changed(
        "infeasible_angle",
        "width: 2}",
        "width: 5, rank: 2, min_angle: 40}",
        ("3:55", "teacher.min_angle", "at most 36 degrees"),
    ),
    changed(
        "infeasible_welch",
        "width: 2}",
        "width: 7, rank: 3, min_angle: 70}",
        ("3:55", "teacher.min_angle", "at most 61.87 degrees"),
    ),
    changed("rank_above_width", "width: 2}", "width: 2, rank: 3}", ("3:41", "teacher.rank", "at most 2 dimensions")),
    changed("rank_above_dimension", "width: 2}", "width: 9, rank: 4}", ("3:41", "teacher.rank", "have 3 dimensions")),
    changed("odd_symmetric_width", "{width: 4}", "{width: 5}", ("4:18", "student.width", "even")),
    changed(
        "balance_of_erf",
        "weight_decay: 0.01}",
        "then: [balance]}\nactivation: {name: erf}",
        ("6:77", "stages.go.then", "not homogeneous"),
    ),
    changed(
        "ridge_with_steps",
        "step_size: 0.1",
        "method: ridge",
        ("6:51", "stages.go.steps", "leave it out"),
        ("6:15", "stages.go.train", "second layer alone"),
    ),
    changed(
        "lbfgs_with_step_size", "steps: 20,", "steps: 20, method: lbfgs,", ("6:81", "stages.go.step_size", "by itself")
    ),
    changed("lbfgs_without_steps", "steps: 20, step_size: 0.1", "method: lbfgs", ("6:3", "stages.go.steps", "missing")),
    changed("flow_without_time", "step_size: 0.1", "method: flow", ("6:3", "stages.go.step_size", "missing")),
    changed("typo_method", "step_size: 0.1", "method: flwo", ("6:63", "stages.go.method", "did you mean 'flow'?")),
    changed(
        "directions_and_rank",
        "{input_dim: 3, width: 2}",
        "{directions: [[1, 0, 0], [0, 0, 0]], output_weights: [1], rank: 1}",
        ("3:35", "teacher.directions[1]", "is zero"),
        ("3:63", "teacher.output_weights", "1 entries for 2"),
        ("3:74", "teacher.rank", "leave it out"),
    ),
    changed(
        "wrong_dimension",
        "{width: 4}",
        "{init: {kind: explicit, first_layer: [[1, 2]], second_layer: [1]}}",
        ("4:47", "student.init.first_layer", "2 entries"),
    ),
    changed(
        "momentum_without_method",
        "weight_decay: 0.01",
        "momentum: 0.5",
        ("6:81", "stages.go.momentum", "belongs to method momentum"),
    ),
    changed("stage_name_with_dot", "  go:", "  g.o:", ("6:3", "stages.g.o", "is not a name")),
    changed(
        "no_stages",
        "  go: {train: [first_layer, second_layer], steps: 20, step_size: 0.1, weight_decay: 0.01}",
        "  {}",
        ("6:3", "stages", "at least 1"),
    ),
    # what comes in later versions
    changed("fused_float32", "seed: 0", "backend: fused\nprecision: float32", ("2:10", "backend", "float64")),
    changed("typo_backend", "seed: 0", "backend: fussed", ("2:10", "backend", "did you mean 'fused'?")),
    # sampled data
    changed(
        "typo_data",
        "seed: 0",
        "data: {kind: empiricl, samples: 10}",
        ("2:14", "data.kind", "did you mean 'empirical'?"),
    ),
    changed("samples_missing", "seed: 0", "data: {kind: empirical}", ("2:1", "data.samples", "or give the `path`")),
    changed(
        "batch_of_empirical",
        "seed: 0",
        "data: {kind: empirical, samples: 10, batch_size: 3}",
        ("2:38", "data.batch_size", "allowed here: kind, samples, noise_std, path, sha256"),
    ),
    changed("no_batch_size", "seed: 0", "data: {kind: online}", ("2:1", "data.batch_size", "missing")),
    changed(
        "negative_noise",
        "seed: 0",
        "data: {kind: online, batch_size: 2, noise_std: -1}",
        ("2:48", "data.noise_std", "at least 0"),
    ),
    changed("no_samples", "seed: 0", "data: {kind: empirical, samples: 0}", ("2:34", "data.samples", "at least 1")),
    changed(
        "samples_and_path",
        "seed: 0",
        "data: {kind: empirical, samples: 10, noise_std: 0.1, path: x.npz}",
        ("2:34", "data.samples", "come from `path`"),
        ("2:49", "data.noise_std", "come from `path`"),
    ),
    changed(
        "digest_without_path",
        "seed: 0",
        "data: {kind: empirical, samples: 10, sha256: abc}",
        ("2:46", "data.sha256", "belongs to a `path`"),
    ),
    changed(
        "too_many_samples",
        "seed: 0",
        "data: {kind: empirical, samples: 1e9}",
        ("2:34", "data.samples", "500000000 numbers"),
    ),
    changed(
        "too_large_a_batch", "seed: 0", "data: {kind: online, batch_size: 1e9}", ("2:34", "data.batch_size", "numbers")
    ),
    changed(
        "fused_samples",
        "seed: 0",
        "backend: fused\ndata: {kind: empirical, samples: 10}",
        ("2:10", "backend", "computes on population data"),
    ),
    Broken(
        "online_ridge",
        lambda d: write(
            d,
            MINIMAL.replace("seed: 0", "data: {kind: online, batch_size: 4}")
            + "  solve: {train: [second_layer], method: ridge, weight_decay: 0.1}\n",
        ),
        [("7:42", "stages.solve.method", "needs a fixed loss")],
    ),
    Broken(
        "online_limits",
        lambda d: write(
            d,
            MINIMAL.replace("seed: 0", "data: {kind: online, batch_size: 4}")
            + "  one: {train: [second_layer], method: lbfgs, steps: 5}\n"
            + "  two: {train: [second_layer], method: flow, steps: 5, step_size: 1}\n",
        ),
        [
            ("7:40", "stages.one.method", "lbfgs needs a fixed loss"),
            ("8:40", "stages.two.method", "flow needs a fixed loss"),
        ],
    ),
    changed(
        "no_data_file",
        "seed: 0",
        "data: {kind: empirical, path: nowhere.npz}",
        ("2:31", "data.path", "No such file"),
    ),
    changed(
        "negative_stop",
        "weight_decay: 0.01",
        "stop: {gap: -1}",
        ("6:83", "stages.go.stop.gap", "at least 0"),
    ),
    changed(
        "gap_without_decay",
        "weight_decay: 0.01",
        "weight_decay: 0, stop: {gap: 1e-9}",
        ("6:100", "stages.go.stop.gap", "no gap without weight decay"),
    ),
    # files that are no configuration
    whole("empty", "", ("1:1", "(top level)", "is empty")),
    whole("only_comments", "# nothing\n", ("1:1", "(top level)", "is empty")),
    whole("a_list", "- 1\n- 2\n", ("1:1", "(top level)", "expected a mapping, got a list")),
    whole("a_scalar", "hello", ("1:1", "(top level)", "expected a mapping")),
    whole("syntax", MINIMAL + "x: [1, 2\n", ("8:1", "(syntax)", "not valid YAML")),
    whole("tabs", "name: x\n\tseed: 1\n", ("2:1", "(syntax)", "not valid YAML")),
    whole("binary", b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe", ("1:1", "(file)", "not UTF-8")),
    whole("control_character", "name: a\x00b\n", ("1:8", "(syntax)", "U+0000")),
    whole("bomb", _BOMB, ("1:4", "(syntax)", "anchors and aliases")),
    whole("two_documents", MINIMAL + "---\n" + MINIMAL, ("7:1", "(syntax)", "not valid YAML")),
    whole("python_object", MINIMAL + "x: !!python/object/apply:os.system [ls]\n", ("7:4", "x", "is not allowed")),
    whole("deep", "[" * 5000, ("1:51", "(syntax)", "levels of nesting")),
    whole("huge_integer", MINIMAL.replace("seed: 0", "seed: " + "9" * 5000), ("2:7", "seed", "")),
    Broken("missing_file", lambda d: d / "nowhere.yaml", [("1:1", "(file)", "no such file")]),
    Broken("directory", _directory, [("1:1", "(file)", "is a directory")]),
    # weight files
    changed("no_weight_file", "{width: 4}", _FILE_INIT, ("4:46", "student.init.path", "No such file")),
    _weights("weights_without_second", "no array", first_layer=np.ones((4, 3))),
    _weights("weights_of_wrong_shape", "expected shapes", first_layer=np.ones((4, 3)), second_layer=np.ones(3)),
    _weights("weights_of_wrong_width", "student.width is 4", first_layer=np.ones((6, 3)), second_layer=np.ones(6)),
    _weights("weights_not_finite", "finite", first_layer=np.full((4, 3), np.nan), second_layer=np.ones(4)),
    _weights("weights_pickled", "plain arrays", first_layer=np.array([{}], dtype=object), second_layer=np.ones(1)),
]
