"""From a configuration to what the training room takes: networks, plan and initial state."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import assert_never

import numpy as np

from featlearn.experiments.config import (
    Config,
    ExplicitInit,
    FileInit,
    GaussianInit,
    NearTeacherInit,
    RandomWeights,
    SymmetricInit,
)
from featlearn.experiments.config_data import EmpiricalData, OnlineData
from featlearn.experiments.data_file import read_data
from featlearn.experiments.files import InvalidFile, check_digest
from featlearn.experiments.npz import read_npz
from featlearn.theory.activations import activation
from featlearn.training import networks
from featlearn.training.data import Data, Empirical, Online, drawn_sample, sample_of, shifted
from featlearn.training.events import Start
from featlearn.training.networks import Network, generator
from featlearn.training.plan import Plan
from featlearn.training.problem import Probe, Problem, Scaled, State


class InvalidWeights(InvalidFile):
    """A weight file that cannot be used; the message says why."""

    key = ("student", "init", "path")


def initial_networks(config: Config) -> tuple[Network, Network]:
    """The teacher and the initial student of a configuration, float64.

    Raises:
        networks.InfeasibleTeacher: when no teacher with the requested separation was found.
        InvalidWeights: when a weight file is missing, broken, changed or of the wrong shape.
    """
    teacher = _teacher(config)
    return teacher, _student(config, teacher)


def build(config: Config) -> tuple[Problem, Plan, Start]:
    """The problem, plan and start of one run (B = 1).

    Raises:
        networks.InfeasibleTeacher, InvalidWeights: as ``initial_networks``.
        data_file.InvalidData: when a data file is missing, broken, changed or of the wrong shape.
    """
    teacher, student = initial_networks(config)
    dtype = np.dtype(config.precision)
    state = State(student.second_layer[None].astype(dtype), student.first_layer[None].astype(dtype))
    second, first = state.second_layer.astype(np.float64), state.first_layer.astype(np.float64)
    entry = activation(config.activation.name, config.activation.drop_hermite_below)
    scaled = _scaled(config, second, first)
    data = _data(config, teacher, scaled)
    problem = Problem(
        entry,
        teacher.second_layer[None],
        teacher.first_layer[None],
        first,
        None if data is None else (data,),
        scaled,
        Probe.of(entry, second, first, config.seed),
        second,
    )
    stages = [stage.stage(name) for name, stage in config.stages.items()]
    return problem, Plan.of(stages, config.log.points, config.log.snapshots, gap=config.log.gap), Start(state)


def _teacher(config: Config) -> Network:
    teacher = config.teacher
    if teacher.directions is not None:
        return networks.explicit_teacher(np.array(teacher.directions), np.array(teacher.output_weights))
    width, input_dim = teacher.shape()
    weights = teacher.output_weights
    assert isinstance(weights, RandomWeights)
    return networks.random_teacher(
        generator(config.seed, "teacher"),
        input_dim=input_dim,
        width=width,
        rank=teacher.rank or min(width, input_dim),
        min_angle=teacher.min_angle or 0.0,
        magnitude=(weights.magnitude[0], weights.magnitude[1]),
        sign=weights.sign,
    )


def _student(config: Config, teacher: Network) -> Network:
    init, rng = config.student.init, generator(config.seed, "student")
    input_dim = teacher.first_layer.shape[1]
    if isinstance(init, ExplicitInit):
        return Network(np.array(init.second_layer, dtype=float), np.array(init.first_layer, dtype=float))
    if isinstance(init, FileInit):
        return _student_from_file(init, config.student.width, input_dim)
    width = config.student.width
    assert width is not None
    if isinstance(init, SymmetricInit):
        return networks.symmetric_student(rng, width=width, input_dim=input_dim)
    if isinstance(init, GaussianInit):
        return networks.gaussian_student(
            rng,
            width=width,
            input_dim=input_dim,
            first_layer_std=init.first_layer_std,
            second_layer_std=init.second_layer_std,
        )
    if isinstance(init, NearTeacherInit):
        degree = activation(config.activation.name, config.activation.drop_hermite_below).homogeneous_degree
        return networks.near_teacher_student(rng, teacher, width=width, angle=init.angle, homogeneous=degree == 1)
    assert_never(init)


def _scaled(config: Config, second: np.ndarray, first: np.ndarray) -> Scaled | None:
    """How the student's function is scaled, from its initial weights (1, m), (1, m, d)."""
    if config.student.output_scale is None:
        return None
    if starts_at_zero(config):
        second, first = second[:, :0], first[:, :0]
    return Scaled(np.array([config.student.output_scale]), second, first)


def starts_at_zero(config: Config) -> bool:
    """Whether the student is the zero function at the start, whatever its seed."""
    init = config.student.init
    return isinstance(init, SymmetricInit) or (isinstance(init, GaussianInit) and init.second_layer_std == 0)


def _data(config: Config, teacher: Network, scaled: Scaled | None) -> Data | None:
    """What is trained on; None for population data. Samples are not drawn yet, files are read."""
    added = None
    if scaled is not None and scaled.second_layer.size:
        added = Network(scaled.scale[0] * scaled.second_layer[0], scaled.first_layer[0])
    made = _unscaled_data(config, teacher)
    if added is None or made is None:
        return made
    if isinstance(made, Online):
        return replace(made, added=added)
    entry = activation(config.activation.name, config.activation.drop_hermite_below)
    return Empirical(lambda: shifted(entry, made.sample(), added))


def _unscaled_data(config: Config, teacher: Network) -> Data | None:
    entry, choice = activation(config.activation.name, config.activation.drop_hermite_below), config.data
    if isinstance(choice, EmpiricalData):
        if choice.path is not None:
            inputs, labels = read_data(Path(choice.path), choice.sha256, teacher.first_layer.shape[1])
            return Empirical(lambda: sample_of(entry, inputs, labels))
        samples, noise_std = choice.samples or 0, choice.noise_std or 0.0
        return Empirical(lambda: drawn_sample(entry, teacher, seed=config.seed, samples=samples, noise_std=noise_std))
    if isinstance(choice, OnlineData):
        return Online(entry, teacher, config.seed, choice.batch_size, choice.noise_std)
    return None


def _student_from_file(init: FileInit, width: int | None, input_dim: int) -> Network:
    path = Path(init.path)
    try:
        check_digest(path, init.sha256)
        arrays = read_npz(path)
        first, second = arrays["first_layer"], arrays["second_layer"]
    except InvalidFile as error:
        raise InvalidWeights(str(error)) from None
    except KeyError as error:
        raise InvalidWeights(f"{path} has no array {error}") from None
    except (OSError, ValueError) as error:
        raise InvalidWeights(f"{path} is not an .npz file with plain arrays: {error}") from None
    if first.ndim != 2 or second.shape != first.shape[:1] or first.shape[0] < 1:
        shapes = f"first_layer {first.shape}, second_layer {second.shape}"
        raise InvalidWeights(f"{path}: expected shapes (m, d) and (m), got {shapes}")
    if first.shape[1] != input_dim:
        raise InvalidWeights(f"{path}: rows have {first.shape[1]} entries, the teacher's inputs {input_dim}")
    if width is not None and width != len(first):
        raise InvalidWeights(f"{path}: has {len(first)} rows, but student.width is {width}")
    if first.dtype.kind in "fiu" and second.dtype.kind in "fiu":
        with np.errstate(over="ignore"):
            student = Network(second.astype(np.float64), first.astype(np.float64))
        if np.isfinite(student.first_layer).all() and np.isfinite(student.second_layer).all():
            return student
    raise InvalidWeights(f"{path}: the weights must be finite real numbers")
