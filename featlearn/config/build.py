"""From a configuration to what the training room takes: networks, plan and initial state."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias, assert_never

import numpy as np

from featlearn.config.data import EmpiricalData, OnlineData
from featlearn.config.data_columns import InvalidData
from featlearn.config.data_file import read_data
from featlearn.config.inputs import PowerLawCovariance
from featlearn.config.model import Config
from featlearn.config.student import ExplicitInit, FileInit, GaussianInit, NearTeacherInit, SphereInit, SymmetricInit
from featlearn.config.teacher import Teacher
from featlearn.config.weight_file import read_student
from featlearn.theory.biases import with_ones, without_biases
from featlearn.theory.targets import loss as against
from featlearn.theory.targets.function import Function, Polynomial
from featlearn.training import networks
from featlearn.training.batches import Batches
from featlearn.training.covariance import Root
from featlearn.training.data import Data, Empirical, Online, Sample, drawn_sample, held_out, sample_of
from featlearn.training.events import Start
from featlearn.training.networks import Network, generator
from featlearn.training.operations import REDRAW, REDRAW_BIASES
from featlearn.training.plan import Plan
from featlearn.training.problem import Probe, Problem, Redraws, Scaled
from featlearn.training.state import State

LARGEST_SHIFT = 0.01  # rounding to float32 may move the function of a scaled student by this share of ‖f*‖


class ScaleTooLarge(Exception):
    """An output scale too large for weights in float32; the message says what to do."""

    key = ("precision",)


def require_buildable(config: Config) -> None:
    """Do what ``build`` may fail at: search for the teacher, and read the files that the configuration names.

    Raises:
        networks.InfeasibleTeacher, InvalidWeights, data_file.InvalidData, ScaleTooLarge: as ``build``.
    """
    if config.student.output_scale is not None and config.precision == "float32":
        build(config)  # whether the scale is too large depends on the networks
        return
    teacher = _teacher(config)
    if isinstance(config.student.init, FileInit | ExplicitInit):
        _student(config, teacher)
    if isinstance(config.data, EmpiricalData) and config.data.path is not None:
        _data(config, _beside_student(config, teacher), None, None)


def initial_networks(config: Config) -> tuple[Network, Network]:
    """The teacher and the initial student of a configuration, float64; where the student has biases, both do.

    Raises:
        networks.InfeasibleTeacher: when no teacher with the requested separation was found.
        InvalidWeights: when a weight file is missing, broken, changed or of the wrong shape.
    """
    teacher = _teacher(config)
    return _beside_student(config, teacher), _student(config, teacher)


def _beside_student(config: Config, teacher: Network) -> Network:
    """The teacher with rows like those of the student: with biases, 0 if not given, where that one has any."""
    if not config.student.has_biases:
        return teacher
    given = None if config.teacher is None else config.teacher.biases
    biases = np.zeros(len(teacher.first_layer)) if given is None else np.array(given, dtype=float)
    return networks.with_bias_column(teacher, biases)


def build(config: Config) -> tuple[Problem, Plan, Start]:
    """The problem, plan and start of one run (B = 1).

    Raises:
        networks.InfeasibleTeacher, InvalidWeights: as ``initial_networks``.
        data_file.InvalidData: when a data file is missing, broken, changed or of the wrong shape.
        ScaleTooLarge: when float32 is too coarse for the student's output scale.
    """
    teacher, student = initial_networks(config)
    dtype = np.dtype(config.precision)
    state = State(student.second_layer[None].astype(dtype), student.first_layer[None].astype(dtype))
    second, first = state.second_layer.astype(np.float64), state.first_layer.astype(np.float64)
    entry = config.entry()
    scaled = _scaled(config, second, first)
    root = _root(config, without_biases(entry, teacher.first_layer))
    root = root.with_biases() if root is not None and config.student.has_biases else root
    data = _data(config, teacher, scaled, root)
    problem = Problem(
        activation=entry,
        teacher_second_layer=teacher.second_layer[None],
        teacher_first_layer=teacher.first_layer[None],
        initial_second_layer=second,
        initial_first_layer=first,
        data=None if data is None else (data,),
        scaled=scaled,
        redraws=_redraws(config, first),
        probe=Probe.of(entry, second, first, config.seed) if root is None else None,
        function=_function(config),
        root=root,
    )
    if config.student.output_scale is not None and config.precision == "float32" and problem.has_teacher:
        _check_scale(problem, state, config.student.output_scale)
    stages = [stage.stage(name) for name, stage in config.stages.items()]
    return problem, Plan.of(stages, config.log.points, config.log.snapshots, gap=config.log.gap), Start(state)


def _teacher(config: Config) -> Network:
    """The teacher; without one a network of no neurons, whose rows would have as many entries as the data."""
    teacher = config.teacher
    if teacher is None:
        dim = config.shape()[1]
        return Network(np.zeros(0), np.zeros((0, _own_data(config, None)[0][0].shape[1] if dim is None else dim)))
    if teacher.polynomial is not None:
        return Network(np.zeros(0), _directions(config, teacher))
    (width, input_dim), weights, rng = teacher.shape(), teacher.output_weights, generator(config.seed, "teacher")
    assert weights is not None
    draw: dict[str, Any] = {} if isinstance(weights, list) else weights.model_dump()
    if teacher.is_random:
        assert teacher.rank is not None
        return networks.random_teacher(
            rng,
            input_dim=input_dim,
            width=width,
            rank=teacher.rank,
            min_angle=teacher.min_angle or 0.0,
            min_conditioning=teacher.min_conditioning or 0.0,
            **draw,
        )
    output = np.array(weights) if isinstance(weights, list) else networks.output_weights(rng, width, **draw)
    if teacher.directions == "orthonormal":
        return Network(output, networks.orthonormal_rows(rng, width, input_dim))
    rows = np.eye(width, input_dim) if teacher.rows is None else np.array(teacher.rows)
    return networks.explicit_teacher(rows, output)


def _directions(config: Config, teacher: Teacher) -> np.ndarray:
    """The directions (r, d) of a polynomial."""
    if teacher.rows is not None:
        return networks.explicit_teacher(np.array(teacher.rows), np.zeros(0)).first_layer
    (_, input_dim), rank = teacher.shape(), teacher.dimension_of_span()
    if teacher.directions == "axes":
        return np.eye(rank, input_dim)
    return networks.orthonormal_rows(generator(config.seed, "teacher"), rank, input_dim)


def _root(config: Config, directions: np.ndarray) -> Root | None:
    """R = Σ^{1/2} of the inputs, of a teacher with the directions (m*, d); None for N(0, I)."""
    if config.inputs is None or config.inputs.covariance == "identity":
        return None
    given, dim = config.inputs.covariance, directions.shape[1]
    if isinstance(given, list):
        return Root.of_diagonal(np.array([given], dtype=np.float64))
    if isinstance(given, PowerLawCovariance):
        return Root.of_diagonal(np.arange(1.0, dim + 1)[None] ** -given.power_law)
    assert not isinstance(given, str)
    direction = directions[:1]
    if given.spike.along == "random":
        direction = networks.orthonormal_rows(generator(config.seed, "covariance"), 1, dim)
    return Root.of_spike(np.array([given.spike.strength]), direction)


def _function(config: Config) -> Function | None:
    """What the target makes of the teacher's rows; None for neurons of the student's activation."""
    if config.teacher is None:
        return None
    if config.teacher.polynomial is not None:
        return Polynomial(config.teacher.terms())
    return config.teacher_activation()


def _student(config: Config, teacher: Network) -> Network:
    student = _without_new_biases(config, teacher)
    if config.student.biases is None:
        return student
    biases = config.student.draw_biases(generator(config.seed, "biases"), len(student.first_layer))
    return networks.with_bias_column(student, biases, balanced=bool(getattr(config.student.init, "balanced", None)))


def _without_new_biases(config: Config, teacher: Network) -> Network:
    """The student, with biases where its init says them."""
    init, rng = config.student.init, generator(config.seed, "student")
    input_dim = teacher.first_layer.shape[1]
    if isinstance(init, ExplicitInit):
        if len(init.first_layer[0]) != input_dim:
            raise InvalidData(
                f"has {input_dim} inputs, the rows of student.init.first_layer {len(init.first_layer[0])}"
            )
        given = Network(np.array(init.second_layer, dtype=float), np.array(init.first_layer, dtype=float))
        return given if init.biases is None else networks.with_bias_column(given, np.array(init.biases, dtype=float))
    if isinstance(init, FileInit):
        return read_student(init, config.student.width, input_dim, new_biases=config.student.biases is not None)
    width = config.student.width
    assert width is not None
    if isinstance(init, SymmetricInit):
        return networks.symmetric_student(rng, width=width, input_dim=input_dim)
    if isinstance(init, GaussianInit):
        return networks.gaussian_student(
            rng, width=width, input_dim=input_dim, first_layer_std=init.first_layer_std, second=init.draw()
        )
    if isinstance(init, SphereInit):
        return networks.sphere_student(rng, width=width, input_dim=input_dim, norm=init.norm, second=init.draw())
    if isinstance(init, NearTeacherInit):
        degree = config.entry().homogeneous_degree
        return networks.near_teacher_student(rng, teacher, width=width, angle=init.angle, homogeneous=degree == 1)
    assert_never(init)


def _redraws(config: Config, first: np.ndarray) -> Redraws | None:
    """The layers that each stage could end with, of a student with initial rows (1, m, d)."""
    named = {operation for stage in config.stages.values() for operation in stage.then}
    rule, second, biases = config.student.redraw(), None, None
    if rule is not None and REDRAW in named:
        loose = replace(rule, balanced=False)  # balanced with the rows that there are by then
        drawn = [loose.drawn(generator(config.seed, f"second layer after {name}"), first[0]) for name in config.stages]
        second = np.stack(drawn)[None]
    if REDRAW_BIASES in named:
        rngs = [generator(config.seed, f"biases after {name}") for name in config.stages]
        biases = np.stack([config.student.draw_biases(rng, first.shape[1]) for rng in rngs])[None]
    if second is None and biases is None:
        return None
    return Redraws(second, np.array([rule is not None and rule.balanced]), biases)


def _scaled(config: Config, second: np.ndarray, first: np.ndarray) -> Scaled | None:
    """How the student's function is scaled, from its initial weights (1, m), (1, m, d)."""
    scale, factor = config.student.output_scale, config.student.factor(second.shape[1])
    if scale is None and factor is None:
        return None
    if scale is None or config.student.starts_at_zero:
        second, first = second[:, :0], first[:, :0]
    scales = np.array([scale or 1.0])
    return Scaled(scales, second, first) if factor is None else Scaled(factor * scales, second, first, scales)


