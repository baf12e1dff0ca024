"""From what pydantic finds wrong with a document to complaints: each with its place, in words that help.

``root`` is the model of the whole document; what it allows at a place is told from its fields.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import get_close_matches
from functools import reduce
from operator import getitem
from typing import Any, Protocol, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from featlearn.config.fields import Root, described, keys_at, models_at, places_of, tags_of
from featlearn.config.hints import EXAMPLES, FORMS, OF_KEYS, OF_VALUES, Hint
from featlearn.config.missing_spaces import with_missing_spaces
from featlearn.config.section import TOO_LARGE
from featlearn.config.yaml_source import Complaint, ConfigError, Document, Key, Mark, dotted


class Placed(Protocol):
    """Plain data, and where each part of it stands: a ``Document``, say."""

    @property
    def data(self) -> Any: ...

    def mark_of(self, path: Key, *, key: bool = False) -> Mark:
        """See ``Document.mark_of``."""
        ...


def complaint_at(document: Placed, path: Key, message: str, *, at_key: bool = False) -> Complaint:
    return Complaint(document.mark_of(path, key=at_key), dotted(path), message)


S = TypeVar("S", bound=BaseModel)


def validated(document: Document, root: type[S]) -> S:
    """A document as its model. Raises ConfigError with all that is wrong with it where it is not valid.

    What is wrong with the YAML of a valid one is left to the caller.
    """
    try:
        return root.model_validate(document.data)
    except ValidationError as error:
        found = complaints_about(document, error.errors(), root)
        wrong = [c.key for c in found]
        hidden = hidden_complaints(document, error, root)  # but for those that a wrong key within them made
        found += [c for c in hidden if not any(key.startswith(c.key) for key in wrong)]
        spoiled = {c.key for c in document.complaints}
        found = document.complaints + [c for c in found if c.key not in spoiled]
        raise ConfigError(with_missing_spaces(document, found)) from None


def hidden_complaints(document: Placed, error: ValidationError, root: Root) -> list[Complaint]:
    """What else is wrong: in the entries of lists that should be mappings, and the rules between keys.

    Those only run once the keys that are wrong in themselves are gone.
    """
    wrong = {path_of(document, details["loc"], root) for details in error.errors()}
    if () in wrong:
        return []
    lists = [path_of(document, d["loc"], root) for d in error.errors() if d["type"] == "dict_type"]
    return [c for path in lists for c in _in_entries(document, path, root)] + _broken_rules(
        document, error, wrong, root
    )


def _in_entries(document: Placed, path: Key, root: Root) -> list[Complaint]:
    """What is wrong in the entries of a list that should be a mapping, as it would be if each had a name."""
    entries: Any = document.data
    for part in path:
        entries = entries[part]
    if not isinstance(entries, list) or not path or isinstance(path[-1], int):
        return []
    data, names = _with_own_mappings(document.data), {f"entry_{i}": i for i in range(len(entries))}
    parent = data
    for part in path[:-1]:
        parent = parent[part]
    parent[path[-1]] = {name: entries[i] for name, i in names.items() if isinstance(entries[i], dict)}
    try:
        root.model_validate(data)
    except ValidationError as error:
        inside = [d for d in error.errors() if d["loc"][: len(path)] == path and d["loc"][len(path) :][:1]]
        found = []
        for details in inside:
            location = (*path, names.get(str(details["loc"][len(path)]), 0), *details["loc"][len(path) + 1 :])
            if location[len(path) + 1 :] != ("name",):  # which is what becomes its key
                found.append({**details, "loc": location})
        return complaints_about(document, found, root)  # type: ignore[arg-type]
    return []


def _broken_rules(document: Placed, error: ValidationError, wrong: set[Key], root: Root) -> list[Complaint]:
    tried = {_section_of(d) for d in error.errors() if d["type"] == "rule"}  # sections whose rules have all been tried
    left = _errors_without(document, wrong, root)
    if gone := {path_of(document, d["loc"], root) for d in left if d["type"] == "rule" and _section_of(d) in tried}:
        left = _errors_without(document, wrong | gone, root)
    broken = [d for d in left if d["type"] == "rule" and _section_of(d) not in tried]
    rules = [(path_of(document, d["loc"], root), str(d["msg"])) for d in broken]
    unknown = {path_of(document, d["loc"], root) for d in error.errors() if d["type"] == "extra_forbidden"}
    sections = {path[:i] for path in wrong - unknown for i in range(len(path))}
    asked_for = [f"give {'.'.join(map(str, path))}" for path in wrong]  # what is there, and told to be wrong
    return [
        complaint_at(document, path, message)
        for path, message in rules
        if path not in wrong and not (message.startswith("missing") and path[:-1] in sections)
        if not any(its in message for its in asked_for)
    ]


def _errors_without(document: Placed, wrong: set[Key], root: Root) -> list[ErrorDetails]:
    """What is wrong with a document that does not have some keys."""
    data = _with_own_mappings(document.data)
    for path in wrong:
        # a list without one of its entries would break rules of its own: its whole section goes
        cut = next((max(1, i - 1) for i, part in enumerate(path) if isinstance(part, int)), len(path))
        parent = data
        for part in path[: cut - 1]:
            parent = parent.get(part, {}) if isinstance(parent, dict) else {}
        if isinstance(parent, dict):
            parent.pop(path[cut - 1], None)
    try:
        root.model_validate(data)
    except ValidationError as second:
        return second.errors()
    return []


def _section_of(details: ErrorDetails) -> tuple[int | str, ...]:
    """Where the section stands one of whose rules is broken."""
    return details["loc"][: len(details["loc"]) - details["ctx"]["depth"]]


def _with_own_mappings(data: Any) -> Any:
    """A copy from whose mappings keys can be removed; lists, which may be long, are shared."""
    return {key: _with_own_mappings(value) for key, value in data.items()} if isinstance(data, dict) else data


def complaints_about(document: Placed, errors: Sequence[ErrorDetails], root: Root) -> list[Complaint]:
    found = []
    for details in errors:
        path = path_of(document, details["loc"], root)
        at_key = details["type"] == "extra_forbidden" or details["loc"][-1:] == ("[key]",)
        complaint = complaint_at(document, path, _message(dict(details), path, document, root), at_key=at_key)
        if details["type"] == "union_tag_invalid":
            complaint = complaint_at(document, (*path, "kind"), complaint.message)
        found.append(complaint)
    return found


def path_of(document: Placed, location: tuple[int | str, ...], root: Root) -> Key:
    """The path in the file of an error's location, which also holds the names of union members."""
    path: Key = ()
    value = document.data
    for i, part in enumerate(location):
        in_list = isinstance(value, list) and isinstance(part, int) and part < len(value)
        if in_list or (isinstance(value, dict) and part in value):
            value = value[part]
        elif i < len(location) - 1 or part == "[key]" or not isinstance(value, dict) or part in tags_of(root):
            continue
        path = (*path, part)
    return path


