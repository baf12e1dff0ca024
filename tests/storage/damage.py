"""Damages that happen to directories of ours, or that somebody does to them, each from a seed.

``damage(directory, victim, seed)`` spoils one file in one way and says which. Afterwards, ``contents`` tells whether
anything outside of the directory was touched, ``soon`` whether something waits for ever, and ``value_or_refusal``
whether anything but one clear line comes out of it.
"""

import json
import os
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from featlearn.storage.errors import RunError

Contents = dict[str, str | bytes | None]
Spoil = Callable[[Path, random.Random], None]


def contents(place: Path) -> Contents:
    """Everything at and below a place: the bytes of its files, where its links lead, None for its directories."""
    found: Contents = {}
    for path in (place, *place.rglob("*")):
        name = str(path.relative_to(place))
        found[name] = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
    return found


@contextmanager
def soon(seconds: float = 20.0) -> Iterator[None]:
    """Fail when the work within it does not come to an end."""

    def late(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"still at work after {seconds:g} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def value_or_refusal(read: Callable[[], object]) -> object:
    """What a reader gives, or its RunError on one line; nothing else may come out of it."""
    found: object
    try:
        found = read()
    except RunError as error:
        found = error
    assert not isinstance(found, RunError) or "\n" not in str(found)
    return found


def outside(place: Path) -> Path:
    """A directory that is none of our business, for links to lead to."""
    victim = place / "victim"
    (victim / "chapters").mkdir(parents=True)
    (victim / "thesis.tex").write_text("years of work")
    (victim / "chapters" / "one.tex").write_text("more of it\nand a line without its end")
    (victim / "run.json").write_text('{"status": "done"}')
    return victim


def damage(directory: Path, victim: Path, seed: int) -> str:
    """Spoil one of the files of a directory. Returns what was done to which."""
    rng = random.Random(seed)
    files = sorted(path for path in directory.rglob("*") if path.is_file() and not path.name.startswith("."))
    file = rng.choice(files)
    if rng.random() < 0.3:
        kinds: dict[str, Spoil] = PLACES | {"a link": lambda path, _: _link(path, victim / "thesis.tex")}
    elif file.suffix in (".json", ".jsonl") and rng.random() < 0.8:
        kinds = VALUES
    elif file.suffix == ".npz" and rng.random() < 0.6:
        kinds = ARRAYS
    else:
        kinds = BYTES
    name = rng.choice(sorted(kinds))
    kinds[name](file, rng)
    return f"{name}: {file.relative_to(directory)}"


# --- what lies in the place of a file -----------------------------------------------------------


def _link(path: Path, target: Path) -> None:
    path.unlink()
    path.symlink_to(target)


def _fifo(path: Path, rng: random.Random) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path, rng: random.Random) -> None:
    path.unlink()
    path.mkdir()


PLACES: dict[str, Spoil] = {
    "missing": lambda path, rng: path.unlink(),
    "a pipe": _fifo,
    "a folder": _folder,
    "a link in a circle": lambda path, rng: _link(path, path),
    "a link to nothing": lambda path, rng: _link(path, path.with_name("nothing")),
    "a device": lambda path, rng: _link(path, Path("/dev/zero")),
}

# --- bytes --------------------------------------------------------------------------------------


def _bytes(change: Callable[[bytes, random.Random], bytes]) -> Spoil:
    def spoil(path: Path, rng: random.Random) -> None:
        path.write_bytes(change(path.read_bytes(), rng))

    return spoil


def _overwritten(content: bytes, rng: random.Random, by: Callable[[int], bytes]) -> bytes:
    begin = rng.randrange(len(content) + 1)
    length = rng.randint(1, 64)
    return content[:begin] + by(length) + content[begin + length :]


BYTES: dict[str, Spoil] = {
    "truncated": _bytes(lambda content, rng: content[: rng.randrange(len(content) + 1)]),
    "empty": _bytes(lambda content, rng: b""),
    "garbage": _bytes(lambda content, rng: _overwritten(content, rng, rng.randbytes)),
    "only garbage": _bytes(lambda content, rng: rng.randbytes(rng.randint(1, 2000))),
    "NULs within": _bytes(lambda content, rng: _overwritten(content, rng, bytes)),
    "NULs at the end": _bytes(lambda content, rng: content[: -rng.randint(1, 99)] + bytes(4096)),
    "CRLF": _bytes(lambda content, rng: content.replace(b"\n", b"\r\n")),
    "a byte order mark": _bytes(lambda content, rng: b"\xef\xbb\xbf" + content),
    "UTF-16": _bytes(lambda content, rng: content.decode(errors="replace").encode("utf-16")),
    "nested": _bytes(lambda content, rng: b"[" * 100_000 + content),
    "twice": _bytes(lambda content, rng: content + content),
}

# --- values of JSON -----------------------------------------------------------------------------

WRONG: list[Any] = [None, True, "", "x", "\x1b[2J\u202e", [], [1], {}, {"a": 1}, 0, -1, 1.5, 2**63, 10**400, 1e300]
WRONG += ["../../../victim", "/nowhere/at/all", "..", "a\0b", "9" * 5000]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every key of an object and index of an array, with what it belongs to."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _values(change: Callable[[Any, Any, random.Random], None]) -> Spoil:
    """Spoil a value of a JSON file, or of one of the lines of a file of them."""

    def spoil(path: Path, rng: random.Random) -> None:
        lines = [path.read_text()] if path.suffix == ".json" else path.read_text().splitlines()
        if not lines:
            return
        place = rng.randrange(len(lines))
        value = json.loads(lines[place])
        owner, key = rng.choice(list(_places(value)))
        change(owner, key, rng)
        lines[place] = json.dumps(value)
        path.write_text("\n".join(lines) + "\n")

    return spoil


def _another_value(owner: Any, key: Any, rng: random.Random) -> None:
    owner[key] = rng.choice(WRONG)


def _another_word(path: Path, rng: random.Random) -> None:
    """A number as JSON does not have it, which Python writes and reads, or that no float holds."""
    word = rng.choice(["NaN", "-Infinity", "1e999", "9" * 6000, '"\\ud800"', "01", "'x'"])
    text = path.read_text()
    path.write_text(
        text.replace(": ", f': {word}, "x": ', 1) if rng.random() < 0.5 else text.replace(": ", f": {word} ", 1)
    )


def _del(owner: Any, key: Any, rng: random.Random) -> None:
    del owner[key]


VALUES: dict[str, Spoil] = {
    "another value": _values(_another_value),
    "a value less": _values(_del),
    "another word": _another_word,
}

# --- arrays -------------------------------------------------------------------------------------


def _arrays(change: Callable[[np.ndarray, random.Random], np.ndarray]) -> Spoil:
    def spoil(path: Path, rng: random.Random) -> None:
        with np.load(path) as archive:
            arrays = dict(archive)
        name = rng.choice(sorted(arrays))
        np.savez(path, **(arrays | {name: change(arrays[name], rng)}))

    return spoil


ARRAYS: dict[str, Spoil] = {
    "text": _arrays(lambda values, rng: values.astype(str)),
    "other shape": _arrays(lambda values, rng: np.concatenate([values.ravel(), values.ravel()[:1]])),
    "empty array": _arrays(lambda values, rng: values.ravel()[:0]),
    "objects": _arrays(lambda values, rng: np.array([{}], dtype=object)),
    "not finite": _arrays(lambda values, rng: np.full(values.shape, np.nan)),
}