def _check_scale(problem: Problem, start: State, scale: float) -> None:
    """Raise ScaleTooLarge when rounding the weights can move the function by more than ``LARGEST_SHIFT`` ‖f*‖.

    The loss of a scaled student starts at ‖f*‖², so its floor, which grows as α², lies four decades below or more.
    """
    weights = problem.in_loss(start.second_layer.astype(np.float64), start.first_layer.astype(np.float64))
    floor = problem.floor(against.loss_floor(problem.activation, *weights, precision=start.first_layer.dtype))
    shift = float(np.sqrt(floor / problem.target().squared_norm())[0])
    if shift > LARGEST_SHIFT:
        most = float(f"{0.95 * scale * LARGEST_SHIFT / shift:.2g}")  # two digits, never rounded up to what is refused
        raise ScaleTooLarge(
            f"float32 is too coarse for student.output_scale {scale:g}, which multiplies the rounding of the weights: "
            f"the function could be wrong by {shift:.3g} times the norm of the target, and {LARGEST_SHIFT:g} is "
            f"allowed; use float64, or an output_scale of {most:g} or less"
        )


def _data(config: Config, teacher: Network, scaled: Scaled | None, root: Root | None) -> Data | None:
    """What is trained on, in standard inputs; None for population data. Samples are not drawn yet, files are read."""

    def image(network: Network) -> Network:
        return network if root is None else replace(network, first_layer=root.applied(network.first_layer[None])[0])

    added, teacher = None, image(teacher)
    if scaled is not None and scaled.second_layer.size:
        added = image(Network(scaled.scale[0] * scaled.second_layer[0], scaled.first_layer[0]))
    made = _unscaled_data(config, teacher)
    if added is None or made is None:
        return made
    if isinstance(made, Online):
        return replace(made, added=added)
    return made.shifted(config.entry(), added)


