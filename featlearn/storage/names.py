"""Names and paths: a name that was read from a file leads nowhere else."""

from __future__ import annotations

import os
import re
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from featlearn.storage.errors import RunError, RunNotFound

LATEST = "latest"
_GIVEN = re.compile(r"\d{8}-\d{6}-(.+)-([0-9a-z]{4,})(?:-\d+)?")  # what ``stem_of`` makes: the name, and the ending
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def is_name(text: str) -> bool:
    """Whether a text has the form of the names that we give: letters, digits, ``_``, ``.`` and ``-``, not hidden."""
    return _NAME.fullmatch(text) is not None


def inside(folder: Path, name: str) -> Path:
    """The path ``folder/name``, which lies directly in the folder whoever wrote the name.

    Raises:
        RunError: when it is no name, or a link lies there.
    """
    if not is_name(name):
        raise RunError(f"{name!r:.100} is not the name of anything that is kept in {folder}; nothing was touched")
    path = folder / name
    if path.is_symlink():
        raise RunError(f"{path} is a link, which was left as it was; what is kept there must lie in {folder} itself")
    return path


def stem_of(name: str, ending: str) -> str:
    """The name of a new directory, ``<time>-<name>-<ending>``."""
    return f"{datetime.now():%Y%m%d-%H%M%S}-{_slug(name)}-{ending}"


@lru_cache(maxsize=8)  # asked for once for each of thousands of directories
def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-.")[:60] or "run"


def begins_so(directory: str, text: str) -> bool:
    """Whether the name for which a directory was made begins with a text.

    >>> begins_so("20261123-130426-quickstart-3f2a1c", "quick")
    True
    """
    given = _GIVEN.fullmatch(directory)
    return given is not None and given[1].startswith(text)


def answers_to(directory: str, text: str) -> bool:
    """Whether a user may mean a directory by a text: the beginning of its name, or the name or the hash in it.

    >>> [answers_to("20261123-130426-quickstart-3f2a1c", text) for text in ("20261123-13", "quickstart", "3f2a1c")]
    [True, True, True]
    """
    given = _GIVEN.fullmatch(directory)
    return directory.startswith(text) or (given is not None and (given[1] == _slug(text) or given[2] == text))


def named_paths(name: str, where: Path) -> list[Path]:
    """Where a directory may be that a user names: in ``where``, or anywhere by its path.

    Raises:
        RunNotFound: when the name is ``latest``, and somebody else has let that lead out of its directory.
    """
    paths = [where / name, Path(name)]
    for path in paths:
        if path.name == LATEST and path.is_symlink():
            target = Path(os.path.realpath(path))  # unlike resolve(), this takes links that lead in circles
            if target.parent != path.parent.resolve():
                raise RunNotFound(f"{path} leads out of its directory, to {target}; give the path of what you mean")
    return paths
