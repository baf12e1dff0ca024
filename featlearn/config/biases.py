"""The rules of students with biases, between the sections of a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from featlearn.config.schedules import LayerSchedules
from featlearn.config.section import Violations
from featlearn.theory.activations.biased import with_biases
from featlearn.training.operations import REDRAW_BIASES

if TYPE_CHECKING:
    from featlearn.config.model import Config


def violations_of_biases(config: Config) -> Violations:
    """What is wrong with the keys of a configuration that are about biases."""
    yield from _of_stages(config)
    if config.teacher is not None and config.teacher.biases is not None and not config.student.has_biases:
        yield ("teacher", "biases"), "are for students with biases: give student.biases, or leave them out"
    if config.student.has_biases:
        yield from _of_activation(config)
        yield from _of_the_rest(config)


def why_no_gap() -> str:
    """Why the gap to the optimum is not known."""
    return "the gap is known for networks without biases; use loss or grad_norm"


def is_compiled(config: Config) -> bool:
    """Whether the fused backend has what a student with biases needs."""
    try:
        return config.entry().compiled is not None
    except ValueError:  # a kernel that is not known is a complaint of its own
        return True


def _of_stages(config: Config) -> Violations:
    for name, stage in config.stages.items():
        if REDRAW_BIASES in stage.then and config.student.biases is None:
            text = f"{REDRAW_BIASES} draws as student.biases says: give student.biases"
            yield ("stages", name, "then"), text
        if config.student.has_biases:
            continue
        if "biases" in stage.train:
            yield ("stages", name, "train"), "the student has no biases: give student.biases, or leave them out"
        for key in ("step_size", "weight_decay"):
            value = getattr(stage, key)
            if isinstance(value, LayerSchedules) and value.biases is not None:
                yield ("stages", name, key, "biases"), "the student has no biases: leave it out"


def _of_activation(config: Config) -> Violations:
    try:
        with_biases(config.activation.entry())
    except ValueError as error:
        yield ("activation", "name"), str(error)


def _of_the_rest(config: Config) -> Violations:
    if config.backend == "fused" and not is_compiled(config):
        known = "relu, leaky_relu and abs at drop_hermite_below 0 and 2, erf at 0, and polynomials"
        yield ("backend",), f"fused computes with biases for {known}; use torch (or auto)"
    if config.log.floors:
        yield ("log", "floors"), "floors are known for students without biases; leave them out"
