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
from typing import TYPE_CHECKING, Any

import yaml
from yaml._yaml import CParser  # of libyaml, which is ten times as fast as PyYAML's own
from yaml.composer import Composer
from yaml.resolver import Resolver

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 50
_NUMBER_SIGN = "\U0010fffd"  # stands for # in a text where that begins no comment
Key = tuple[str | int, ...]
WHOLE_FILE = "(file)"  # the key of a complaint about a file that is not read as one with keys


@dataclass(frozen=True)
class Mark:
    """A place in a source, lines and columns counted from 1; line 0 is no place in particular."""

    source: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


@dataclass(frozen=True)
class Complaint:
    """One thing that is wrong: where, at which key, and what."""

    mark: Mark
    key: str
    message: str

    def __str__(self) -> str:
        key = "" if self.key == WHOLE_FILE else f"{self.key}: "
        return f"{self.mark}: {key}{self.message}"


class ConfigError(Exception):
    """A configuration that cannot be used; ``complaints`` holds everything that is wrong with it."""

    def __init__(self, complaints: list[Complaint]) -> None:
        if not complaints:
            raise ValueError("an error without complaints would say nothing")
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
        self.keys[path] = other.values[()]
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
        raise about_file(path, _why_unreadable(path, error)) from None
    except ValueError:  # a zero byte in its name
        raise about_file(path, "no such file") from None
    if len(content) > MAX_BYTES:
        raise about_file(path, f"is larger than {MAX_BYTES} bytes; give large weights as a file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        mark = Mark(str(path), before.count(b"\n") + 1, error.start - before.rfind(b"\n"))
        message = f"is not UTF-8 text (byte 0x{content[error.start]:02x}); a configuration is a YAML text file"
        raise ConfigError([Complaint(mark, WHOLE_FILE, message)]) from None
    return parse_document(text, str(path))


def about_file(path: Path, message: str) -> ConfigError:
    """The error about a file as a whole, which has no place in it."""
    return ConfigError([Complaint(Mark(str(path), 0, 0), WHOLE_FILE, message)])


def _why_unreadable(path: Path, error: OSError) -> str:
    if isinstance(error, IsADirectoryError):
        return "is a directory; name the YAML file inside it"
    if isinstance(error, FileNotFoundError):
        return "no such file"
    return f"cannot be read: {error.strerror}"


def parse_document(text: str, source: str, *, inline: bool = False) -> Document:
    """The document in a text.

    Args:
        text: in YAML.
        source: where it is from, as complaints name it.
        inline: whether it is a value on a command line, which has no lines and in which # begins no comment.
    Raises:
        ConfigError: when the text is not YAML at all. Lesser complaints are in ``Document.complaints``.
    """
    builder = _Builder(source, inline)
    text = text.replace("#", _NUMBER_SIGN) if inline else text
    try:
        node = _Loader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = builder.mark(error.problem_mark or error.context_mark)
        what = " ".join(part for part in (error.context, error.problem) if part)
        raise ConfigError([Complaint(mark, "(syntax)", f"not valid YAML: {what}")]) from None
    except yaml.reader.ReaderError as error:
        before = text.encode()[: error.position].decode(errors="ignore")  # libyaml counts bytes
        raise ConfigError([_not_allowed(before, error.character, builder)]) from None
    except UnicodeEncodeError as error:  # half of a surrogate pair, as in arguments that are not UTF-8
        raise ConfigError([_not_allowed(text[: error.start], ord(text[error.start]), builder)]) from None
    document = builder.document
    document.values[()] = builder.mark(None)
    if node is not None:
        document.data = builder.build(node, ())
    return document


def _not_allowed(before: str, character: int, builder: _Builder) -> Complaint:
    """That a character, which stands after some text, cannot be in YAML."""
    mark = builder.place(before.count("\n"), len(before) - before.rfind("\n") - 1)
    return Complaint(mark, "(syntax)", f"the character U+{character:04X} is not allowed in YAML")


class _Loader(Composer, CParser, Resolver):
    """Parses to nodes only: scalars resolved by YAML 1.2's core rules, no anchors, bounded depth."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own attribute
    depth = 0

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        Composer.__init__(self)
        Resolver.__init__(self)

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = self.peek_event()
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


if TYPE_CHECKING:
    _Writer = yaml.SafeDumper
else:  # the one in C, where there is one, takes a quarter of the time
    _Writer = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_Writer):
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

    def __init__(self, source: str, inline: bool) -> None:
        self.source, self.inline = source, inline
        self.document = Document(None)

    def mark(self, mark: Any) -> Mark:
        return self.place(0, 0) if mark is None else self.place(mark.line, mark.column)

    def place(self, line: int, column: int) -> Mark:
        """A place whose line and column are counted from 0."""
        return Mark(self.source, 0, 0) if self.inline else Mark(self.source, line + 1, column + 1)

    def text_of(self, node: yaml.ScalarNode) -> str:
        """What a scalar says."""
        return str(node.value).replace(_NUMBER_SIGN, "#") if self.inline else str(node.value)

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
                    return scalar(self.text_of(node))
                except ValueError:
                    self.complain(node, path, f"{self.text_of(node)[:40]!r} is not a value of the tag {node.tag!r}")
                    return None
        self.complain(node, path, f"the tag !{node.tag} is not allowed; only plain data is read")
        return None

    def _items(self, node: yaml.MappingNode, path: Key) -> Iterator[tuple[str, Any]]:
        seen: dict[str, Mark] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.complain(key_node, path, "a key must be plain text")
                continue
            name, here = self.text_of(key_node), self.mark(key_node.start_mark)
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