def _unscaled_data(config: Config, teacher: Network) -> Data | None:
    entry, choice = config.entry(), config.data
    if isinstance(choice, EmpiricalData):
        if choice.path is not None:
            dim = None if config.teacher is None else without_biases(entry, teacher.first_layer).shape[1]
            train, test = _own_data(config, dim)
            train = with_ones(entry, train[0]), train[1]
            test = None if test is None else (with_ones(entry, test[0]), test[1])
            held = None if test is None else lambda: held_out(entry, *train, *test)
            return Empirical(lambda: sample_of(entry, *train), held, batches=_batches(config.seed, choice))
        samples, noise_std = choice.samples or 0, choice.noise_std or 0.0
        drawn: dict[str, Any] = {"seed": config.seed, "samples": samples, "noise_std": noise_std}

        def draw(stage: str | None = None) -> Sample:
            return drawn_sample(entry, teacher, **drawn, function=_function(config), stage=stage)

        return Empirical(draw, batches=_batches(config.seed, choice), fresh=draw)
    if isinstance(choice, OnlineData):
        drawn = {"seed": config.seed, "batch_size": choice.batch_size, "noise_std": choice.noise_std}
        return Online(entry, teacher, **drawn, function=_function(config), reuse=choice.reuse or 1)
    return None


