"""YAML with positions: plain data from a file, and the line and column of every key and value in it.

PyYAML reads ``1e-3`` as text, ``on`` as a boolean, and keeps the last of two equal keys in silence. Here numbers follow
YAML 1.2, only ``true`` and ``false`` are booleans, equal keys are errors, and nothing beyond plain data is accepted: no
tags, no anchors. All complaints are collected, so that a user sees them at once.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 50
Key = tuple[str | int, ...]


@dataclass(frozen=True)
class Mark:
    """A place in a source, lines and columns counted from 1."""

    source: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Complaint:
    """One thing that is wrong: where, at which key, and what."""

    mark: Mark
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.mark}: {self.key}: {self.message}"


class ConfigError(Exception):
    """A configuration that cannot be used; ``complaints`` holds everything that is wrong with it."""

    def __init__(self, complaints: list[Complaint]) -> None:
        self.complaints = sorted(complaints, key=lambda c: (c.mark.source, c.mark.line, c.mark.column))
        super().__init__("\n".join(map(str, self.complaints)))


@dataclass
class Document:
    """Plain data (mappings, lists, text, numbers, booleans, null) and where each part of it stands.

    Attributes:
        data: what the source says.
        keys, values: the mark of each mapping key and of each value, by path from the root.
        complaints: what was wrong with the YAML itself.
    """

    data: Any
    keys: dict[Key, Mark] = field(default_factory=dict)
    values: dict[Key, Mark] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)

    def mark_of(self, path: Key, *, key: bool = False) -> Mark:
        """Where the value (or, with ``key``, the key) at a path stands; for a missing one, where its parent does."""
        first, second = (self.keys, self.values) if key else (self.values, self.keys)
        while path:
            for marks in (first, second):
                if path in marks:
                    return marks[path]
            path = path[:-1]
            first, second = self.keys, self.values
        return self.values[()]

    def part(self, path: Key) -> Document:
        """The document of the value at a path."""
        data = self.data
        for name in path:
            data = data[name]
        cut = len(path)
        keys, values = ({p[cut:]: m for p, m in marks.items() if p[:cut] == path} for marks in (self.keys, self.values))
        keys.pop((), None)
        return Document(data, keys, values)

    def put(self, path: Key, other: Document) -> None:
        """Replace the value at a path, whose parents are mappings, by another document."""
        for marks in (self.keys, self.values):
            for old in [p for p in marks if p[: len(path)] == path]:
                del marks[old]
        target = self.data
        for depth, name in enumerate(path[:-1], start=1):
            if name not in target:
                target[name] = {}
                self.keys[path[:depth]] = self.values[path[:depth]] = other.values[()]
            target = target[name]
        target[path[-1]] = other.data
        self.keys[path] = Mark(other.values[()].source)
        self.keys |= {path + p: mark for p, mark in other.keys.items()}
        self.values |= {path + p: mark for p, mark in other.values.items()}
        self.complaints += other.complaints


def dotted(path: Key) -> str:
    """A path as users write it: ``stages.first_step.steps``, ``teacher.directions[0][2]``."""
    text = ""
    for part in path:
        shown = part if isinstance(part, int) or part.isprintable() else ascii(part)
        text += f"[{part}]" if isinstance(part, int) else f".{shown}" if text else str(shown)
    return text or "(top level)"


def read_document(path: Path) -> Document:
    """The document in a YAML file.

    Raises:
        ConfigError: when the file cannot be read, is not UTF-8 text, or is not YAML.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe would be waited for
            raise OSError(errno.EINVAL, "it is not a regular file")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError([Complaint(Mark(str(path)), "(file)", _why_unreadable(path, error))]) from None
    if len(content) > MAX_BYTES:
        raise ConfigError(
            [Complaint(Mark(str(path)), "(file)", f"is larger than {MAX_BYTES} bytes; give large weights as a file")]
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        mark = Mark(str(path), before.count(b"\n") + 1, error.start - before.rfind(b"\n"))
        message = f"is not UTF-8 text (byte 0x{content[error.start]:02x}); a configuration is a YAML text file"
        raise ConfigError([Complaint(mark, "(file)", message)]) from None
    return parse_document(text, str(path))


def _why_unreadable(path: Path, error: OSError) -> str:
    if isinstance(error, IsADirectoryError):
        return "is a directory; name the YAML file inside it"
    if isinstance(error, FileNotFoundError):
        return "no such file"
    return f"cannot be read: {error.strerror}"


def parse_document(text: str, source: str, line: int = 1, column: int = 1) -> Document:
    """The document in a text whose first character stands at the given line and column of ``source``.

    Raises:
        ConfigError: when the text is not YAML at all. Lesser complaints are in ``Document.complaints``.
    """
    builder = _Builder(source, line, column)
    loader = _Loader("")
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = builder.mark(error.problem_mark or error.context_mark)
        what = " ".join(part for part in (error.context, error.problem) if part)
        raise ConfigError([Complaint(mark, "(syntax)", f"not valid YAML: {what}")]) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        mark = Mark(source, before.count("\n") + line, error.position - before.rfind("\n"))
        message = f"the character U+{error.character:04X} is not allowed in YAML"
        raise ConfigError([Complaint(mark, "(syntax)", message)]) from None
    except (ValueError, OverflowError) as error:  # numbers in escapes and directives that PyYAML does not check
        mark = Mark(source, loader.line + line, loader.column + 1)
        raise ConfigError([Complaint(mark, "(syntax)", f"not valid YAML: {error}")]) from None
    document = builder.document
    document.values[()] = Mark(source, line, column)
    if node is not None:
        document.data = builder.build(node, ())
    return document


class _Loader(yaml.SafeLoader):
    """Parses to nodes only: scalars resolved by YAML 1.2's core rules, no anchors, bounded depth."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own attribute
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            problem = "anchors and aliases (& and *) are not allowed; write the value out"
            raise yaml.composer.ComposerError(None, None, problem, event.start_mark)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            problem = f"more than {MAX_DEPTH} levels of nesting"
            raise yaml.composer.ComposerError(None, None, problem, event.start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        if node is not None and getattr(event, "tag", None) is not None:
            node.tag = event.tag.removeprefix("tag:yaml.org,2002:") + " (explicit)"  # no kind of plain data: refused
        return node


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", list("-+.")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)
RESOLVERS = _Loader.yaml_implicit_resolvers  # how plain values are read here


class _Dumper(yaml.SafeDumper):
    """Writes by the rules that ``_Loader`` reads by: text that would read as something else is quoted."""

    yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text_node(dumper: _Dumper, text: str) -> yaml.Node:
    """Text with a next-line character in it, which would be read back as a line feed, is quoted and so escaped."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if "\x85" in text else None)


_Dumper.add_representer(str, _text_node)


def dump_yaml(data: Any) -> str:
    """YAML text of plain data that ``parse_document`` reads back as it is."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120)


class _Builder:
    """Turns nodes into plain data, remembering marks and collecting complaints."""

    def __init__(self, source: str, line: int, column: int) -> None:
        self.source, self.line, self.column = source, line, column
        self.document = Document(None)

    def mark(self, mark: Any) -> Mark:
        if mark is None:
            return Mark(self.source, self.line, self.column)
        shift = self.column if mark.line == 0 else 1
        return Mark(self.source, mark.line + self.line, mark.column + shift)

    def complain(self, node: yaml.Node, path: Key, message: str) -> None:
        self.document.complaints.append(Complaint(self.mark(node.start_mark), dotted(path), message))

    def build(self, node: yaml.Node, path: Key) -> Any:
        self.document.values[path] = self.mark(node.start_mark)
        kind = node.tag.removeprefix("tag:yaml.org,2002:")
        if isinstance(node, yaml.MappingNode) and kind == "map":
            return dict(self._items(node, path))
        if isinstance(node, yaml.SequenceNode) and kind == "seq":
            return [self.build(item, (*path, i)) for i, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            scalar = _SCALARS.get(kind)
            if scalar is not None:
                try:
                    return scalar(node.value)
                except ValueError:
                    self.complain(node, path, f"{node.value[:40]!r} is not a value of the tag {node.tag!r}")
                    return None
        self.complain(node, path, f"the tag !{node.tag} is not allowed; only plain data is read")
        return None

    def _items(self, node: yaml.MappingNode, path: Key) -> Iterator[tuple[str, Any]]:
        seen: dict[str, Mark] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.complain(key_node, path, "a key must be plain text")
                continue
            name, here = key_node.value, self.mark(key_node.start_mark)
            if name in seen:
                self.complain(key_node, (*path, name), f"duplicate key, first given at line {seen[name].line}")
                continue
            seen[name] = here
            self.document.keys[(*path, name)] = here
            yield name, self.build(value_node, (*path, name))


_SCALARS: dict[str, Any] = {
    "str": str,
    "null": lambda text: None,
    "bool": lambda text: text.lower() == "true",
    "int": int,
    "float": lambda text: float(re.sub(r"\.(inf|nan)$", r"\1", text.lower())),
}
