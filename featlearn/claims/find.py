"""Finding what a user names, whichever of the three it is: a run, a sweep or a reproduction."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from featlearn.runs.directory import RunDirectory
from featlearn.storage.directory import Directory, named_directory
from featlearn.storage.errors import RunNotFound

if TYPE_CHECKING:  # loaded where what is named is no run
    from featlearn.claims.directory import ReproductionDirectory
    from featlearn.sweeps.directory import SweepDirectory

D = TypeVar("D", bound=Directory[Any])


def find(name: str, runs_dir: Path) -> RunDirectory | SweepDirectory | ReproductionDirectory:
    """What a user names, see ``named_directory``, whichever of the three it is.

    Raises:
        RunNotFound: when there is nothing, or more than one.
    """
    if (run := RunDirectory.named(name, runs_dir)) is not None:
        return run

    from featlearn.claims.directory import ReproductionDirectory
    from featlearn.sweeps.directory import SweepDirectory

    kinds: list[type[Directory[Any]]] = [RunDirectory, SweepDirectory, ReproductionDirectory]
    found = named_directory(name, runs_dir, kinds)
    assert isinstance(found, RunDirectory | SweepDirectory | ReproductionDirectory)
    return found


def find_only(kind: type[D], name: str, runs_dir: Path, instead: Mapping[str, str]) -> D:
    """As ``find``, where one kind alone is of use.

    Args:
        instead: by kind, what to do with one of another kind; ``{path}`` stands for its path.
    Raises:
        RunNotFound: when there is nothing, more than one, or one of another kind.
    """
    try:
        return kind.find(name, runs_dir)
    except RunNotFound as error:
        try:
            other = find(name, runs_dir)
        except RunNotFound:
            raise error from None
    told = instead.get(other.kind, "").format(path=other.path)
    raise RunNotFound(f"{other.path} is a {other.kind}, no {kind.kind}{f': {told}' if told else ''}")


def find_to_resume(kind: type[D], name: str, runs_dir: Path) -> D:
    """As ``find_only``, for what is gone on with. Raises RunNotFound."""
    commands = {"run": "train", "sweep": "sweep", "reproduction": "reproduce"}
    going_on = {of: f"go on with it by featlearn {command} --resume {{path}}" for of, command in commands.items()}
    return find_only(kind, name, runs_dir, going_on)


def find_run_or_sweep(name: str, runs_dir: Path) -> RunDirectory | SweepDirectory:
    """As ``find``, for what is drawn on request; a reproduction has its figures already.

    Raises:
        RunNotFound: when there is nothing, or a reproduction.
    """
    found = find(name, runs_dir)
    from featlearn.claims.directory import ReproductionDirectory

    if isinstance(found, ReproductionDirectory):
        raise RunNotFound(
            f"{found.path} is a reproduction, no run or sweep: its figures are in {found.figures}, all of it is "
            f"told in {found.page_file}, and its sweeps are in {found.sweeps}"
        )
    return found