_OWN_ACTIVATION = "; one of your own must be registered first, in Python: featlearn.register_activation"


def _message(details: dict[str, Any], path: Key, document: Placed, root: Root) -> str:
    kind, given, context = details["type"], details["input"], details.get("ctx", {})
    if kind == "rule":
        return str(details["msg"])
    if kind == "extra_forbidden":
        member = details["loc"][-2] if len(details["loc"]) > 1 else None
        return _of_key(path, given, keys_at(path[:-1], member, root), document, root)
    if kind == "missing":
        return f"missing{described(path, root)}"
    if kind == "literal_error":
        own = _OWN_ACTIVATION if path[-2:] == ("activation", "name") else ""
        return f"{shown(given)} is not allowed{_instead_of_value(path, given, context['expected'])}{own}"
    if kind == "union_tag_invalid":
        told = _instead_of_value((*path, "kind"), context["tag"], context["expected_tags"])
        return f"{shown(context['tag'])} is not allowed{told}"
    if kind == "union_tag_not_found":
        return "has no `kind`, which says what it is"
    if kind == "string_pattern_mismatch":
        return f"{shown(given)} is not a name: letters, digits, _ and -, not starting with a digit"
    if kind == "finite_number":
        return "NaN and infinity are not numbers here"
    if kind == "float_type" and isinstance(given, int) and not isinstance(given, bool):
        return TOO_LARGE  # whole numbers are numbers
    if kind in _EXPECTED:
        expected = FORMS.get(str(path[-1]), _EXPECTED[kind]) if path else _EXPECTED[kind]
        return f"expected {expected}, got {kind_of(given)}{_example(path, given, _EXPECTED[kind], root)}"
    if kind in _BOUNDS:
        return f"must be {_BOUNDS[kind].format(**context)}, got {shown(given)}"
    return str(details["msg"])


