"""What the models of a document allow at a path in it: sections, keys and types."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from featlearn.config.yaml_source import Key

Root = type[BaseModel]  # the model of a whole document


def models_at(path: Key, root: Root) -> list[type[BaseModel]]:
    """The models that a mapping at a path can be."""
    return [t for t in types_at(path, root) if isinstance(t, type) and issubclass(t, BaseModel)]


def takes_whole_numbers(path: Key, root: Root) -> bool:
    """Whether the number at a path must be a whole one."""
    types = types_at(path, root)
    return int in types and float not in types


def types_at(path: Key, root: Root) -> list[Any]:
    """The types that a value at a path can have."""
    types: list[Any] = [root]
    for part in path:
        types = [inner for outer in types for inner in _inside(outer, part)]
    return types


def _inside(outer: Any, part: str | int) -> list[Any]:
    if isinstance(outer, type) and issubclass(outer, BaseModel):
        field = outer.model_fields.get(str(part))
        return _members(field.annotation) if field is not None else []
    if get_origin(outer) in (dict, list):
        return _members(get_args(outer)[-1])
    return []


def _members(annotation: Any) -> list[Any]:
    """The types that an annotation allows, unions and ``Annotated`` undone."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _members(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [inner for member in get_args(annotation) for inner in _members(member)]
    return [] if annotation is NoneType or origin is Literal else [annotation]
