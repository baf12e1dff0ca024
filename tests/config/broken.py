"""Broken configurations and what must be said of them: the place, the key, and a word of the message."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from featlearn.config.load import load_config
from featlearn.config.yaml_source import ConfigError

MINIMAL = """\
name: minimal
seed: 0
teacher: {input_dim: 3, width: 2}
student: {width: 4}
stages:
  go: {train: [first_layer, second_layer], steps: 20, step_size: 0.1, weight_decay: 0.01}
"""

Expected = list[tuple[str, str, str]]  # line:column, key, a word of the message; "" for what it does not have


def write(directory: Path, text: str | bytes, name: str = "config.yaml") -> Path:
    path = directory / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@dataclass(frozen=True)
class Broken:
    name: str
    make: Callable[[Path], Path]
    expected: Expected


def changed(name: str, old: str, new: str, *expected: tuple[str, str, str]) -> Broken:
    """The minimal configuration with one piece of text replaced."""
    assert MINIMAL.count(old) == 1, old
    return Broken(name, lambda d: write(d, MINIMAL.replace(old, new)), list(expected))


def whole(name: str, text: str | bytes, *expected: tuple[str, str, str]) -> Broken:
    return Broken(name, lambda d: write(d, text), list(expected))


def complaints_of(path: Path, *overrides: str) -> list[str]:
    """What is said of a file that is refused."""
    with pytest.raises(ConfigError) as caught:
        load_config(path, overrides)
    return [str(c) for c in caught.value.complaints]


def place_and_key(place: str, key: str) -> str:
    """What stands in a complaint between the file and the message."""
    return f"{place and ':' + place}: {key and key + ': '}"


def must_be_refused(case: Broken, directory: Path) -> None:
    """The file is refused, and each thing that is wrong with it is told with its place, its key and the reason."""
    path = case.make(directory)
    lines = complaints_of(path)
    for place, key, word in case.expected:
        start = f"{path}{place_and_key(place, key)}"
        assert any(line.startswith(start) and word in line for line in lines), lines
