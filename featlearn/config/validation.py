"""From a document to a configuration whose teacher exists and whose files are pinned, or to all complaints about it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from featlearn.config.complaints import complaint_at, complaints_about, hidden_complaints
from featlearn.config.data import EmpiricalData
from featlearn.config.data_columns import InvalidData
from featlearn.config.data_file import read_data
from featlearn.config.missing_spaces import with_missing_spaces
from featlearn.config.model import Config
from featlearn.config.student import FileInit
from featlearn.config.weight_file import InvalidWeights
from featlearn.config.yaml_source import Complaint, ConfigError, Document, Mark
from featlearn.storage.digests import InvalidFile, pinned_file
from featlearn.storage.errors import Caution
from featlearn.theory.targets.polynomial import degrees_beyond
from featlearn.training.methods import decay_and_limit


def validated(document: Document, directory: Path) -> Config:
    """The resolved configuration in a document; relative paths start at a directory.

    Raises:
        ConfigError: with every complaint about it.
    """
    if document.data is None and not document.complaints:
        mark = document.mark_of(())
        raise ConfigError(
            [Complaint(mark, "(top level)", "is empty; expected a mapping with teacher, student, stages")]
        )
    if isinstance(document.data, dict) and "base" in document.data and "stages" not in document.data:
        text = "is a key of a sweep file, as `featlearn sweep` takes it; a configuration has teacher, student, stages"
        raise ConfigError([*document.complaints, complaint_at(document, ("base",), text, at_key=True)])
    complaints = list(document.complaints)
    try:
        config = Config.model_validate(document.data)
    except ValidationError as error:
        spoiled = {c.key for c in complaints}
        found = complaints_about(document, error.errors(), Config) + hidden_complaints(document, error, Config)
        found = [c for c in found if c.key not in spoiled]
        raise ConfigError(with_missing_spaces(document, complaints + found)) from None
    if complaints:
        raise ConfigError(complaints)
    return _checked(document, config, directory)


def _checked(document: Document, config: Config, directory: Path) -> Config:
    """The configuration with its files pinned down, once its teacher is known to exist and its files to be readable."""
    from featlearn.config.build import ScaleTooLarge, require_buildable
    from featlearn.training.networks import InfeasibleTeacher

    try:
        config = with_pinned_files(config, directory)
        require_buildable(config)
    except InfeasibleTeacher as error:
        raise ConfigError([complaint_at(document, ("teacher", error.key), str(error))]) from None
    except (InvalidFile, ScaleTooLarge) as error:
        raise ConfigError([complaint_at(document, error.key, str(error))]) from None
    if (scale := config.student.output_scale or 1.0) < 1:
        text = f"student.output_scale {scale:g} is the α of lazy training, whose steps are divided by α² = {scale**2:g}"
        where = "no factor 1/m in front of the network: for that write student.scaling: mean_field"
        mark = document.mark_of(("student", "output_scale"))
        warnings.warn(f"{mark}: {text}; it is {where}", Caution, stacklevel=3)
        if growing := _stages_that_decay_too_fast(config, scale):
            told = f"weight decay times step size over α² is {' and '.join(growing)}"
            text = "from there on weight decay alone makes the weights grow; take smaller steps"
            warnings.warn(f"{mark}: {told}: {text}", Caution, stacklevel=3)
    _warn_of_degrees(document.mark_of(("teacher", "polynomial")), config)
    return config


def _stages_that_decay_too_fast(config: Config, alpha: float) -> list[str]:
    """The stages in which weight decay alone makes the weights of a student with an α grow, and by what."""
    stages = {name: stage.stage(name) for name, stage in config.stages.items()}
    products = {name: decay_and_limit(stage, 0, alpha) for name, stage in stages.items()}
    return [f"{p:.3g} in {name}, above {limit:g}" for name, (p, limit) in products.items() if p > limit]


def _warn_of_degrees(mark: Mark, config: Config) -> None:
    """Warn of the parts of a polynomial target that no student of the activation reaches."""
    if config.teacher is None or config.teacher.polynomial is None:
        return
    beyond = degrees_beyond(config.entry(), config.teacher.terms())
    if beyond:
        which = f"{config.activation.entry().label} with drop_hermite_below {config.activation.drop_hermite_below}"
        told = f"has parts of degree {', '.join(map(str, beyond))}, which neurons of {which} do not have"
        warnings.warn(f"{mark}: teacher.polynomial {told}: these stay in the loss", Caution, stacklevel=4)


def with_pinned_files(config: Config, directory: Path, known: dict[str, dict[str, str]] | None = None) -> Config:
    """The configuration with absolute paths and digests of its weight and data files, and the dimension of the data.

    Args:
        directory: where relative paths start.
        known: the keys of files that were pinned before, by path, or their digests alone; new ones are added.
    Raises:
        InvalidWeights, InvalidData: when a file cannot be read.
    """
    known = {} if known is None else known

    def pinned(path: str, sha256: str | None, error_of: Callable[[str], InvalidFile]) -> dict[str, str]:
        before = known.get(path, {})
        if "path" not in before:
            try:
                known[path] = pinned_file(path, sha256 or before.get("sha256"), directory)
            except InvalidFile as error:
                raise error_of(str(error)) from None
        return known[path]

    init, data = config.student.init, config.data
    if isinstance(init, FileInit):
        init = init.model_copy(update=pinned(init.path, init.sha256, InvalidWeights))
        config = config.model_copy(update={"student": config.student.model_copy(update={"init": init})})
    if isinstance(data, EmpiricalData) and data.path is not None:
        found: dict[str, Any] = dict(pinned(data.path, data.sha256, InvalidData))
        if data.test_path is not None:
            test = pinned(data.test_path, data.test_sha256, partial(InvalidData, key="test_path"))
            found |= {f"test_{key}": value for key, value in test.items()}
        if config.teacher is None:
            inputs, _ = read_data(Path(found["path"]), found["sha256"], data.wanted(data.input_dim))
            found["input_dim"] = inputs.shape[1]
        config = config.model_copy(update={"data": data.model_copy(update=found)})
    return config
