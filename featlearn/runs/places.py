"""Places of runs in a sweep: only what is ours is ever removed, and nothing is written through a link.

Somebody else may have edited the files of a sweep, or have put links and directories where its runs belong.
"""

from __future__ import annotations

from pathlib import Path

from featlearn.config.model import Config
from featlearn.runs.directory import RunDirectory
from featlearn.storage.drafts import remove_directory
from featlearn.storage.errors import RunError
from featlearn.storage.locks import marker_of
from featlearn.storage.names import inside


def run_inside(runs: Path, name: str) -> RunDirectory:
    """The run of a name in a sweep's directory of runs, whether it is there yet or not.

    Raises:
        RunError: see ``names.inside``; or when one of its files is a link, or no file.
    """
    run = RunDirectory(inside(inside(runs.parent, runs.name), name))
    for file in (*run.data_files, run.report_file, run.lock_file):
        if file.is_symlink() or (file.exists() and not file.is_file()):
            raise RunError(f"{file} is not a regular file, and was left as it was; move {run.path} elsewhere")
    return run


def check_own(run: RunDirectory, config: Config) -> None:
    """Raises RunError when a directory is not surely the run of a configuration; one of its two files may be broken."""
    if run.info_of(config) is not None:
        return
    try:
        if run.config_file.read_bytes() == config.to_yaml().encode():
            return
    except OSError:
        pass
    text = "is in the place of this point and is not its run, so it was left as it was"
    raise RunError(f"{run.path} {text}; move it elsewhere and compute the point again")


def discard(run: RunDirectory) -> None:
    """Remove a run of our own, to begin it again. Raises RunError when something else is in it; it stays as it was."""
    own = [file.name for file in (*run.data_files, run.notes_file, run.report_file, run.figures)]
    own += [run.lock_file.name, marker_of(run.lock_file).name]
    for path in sorted(run.path.iterdir()):
        if not any(path.name == name or path.name.startswith(f".{name}.") for name in own):  # the latter: a draft
            text = f"is no file of the run that is to be computed again, so {run.path} was left as it was"
            raise RunError(f"{path} {text}; move the file elsewhere")
    remove_directory(run.path)
