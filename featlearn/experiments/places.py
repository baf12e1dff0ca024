"""Places of runs: a name that was read from a file leads nowhere else, and only what is ours is ever removed.

Somebody else may have edited the files of a sweep, or have put links and directories where its runs belong.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from featlearn.experiments.config import Config
from featlearn.experiments.runs import RunDirectory, RunError

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


def run_inside(runs: Path, name: str) -> RunDirectory:
    """The run of a name in a sweep's directory of runs, whether it is there yet or not.

    Raises:
        RunError: see ``inside``; or when one of its files is a link, or no file.
    """
    run = RunDirectory(inside(inside(runs.parent, runs.name), name))
    for file in run.files:
        if file.is_symlink() or (file.exists() and not file.is_file()):
            raise RunError(f"{file} is not a regular file, and was left as it was; move {run.path} elsewhere")
    return run


def discard(run: RunDirectory, config: Config) -> None:
    """Remove the run of a configuration, to begin it again.

    It is moved out of its place first, so that a process that dies meanwhile leaves no half of it there.

    Raises:
        RunError: when it is not surely that run and nothing else; it stays as it was.
    """
    if not _holds(run, config):
        text = "is in the place of this point and is not its run, so it was left as it was"
        raise RunError(f"{run.path} {text}; move it elsewhere and compute the point again")
    own = [path.name for path in (*run.files, run.figures)]
    for path in sorted(run.path.iterdir()):
        if not any(path.name == name or path.name.startswith(f".{name}.") for name in own):  # the latter: a draft
            text = f"is no file of the run that is to be computed again, so {run.path} was left as it was"
            raise RunError(f"{path} {text}; move the file elsewhere")
    hidden = Path(tempfile.mkdtemp(prefix=".old-", dir=run.path.parent))
    run.path.rename(hidden / run.name)
    shutil.rmtree(hidden)


def _holds(run: RunDirectory, config: Config) -> bool:
    """Whether a directory holds the run of a configuration, one of whose two files may be broken."""
    if run.info_of(config) is not None:
        return True
    try:
        return run.config_file.read_bytes() == config.to_yaml().encode()
    except OSError:
        return False
