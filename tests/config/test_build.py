"""From a configuration to networks, plan, data and start: what each key becomes, and that it is built once."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.config.build import build, initial_networks
from featlearn.config.load import load_config
from featlearn.config.model import Config
from featlearn.config.yaml_source import ConfigError
from featlearn.runs.batch import run_batch
from featlearn.runs.train import train
from featlearn.theory.activations import activation
from featlearn.training import networks
from featlearn.training.data import Empirical, Online, drawn_sample, sample_of, shifted
from featlearn.training.networks import Network
from tests.config.broken import MINIMAL, write

GAUSSIAN = "student.init={kind: gaussian, first_layer_std: 0.5, second_layer_std: 0.25}"


def configured(place: Path, *overrides: str, teacher: str | None = None) -> Config:
    text = MINIMAL if teacher is None else MINIMAL.replace("{input_dim: 3, width: 2}", teacher)
    return load_config(write(place, text), overrides)


# --- teachers -----------------------------------------------------------------------------------


def test_a_random_teacher_has_the_geometry_that_was_asked_for(tmp_path: Path) -> None:
    weights = "{magnitude: [0.5, 0.6], sign: alternating}"
    asked = f"{{input_dim: 6, width: 3, rank: 2, min_angle: 30, output_weights: {weights}}}"
    teacher, _ = initial_networks(configured(tmp_path, "seed=5", teacher=asked))
    rows = teacher.first_layer
    assert rows.shape == (3, 6)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-14)
    singular = np.linalg.svd(rows, compute_uv=False)
    assert singular[1] > 1e-3
    assert singular[2] < 1e-14
    cosines = np.abs(rows @ rows.T)[np.triu_indices(3, 1)]
    assert cosines.max() <= np.cos(np.radians(30))
    assert np.sign(teacher.second_layer).tolist() == [1, -1, 1]
    assert np.all((np.abs(teacher.second_layer) >= 0.5) & (np.abs(teacher.second_layer) <= 0.6))


NAMED = "{input_dim: 6, width: 3, directions: DIRECTIONS, output_weights: {power_law: 1.5, sign: alternating}}"


def test_axes_are_the_first_coordinates_and_weights_fall_with_a_power(tmp_path: Path) -> None:
    teacher, _ = initial_networks(configured(tmp_path, teacher=NAMED.replace("DIRECTIONS", "axes")))
    np.testing.assert_array_equal(teacher.first_layer, np.eye(3, 6))
    np.testing.assert_allclose(teacher.second_layer, [1.0, -(2**-1.5), 3**-1.5], rtol=1e-15)


def test_orthonormal_directions_are_drawn_with_the_seed(tmp_path: Path) -> None:
    asked = NAMED.replace("DIRECTIONS", "orthonormal")
    one, _ = initial_networks(configured(tmp_path, teacher=asked))
    other, _ = initial_networks(configured(tmp_path, "seed=1", teacher=asked))
    np.testing.assert_allclose(one.first_layer @ one.first_layer.T, np.eye(3), atol=1e-15)
    assert np.abs(one.first_layer - other.first_layer).max() > 0.1


def test_a_power_law_goes_with_directions_of_every_kind(tmp_path: Path) -> None:
    for directions in ("random", "[[1, 0, 0], [0, 1, 0]]"):
        asked = f"{{directions: {directions}, output_weights: {{power_law: 1, sign: negative}}}}"
        asked = asked.replace("{directions: random,", "{input_dim: 3, width: 2, directions: random,")
        teacher, _ = initial_networks(configured(tmp_path, teacher=asked))
        assert teacher.second_layer.tolist() == [-1.0, -0.5]
    random = configured(tmp_path, "teacher.output_weights={power_law: 1}")
    np.testing.assert_array_equal(
        initial_networks(random)[0].first_layer, initial_networks(configured(tmp_path))[0].first_layer
    )


def test_a_teacher_that_is_not_found_is_told_at_the_key_that_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("featlearn.training.networks.MAX_DRAWS", 300)
    asked = "{input_dim: 6, width: 3, min_conditioning: 0.99, output_weights: {power_law: 3}}"
    with pytest.raises(ConfigError, match=r"teacher.min_conditioning: no 3 teacher neurons .* in 300 draws; the best"):
        configured(tmp_path, teacher=asked)


def test_explicit_directions_are_normalised_and_their_weights_stay(tmp_path: Path) -> None:
    asked = "{directions: [[3, 0, 4], [0, -2, 0]], output_weights: [0.5, -3]}"
    teacher, _ = initial_networks(configured(tmp_path, teacher=asked))
    assert teacher.first_layer == pytest.approx(np.array([[0.6, 0, 0.8], [0, -1, 0]]), rel=1e-15)
    assert teacher.second_layer.tolist() == [0.5, -3.0]


def test_extreme_directions_are_normalised_all_the_same(tmp_path: Path) -> None:
    asked = "{directions: [[3e-200, 4e-200], [3e200, 4e200]], output_weights: [1, 1]}"
    teacher, _ = initial_networks(configured(tmp_path, teacher=asked))
    assert teacher.first_layer == pytest.approx(np.array([[0.6, 0.8], [0.6, 0.8]]), rel=1e-15)


def test_the_teacher_and_the_student_draw_from_generators_of_their_own(tmp_path: Path) -> None:
    teacher, student = initial_networks(configured(tmp_path))
    wider = initial_networks(configured(tmp_path, "student.width=8"))[0]
    other_teacher, same_student = initial_networks(configured(tmp_path, "teacher.rank=1"))
    np.testing.assert_array_equal(wider.first_layer, teacher.first_layer)
    np.testing.assert_array_equal(same_student.first_layer, student.first_layer)
    assert not np.array_equal(other_teacher.first_layer, teacher.first_layer)
    for network, other in zip((teacher, student), initial_networks(configured(tmp_path, "seed=1")), strict=True):
        assert not np.array_equal(network.first_layer, other.first_layer)


# --- students -----------------------------------------------------------------------------------


def test_a_symmetric_student_is_the_zero_function(tmp_path: Path) -> None:
    config = configured(tmp_path)
    _, student = initial_networks(config)
    np.testing.assert_array_equal(student.first_layer[:2], student.first_layer[2:])
    assert student.second_layer.tolist() == [0.5, 0.5, -0.5, -0.5]
    np.testing.assert_allclose(np.linalg.norm(student.first_layer, axis=1), 1, rtol=1e-14)
    assert config.student.starts_at_zero


def test_a_gaussian_student_has_the_standard_deviations_that_were_asked_for(tmp_path: Path) -> None:
    config = configured(tmp_path, GAUSSIAN, "student.width=20000")
    _, student = initial_networks(config)
    assert np.std(student.first_layer) == pytest.approx(0.5, rel=0.02)
    assert np.std(student.second_layer) == pytest.approx(0.25, rel=0.02)
    assert not config.student.starts_at_zero


def test_gaussian_students_with_the_same_deviations_have_the_same_bits(tmp_path: Path) -> None:
    old = configured(tmp_path, GAUSSIAN)
    new = configured(tmp_path, "student.init={kind: gaussian, first_layer_std: 0.5, second_layer: {std: 0.25}}")
    assert new == old
    assert new.digest() == old.digest()
    equal = configured(tmp_path, "student.init={kind: gaussian, first_layer_std: 0.5, second_layer: 0.3}")
    student = initial_networks(equal)[1]
    np.testing.assert_array_equal(student.first_layer, initial_networks(old)[1].first_layer)
    assert student.second_layer.tolist() == [0.3] * 4
    assert not equal.student.starts_at_zero


def test_a_student_on_the_sphere_has_the_norm_and_the_signs_that_were_asked_for(tmp_path: Path) -> None:
    config = configured(
        tmp_path, "student.width=2000", "student.init={kind: sphere, norm: 2, second_layer: {signs: 0.5}}"
    )
    _, student = initial_networks(config)
    np.testing.assert_allclose(np.linalg.norm(student.first_layer, axis=1), 2, rtol=1e-14)
    np.testing.assert_allclose(np.mean(student.first_layer, axis=0), 0, atol=5 * 2 / np.sqrt(3 * 2000))
    np.testing.assert_array_equal(np.abs(student.second_layer), 0.5)
    assert abs(np.sum(np.sign(student.second_layer))) < 5 * np.sqrt(2000)


@pytest.mark.parametrize("start", ["gaussian, first_layer_std: 0.5", "sphere, norm: 0.7"])
@pytest.mark.parametrize("second", ["-0.3", "{signs: 0.3}", "{std: 0.3}"])
def test_a_mirrored_start_is_zero_and_a_balanced_one_keeps_the_signs(tmp_path: Path, start: str, second: str) -> None:
    def student(rest: str) -> tuple[Config, Network]:
        config = configured(tmp_path, f"student.init={{kind: {start}, second_layer: {second}{rest}}}")
        return config, initial_networks(config)[1]

    config, mirrored = student(", mirrored: true")
    assert config.student.starts_at_zero
    np.testing.assert_array_equal(mirrored.first_layer[:2], mirrored.first_layer[2:])
    np.testing.assert_array_equal(mirrored.second_layer[:2], -mirrored.second_layer[2:])
    (_, plain), (_, balanced) = student(", mirrored: false"), student(", balanced: true")
    norms = np.linalg.norm(plain.first_layer, axis=1)
    np.testing.assert_array_equal(balanced.first_layer, plain.first_layer)
    np.testing.assert_array_equal(balanced.second_layer, np.sign(plain.second_layer) * norms)
    _, both = student(", balanced: true, mirrored: true")
    np.testing.assert_array_equal(
        both.second_layer, np.sign(mirrored.second_layer) * np.repeat([norms[:2]], 2, 0).ravel()
    )


def test_a_gaussian_student_without_output_weights_starts_at_zero(tmp_path: Path) -> None:
    config = configured(tmp_path, GAUSSIAN, "student.init.second_layer_std=0")
    assert not initial_networks(config)[1].second_layer.any()
    assert config.student.starts_at_zero


@pytest.mark.parametrize("name", ["relu", "erf"])
def test_neurons_near_the_teacher_start_at_the_angle_that_was_asked_for(name: str, tmp_path: Path) -> None:
    near = "student.init={kind: near_teacher, angle: 7.5}"
    config = configured(tmp_path, near, f"activation.name={name}", "student.width=5")
    teacher, student = initial_networks(config)
    lines = teacher.first_layer[np.arange(5) % 2]
    norms = np.linalg.norm(student.first_layer, axis=1)
    cosines = np.sum(student.first_layer * lines, axis=1) / norms
    np.testing.assert_allclose(np.degrees(np.arccos(cosines)), 7.5, rtol=1e-9)
    balanced = np.allclose(norms, np.abs(student.second_layer), rtol=1e-12)
    assert balanced == (name == "relu"), "only a homogeneous network is the same when it is balanced"


def test_explicit_weights_are_the_student(tmp_path: Path) -> None:
    given = "student={init: {kind: explicit, first_layer: [[1, 2, 3], [0, 0, 0]], second_layer: [4, -5]}}"
    _, student = initial_networks(configured(tmp_path, given))
    assert student.first_layer.tolist() == [[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]
    assert student.second_layer.tolist() == [4.0, -5.0]


def test_the_weights_of_a_file_are_the_student(tmp_path: Path) -> None:
    first = np.arange(6.0).reshape(2, 3)
    np.savez(tmp_path / "w.npz", first_layer=first, second_layer=np.array([4.0, -5.0]))
    _, student = initial_networks(configured(tmp_path, "student={init: {kind: file, path: w.npz}}"))
    np.testing.assert_array_equal(student.first_layer, first)
    assert student.second_layer.tolist() == [4.0, -5.0]


# --- problem, plan and start --------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_the_start_is_the_student_in_the_precision_of_the_run(precision: str, tmp_path: Path) -> None:
    config = configured(tmp_path, f"precision={precision}")
    teacher, student = initial_networks(config)
    problem, _, start = build(config)
    assert start.state.first_layer.dtype == start.state.second_layer.dtype == np.dtype(precision)
    np.testing.assert_array_equal(start.state.first_layer[0], student.first_layer.astype(precision))
    np.testing.assert_array_equal(problem.teacher_first_layer[0], teacher.first_layer)
    np.testing.assert_array_equal(problem.teacher_second_layer[0], teacher.second_layer)
    # motion is measured from the weights that the run starts with
    np.testing.assert_array_equal(problem.initial_first_layer, start.state.first_layer.astype(np.float64))
    assert problem.initial_first_layer.dtype == np.float64
    assert problem.activation is activation("relu", 2)


def test_the_plan_has_the_stages_in_their_order_and_the_rows_of_the_log(tmp_path: Path) -> None:
    more = "stages.again={train: [second_layer], steps: 7, step_size: 0.1}"
    _, plan, _ = build(configured(tmp_path, more, "log={points: 9, snapshots: 3, gap: false}"))
    assert [(stage.name, stage.steps) for stage in plan.stages] == [("go", 20), ("again", 7)]
    assert [int(rows[-1]) for rows in plan.rows] == [20, 7]
    assert sum(map(len, plan.rows)) <= 9
    assert plan.gap is False


def test_population_data_are_none(tmp_path: Path) -> None:
    assert build(configured(tmp_path))[0].data is None


def test_empirical_data_are_drawn_from_the_seed(tmp_path: Path) -> None:
    config = configured(tmp_path, "data={kind: empirical, samples: 6, noise_std: 0.5}", "seed=4")
    [sample] = build(config)[0].samples() or []
    expected = drawn_sample(activation("relu", 2), initial_networks(config)[0], seed=4, samples=6, noise_std=0.5)
    np.testing.assert_array_equal(sample.sample().inputs, expected.inputs)
    np.testing.assert_array_equal(sample.sample().labels, expected.labels)


def test_data_of_a_file_are_trained_on_as_they_are(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    inputs, labels = rng.standard_normal((6, 3)), rng.standard_normal(6)
    np.savez(tmp_path / "own.npz", inputs=inputs, labels=labels)
    [sample] = build(configured(tmp_path, "data={kind: empirical, path: own.npz}"))[0].samples() or []
    np.testing.assert_array_equal(sample.sample().inputs, inputs)
    np.testing.assert_array_equal(sample.sample().labels, sample_of(activation("relu", 2), inputs, labels).labels)


def test_online_data_know_teacher_seed_batch_and_noise(tmp_path: Path) -> None:
    config = configured(tmp_path, "data={kind: online, batch_size: 6, noise_std: 0.5}", "seed=4")
    [online] = build(config)[0].data or ()
    assert isinstance(online, Online)
    assert (online.activation, online.seed) == (activation("relu", 2), 4)
    assert (online.batch_size, online.noise_std, online.added) == (6, 0.5, None)
    np.testing.assert_array_equal(online.teacher.first_layer, initial_networks(config)[0].first_layer)


# --- scaled students ----------------------------------------------------------------------------


def test_an_ordinary_student_is_not_scaled_and_a_start_at_zero_is_not_subtracted(tmp_path: Path) -> None:
    assert build(configured(tmp_path))[0].scaled is None
    scaled = build(configured(tmp_path, "student.output_scale=3"))[0].scaled
    assert scaled is not None
    assert scaled.scale.tolist() == [3.0]
    assert scaled.first_layer.shape == (1, 0, 3)


def test_the_start_of_a_scaled_student_is_subtracted_as_it_was_rounded(tmp_path: Path) -> None:
    problem, _, start = build(configured(tmp_path, GAUSSIAN, "student.output_scale=3", "precision=float32"))
    assert problem.scaled is not None
    np.testing.assert_array_equal(problem.scaled.first_layer, start.state.first_layer.astype(np.float64))
    np.testing.assert_array_equal(problem.scaled.second_layer, start.state.second_layer.astype(np.float64))


@pytest.mark.parametrize("data", ["{kind: empirical, samples: 6}", "{kind: online, batch_size: 6}"])
def test_the_labels_of_a_scaled_student_hold_its_start(data: str, tmp_path: Path) -> None:
    def sample_with(*overrides: str) -> Any:
        [made] = build(configured(tmp_path, GAUSSIAN, f"data={data}", *overrides))[0].data or ()
        return made.sample() if isinstance(made, Empirical) else made.batch("go", 3)

    plain, scaled = sample_with(), sample_with("student.output_scale=3")
    student = initial_networks(configured(tmp_path, GAUSSIAN))[1]
    start = Network(3 * student.second_layer, student.first_layer)
    np.testing.assert_array_equal(scaled.inputs, plain.inputs)
    np.testing.assert_array_equal(scaled.labels, shifted(activation("relu", 2), plain, start).labels)
    assert not np.array_equal(scaled.labels, plain.labels)


SCALED = """\
name: scaled
teacher: {input_dim: 4, width: 3}
student: {width: 40, output_scale: 1.0e+5}
stages: {go: {train: [first_layer, second_layer], steps: 20, step_size: 0.1}}
"""


def test_a_scale_that_float32_cannot_bear_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, SCALED + "precision: float32\n")
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    (complaint,) = caught.value.complaints
    text = str(complaint)
    assert text.startswith(f"{file}:5:12: precision: float32 is too coarse for student.output_scale 100000")
    assert "use float64, or an output_scale of" in text
    assert load_config(file, ["precision=float64"]).student.output_scale == 1e5
    most = text.removesuffix(" or less").rpartition(" ")[2]
    for factor, refused in ((1.0, False), (1.2, True)):
        override = f"student.output_scale={factor * float(most)}"
        if refused:
            with pytest.raises(ConfigError, match="float32 is too coarse"):
                load_config(file, [override])
        else:
            load_config(file, [override])


def test_every_start_counts(tmp_path: Path) -> None:
    np.savez(tmp_path / "large.npz", first_layer=np.full((40, 4), 10.0), second_layer=np.full(40, 10.0))
    file = write(tmp_path, SCALED + "precision: float32\n")
    load_config(file, ["student.output_scale=100"])
    for start in ("{kind: file, path: large.npz}", "{kind: gaussian, first_layer_std: 30, second_layer_std: 30}"):
        with pytest.raises(ConfigError, match=r"precision: float32 is too coarse for student\.output_scale 100,"):
            load_config(file, ["student.output_scale=100", f"student.init={start}"])
        load_config(file, ["student.output_scale=null", f"student.init={start}"])


# --- how often ----------------------------------------------------------------------------------


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was drawn so far, by name."""
    names: list[str] = []

    def count(name: str) -> None:
        original = getattr(networks, name)

        def counted(*arguments: Any, **keywords: Any) -> Network:
            names.append(name)
            network: Network = original(*arguments, **keywords)
            return network

        monkeypatch.setattr(networks, name, counted)

    for name in ("random_teacher", "symmetric_student"):
        count(name)
    return names


