"""What the models of a document allow at a path in it: sections, keys and types."""

from __future__ import annotations

from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Tag

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


def places_of(key: str, root: Root) -> list[Key]:
    """The paths at which a document can have a key, with * for names that the user chooses."""
    places: list[Key] = []

    def walk(annotation: Any, path: Key) -> None:
        for inner in _members(annotation):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                for name, field in inner.model_fields.items():
                    if name == key and (*path, name) not in places:
                        places.append((*path, name))
                    walk(field.annotation, (*path, name))
            elif get_origin(inner) is dict:
                walk(get_args(inner)[-1], (*path, "*"))

    walk(root, ())
    return places


def described(path: Key, root: Root) -> str:
    """The description of the key at a path, for whoever left it out."""
    for model in models_at(path[:-1], root):
        field = model.model_fields.get(str(path[-1]))
        if field is not None and field.description:
            return f" ({field.description})"
    return ""


def keys_at(path: Key, kind: str | int | None, root: Root) -> list[str]:
    """The keys of the mapping at a path; of the union member ``kind`` alone where there is one."""
    models = models_at(path, root)
    named = [m for m in models if "kind" in m.model_fields and kind in get_args(m.model_fields["kind"].annotation)]
    return list(dict.fromkeys(key for model in named or models for key in model.model_fields))


@cache
def tags_of(root: Root) -> set[str]:
    """All names of union members, which errors tell beside the keys of a document."""
    return _union_tags(root)


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


def _union_tags(annotation: Any, seen: frozenset[Any] = frozenset()) -> set[str]:
    """All names that a union member of the models can have in an error's location."""
    tags: set[str] = set()
    if get_origin(annotation) is Annotated:
        tags |= {extra.tag for extra in get_args(annotation)[1:] if isinstance(extra, Tag)}
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in seen:
        for name, field in annotation.model_fields.items():
            if name == "kind":
                tags |= set(get_args(field.annotation))
            tags |= _union_tags(field.annotation, seen | {annotation})
    for inner in get_args(annotation):
        if get_origin(annotation) is not Literal:
            tags |= _union_tags(inner, seen)
    return tags