def _of_key(path: Key, given: Any, allowed: list[str], document: Placed, root: Root) -> str:
    """What is wrong with a key that is too much."""
    if path[-1] in allowed:  # by another form of the same mapping
        others = [key for key in reduce(getitem, path[:-1], document.data) if key in allowed and key != path[-1]]
        return f"does not go with {' and '.join(others)}: leave one of them out"
    return f"unknown key{_instead_of_key(path, given, allowed, document, root)}"


def _instead_of_key(path: Key, given: Any, allowed: list[str], document: Placed, root: Root) -> str:
    """What there is instead of a key that is not known, and where."""
    name, section = str(path[-1]), str(path[-2]) if len(path) > 1 else ""
    hint = _hint(OF_KEYS, name, section) if "stages" in root.model_fields else None
    meant = (hint.means if hint else "").split(".")[-1] or name
    told = [hint.says] if hint and hint.says else []
    if meant in allowed:
        told.insert(0, f"did you mean {meant!r}?")
        value = _hint(OF_VALUES, given, f"{section} {meant}") if isinstance(given, str) else None
        told += [f"{given}: {value.says}"] if value and value.says else []
    elif meant not in _EVERYWHERE and (not told or (hint and "." in hint.means)):
        known = places_of(meant, root)
        if path in known:
            return "; it belongs to another kind" + did_you_mean(name, allowed, "allowed here")
        places = [place for place in known if path[: len(place)] != place]
        exact = [place for place in places if hint and ".".join(map(str, place)) == hint.means]
        told = _elsewhere(path, exact or places, document, root) + told
    return f"; {'; '.join(told)}".replace("?;", "?") if told else did_you_mean(name, allowed, "allowed here")


_EVERYWHERE = ("kind", "name", "path", "sha256")  # keys that say nothing without their section
_MOST_PLACES = 3
_MANY_STAGES = 20  # with more, each with a wrong key, it would take long to try places out


def _elsewhere(path: Key, places: list[Key], document: Placed, root: Root) -> list[str]:
    """Where else the key at a path stands, by the names of this document's stages."""
    stages = document.data.get("stages") if isinstance(document.data, dict) else None
    names = list(stages) if isinstance(stages, dict) and stages else ["NAME"]
    in_list = any(isinstance(part, int) for part in path)  # which copies of the document share
    tried = not in_list and len(names) <= _MANY_STAGES
    possible = [place for place in places if not tried or "*" in place or _takes(document, path, place, root)]
    found = [
        dotted(tuple(name if part == "*" else part for part in place))
        for place in possible or places
        for name in (names if "*" in place else [""])
    ]
    told = ", ".join(found[:_MOST_PLACES]) + (", …" if len(found) > _MOST_PLACES else "")
    if found and not possible:
        section, name = places[0][:-1], str(places[0][-1])
        models = [m for m in models_at(section, root) if {name, "kind"} <= m.model_fields.keys()]
        kinds = " or ".join(kind for m in models for kind in get_args(m.model_fields["kind"].annotation))
        why = (
            f"goes with {dotted(section)}.kind: {kinds}"
            if kinds and len(found) == 1
            else "does not go with what is here"
        )
        return [f"did you mean {' or '.join(found)}? it {why}"]
    return [f"did you mean {told}?" if len(found) == 1 else f"write it as {told}"] if found else []