def test_loading_searches_for_the_teacher_and_training_builds_once(drawn: list[str], tmp_path: Path) -> None:
    config = configured(tmp_path)
    assert drawn == ["random_teacher"]
    drawn.clear()
    assert train(config, tmp_path / "runs").status == "done"
    assert drawn == ["random_teacher", "symmetric_student"]


def test_neither_loading_nor_building_draws_a_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Empirical) -> None:
        raise AssertionError("a sample was drawn")

    monkeypatch.setattr(Empirical, "sample", refuse)
    config = configured(tmp_path, GAUSSIAN, "data={kind: empirical, samples: 6}", "student.output_scale=3")
    [data] = build(config)[0].data or ()
    with pytest.raises(AssertionError, match="a sample was drawn"):
        data.sample()  # type: ignore[union-attr]


# --- weights that are drawn again ---------------------------------------------------------------

REDRAW = "stages.go.then=[redraw_second_layer]"


def _ended(place: Path, init: str, *overrides: str) -> tuple[Network, Network]:
    """The start of a run whose first stage draws the second layer again, and its end."""
    config = configured(place, f"student.init={init}", REDRAW, "student.width=8", *overrides)
    (run,) = run_batch([config])
    return initial_networks(config)[1], Network(run.second_layer, run.first_layer)


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_a_second_layer_is_drawn_again_as_the_start_draws_it(precision: str, tmp_path: Path) -> None:
    more = f"precision={precision}"
    start, end = _ended(tmp_path, "{kind: sphere, second_layer: {signs: 0.5}}", more)
    assert set(end.second_layer.tolist()) == {0.5, -0.5}
    assert end.second_layer.tolist() != start.second_layer.tolist()
    start, end = _ended(
        tmp_path, "{kind: gaussian, first_layer_std: 0.5, second_layer: {signs: 1}, balanced: true}", more
    )
    np.testing.assert_allclose(np.abs(end.second_layer), np.linalg.norm(end.first_layer, axis=1), rtol=1e-6)
    assert np.abs(np.linalg.norm(end.first_layer, axis=1) - np.abs(start.second_layer)).max() > 1e-3
    _, end = _ended(tmp_path, "{kind: gaussian, first_layer_std: 0.5, second_layer_std: 1, mirrored: true}", more)
    np.testing.assert_array_equal(end.second_layer[:4], -end.second_layer[4:])
    start, end = _ended(tmp_path, "{kind: symmetric}", more)
    np.testing.assert_array_equal(end.second_layer.astype(np.float32), start.second_layer.astype(np.float32))


def test_every_stage_and_seed_draws_a_second_layer_of_its_own(tmp_path: Path) -> None:
    init = "student.init={kind: gaussian, first_layer_std: 0.5, second_layer_std: 1}"
    again = "stages.two={train: [first_layer], steps: 1, step_size: 0, then: [redraw_second_layer]}"
    drawn = []
    for seed in ("seed=0", "seed=1"):
        redraws = build(configured(tmp_path, init, REDRAW, again, seed))[0].redraws
        assert redraws is not None
        assert redraws.second_layers is not None
        drawn += [
            *redraws.second_layers[0].tolist(),
            initial_networks(configured(tmp_path, init, seed))[1].second_layer,
        ]
    assert len({tuple(layer) for layer in drawn}) == 6


def test_a_start_that_draws_no_second_layer_has_none_to_draw_again(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="near_teacher draws no second layer"):
        configured(tmp_path, REDRAW, "student.init={kind: near_teacher, angle: 5}")
