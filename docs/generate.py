"""The generated parts of the documentation, as Markdown: pages embed them between cog markers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from featlearn.claims.directory import ReproductionDirectory
from featlearn.cli.app import app
from featlearn.config.model import Config
from featlearn.config.schedules import LayerSchedules
from featlearn.config.stages import Beyond
from featlearn.theory.activations import DROP_SETTINGS, activation, activation_names
from featlearn.training.columns import COLUMNS
from featlearn.views.data.events import KINDS
from featlearn.views.report import claims as claims_text
from featlearn.views.words.glossary import GLOSSARY


def commands() -> str:
    """The help of every command, each to be unfolded under what the command is for."""
    parts = []
    for command in typer.main.get_group(app).commands.values():
        assert command.name is not None
        first = (command.help or "").strip().splitlines()[0].rstrip(".")
        summary = f"<summary><code>featlearn {command.name}</code>: {first[:1].lower()}{first[1:]}</summary>"
        parts += ["<details>", summary, "", help_of(command.name), "", "</details>", ""]
    return "\n".join(parts).rstrip()


def help_of(command: str) -> str:
    """What ``featlearn COMMAND --help`` prints."""
    environment = os.environ | {"COLUMNS": "110", "TERM": "dumb", "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "featlearn", command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    lines = [line.rstrip() for line in done.stdout.replace("python -m featlearn", "featlearn").strip().splitlines()]
    return "\n".join(["```text", *lines, "```"])


def config_keys() -> str:
    """The table of configuration keys."""
    rows = [f"| `{path}` | {kind} | {default} | {text} |" for path, kind, default, text in _keys(Config, "")]
    distinct = dict.fromkeys(rows)  # kinds of one mapping may share a key
    return "\n".join(["| key | value | default | meaning |", "|---|---|---|---|", *distinct])


def metrics_columns() -> str:
    """The table of metrics columns."""
    rows = [f"| `{column.name}` | {_escaped(column.meaning)} |" for column in COLUMNS.values()]
    return "\n".join(["| column | meaning |", "|---|---|", *rows])


def events() -> str:
    """The table of kinds of events, the most important first."""
    rows = [f"| `{name}` | {_escaped(kind.about)} |" for name, kind in KINDS.items()]
    return "\n".join(["| kind | what happened at its step |", "|---|---|", *rows])


def activations() -> str:
    """The table of activations."""
    lines = ["| `name` | φ(z) | degrees kept | same neuron | degree of homogeneity |", "|---|---|---|---|---|"]
    same = {"even": "w and −w", "odd": "(a, w) and (−a, −w)", "none": "–"}
    for name in activation_names():
        for drop in reversed(DROP_SETTINGS):
            entry = activation(name, drop)
            if entry.is_zero:
                continue
            kept = "≥ 2 (`drop_hermite_below: 2`)" if drop else "all (`drop_hermite_below: 0`)"
            degree = entry.homogeneous_degree or "–"
            lines.append(f"| `{name}` | {_escaped(entry.formula)} | {kept} | {same[entry.symmetry]} | {degree} |")
    return "\n".join(lines)


def glossary() -> str:
    """The words that the console, the report and the figures use."""
    entries = sorted(GLOSSARY.items(), key=lambda entry: entry[0].lstrip("‖").lower())
    shown = [(term.replace("*", r"\*"), meaning.replace("*", r"\*")) for term, meaning in entries]
    return "\n".join(f"* **{term}**: {meaning}." for term, meaning in shown)


def reproduction(folder: str, sweeps: str) -> str:
    """The claims and what was found.

    Args:
        folder: below docs/, with a ``claims.json`` and the figures.
        sweeps: the folder of the claims' sweep files, as seen from docs/.
    """
    directory = ReproductionDirectory(Path(folder))
    return claims_text.body(directory.read_info(), directory.name, sweeps)


def _keys(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    for name, field in model.model_fields.items():
        path = prefix + name
        inner = [m for m in _models(field.annotation) if m is not model and model is not LayerSchedules]
        mapped = get_origin(field.annotation) is dict
        if name == "kind":
            continue
        yield path, _kind(field.annotation), _default(field), _escaped(field.description or "")
        for member in (model for model in inner if model is not Beyond):  # each threshold has the same keys
            kind = member.model_fields.get("kind")
            label = f"{path}{{{get_args(kind.annotation)[0]}}}." if kind is not None else f"{path}."
            yield from _keys(member, f"{path}.NAME." if mapped else label)


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) is Literal:
        return []
    return [model for inner in get_args(annotation) for model in _models(inner)]


def _kind(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(inner[0])
    if origin is Literal:
        return " · ".join(f"`{value}`" for value in inner)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_kind(member) for member in inner if member is not NoneType))
    if origin is list:
        return f"list of: {_kind(inner[0])}"
    if origin is dict:
        return "mapping by name"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        kind = annotation.model_fields.get("kind")
        return f"`{{kind: {get_args(kind.annotation)[0]}}}`" if kind is not None else "mapping"
    return {str: "text", int: "whole number", float: "number", bool: "true or false"}[annotation]


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required"
    value = field.default
    if value is None:
        return "–"
    if isinstance(value, BaseModel):
        plain = value.model_dump(exclude_none=True)
        return f"`{{{', '.join(f'{k}: {v}' for k, v in plain.items())}}}`".replace("'", "").replace("True", "true")
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