def _batches(seed: int, choice: EmpiricalData) -> Batches | None:
    if choice.batch_size is None:
        return None
    return Batches(seed, choice.batch_size, with_replacement=choice.with_replacement or False)


Pair: TypeAlias = "tuple[np.ndarray, np.ndarray]"  # inputs (n, d) and labels (n,)


def _own_data(config: Config, input_dim: int | None) -> tuple[Pair, Pair | None]:
    """What is trained on of data of one's own, and what is held out."""
    train, test = _train_and_test(config, input_dim)
    size = config.data.batch_size if isinstance(config.data, EmpiricalData) else None
    if size is not None and size > len(train[1]):
        raise InvalidData(f"{size} is more than the {len(train[1])} samples that are trained on", key="batch_size")
    return train, test


def _train_and_test(config: Config, input_dim: int | None) -> tuple[Pair, Pair | None]:
    choice = config.data
    assert isinstance(choice, EmpiricalData)
    assert choice.path is not None
    inputs, labels = read_data(Path(choice.path), choice.sha256, choice.wanted(input_dim))
    if choice.test_path is not None:
        try:
            wanted = choice.wanted(inputs.shape[1])
            return (inputs, labels), read_data(Path(choice.test_path), choice.test_sha256, wanted)
        except InvalidData as error:
            raise InvalidData(str(error), key="test_path") from None
    if choice.test_fraction is None:
        return (inputs, labels), None
    order = generator(config.seed, "held out").permutation(len(labels))
    held = round(choice.test_fraction * len(labels))
    if not 0 < held < len(labels):
        text = f"of {len(labels)} samples this holds out {held}, and some must be left on both sides"
        raise InvalidData(text, key="test_fraction")
    test, train = np.sort(order[:held]), np.sort(order[held:])
    return (inputs[train], labels[train]), (inputs[test], labels[test])