def _takes(document: Placed, path: Key, place: Key, root: Root) -> bool:
    """Whether the rest of a document allows the key at another place, whatever it thinks of the value."""
    data = _with_own_mappings(document.data)
    source = target = data
    for part in path[:-1]:
        source = source[part]
    section = place[:-1]
    begun = None  # the section that would be new
    value = source.pop(path[-1])
    for depth, part in enumerate(section, start=1):
        begun = begun or (None if part in target else place[:depth])
        target = target.setdefault(part, {})
        if not isinstance(target, dict):
            return False
    if place[-1] in target:
        return True
    target[place[-1]] = value
    try:
        root.model_validate(data)
    except ValidationError as error:
        found = [(path_of(Document(data), d["loc"], root), d["type"]) for d in error.errors()]
        return not any(
            (at == place and kind in ("extra_forbidden", "rule"))
            or (at and at == section[: len(at)])
            or (begun is not None and at[: len(begun)] == begun)
            for at, kind in found
        )
    return True


def _instead_of_value(path: Key, given: Any, expected: str) -> str:
    """What there is instead of a value that is not allowed."""
    allowed = [text.strip("'") for text in expected.replace(" or ", ", ").split(", ")]
    hint = _value_hint(path, given)
    if hint is None:
        return did_you_mean(str(given), allowed, "one of")
    told = ([f"did you mean {hint.means!r}?"] if hint.means else []) + ([hint.says] if hint.says else [])
    return f"; {'; '.join(told)}; one of: {', '.join(allowed)}".replace("?;", "?")


def _value_hint(path: Key, given: Any) -> Hint | None:
    keys = [str(part) for part in path if not isinstance(part, int)]
    here = keys[-1] if keys else ""
    section = f"{keys[-2]} " if len(keys) > 1 and here in _EVERYWHERE else ""
    return _hint(OF_VALUES, given, section + here) if isinstance(given, str) else None


def _hint(hints: Sequence[Hint], word: str, at: str) -> Hint | None:
    return next((hint for hint in hints if hint.is_about(word, at)), None)


def _example(path: Key, given: Any, expected: str, root: Root) -> str:
    """How a mapping or a list is written where something else was given."""
    key = next((str(part) for part in reversed(path) if not isinstance(part, int)), "")
    hint = _value_hint(path, given) or (_value_hint((*path, "name"), given) if expected == "a mapping" else None)
    if hint is not None and hint.says:
        return f"; {hint.says}"
    if (
        expected == "a list" and isinstance(given, str) and given and not EXAMPLES.get(key, "").startswith("[0")
    ):  # of numbers
        return f"; write [{given}]"
    if expected not in ("a mapping", "a list") or isinstance(path[-1] if path else 0, int):
        return ""
    written = (_chosen(path, given, root) if isinstance(given, str) else "") or EXAMPLES.get(key, "")
    return f"; write {written}" if written else ""


def _chosen(path: Key, given: str, root: Root) -> str:
    """The mapping that a name stands for: of a kind, or of an activation."""
    for model in models_at(path, root):
        for key in ("kind", "name"):
            if key in model.model_fields and given in get_args(model.model_fields[key].annotation):
                needed = [name for name, field in model.model_fields.items() if field.is_required() and name != key]
                needed += getattr(model, "also_needed", ())
                return "{" + ", ".join([f"{key}: {given}", *(f"{name}: …" for name in needed)]) + "}"
    return ""


_EXPECTED = {
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "list_type": "a list",
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing_size": "a whole number of reasonable size",
    "float_type": "a number",
    "bool_type": "true or false",
}
_BOUNDS = {
    "greater_than": "greater than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than": "less than {lt:g}",
    "less_than_equal": "at most {le:g}",
    "too_short": "at least {min_length} long",
    "too_long": "at most {max_length} long",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
}


def kind_of(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    return f"the {'text' if isinstance(value, str) else 'number'} {shown(value)}"


def shown(value: Any) -> str:
    """A value as complaints quote it."""
    text = json.dumps(value) if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def did_you_mean(given: str, allowed: Sequence[str], introduction: str) -> str:
    close = get_close_matches(given, allowed, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ";"
    return f"{hint} {introduction}: {', '.join(allowed)}" if allowed else ""
