"""Finding what a user names, whichever of the three it is: a run, a sweep or a reproduction."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from featlearn.runs.directory import RunDirectory
from featlearn.storage.directory import Directory, named_directory
from featlearn.storage.errors import RunNotFound

if TYPE_CHECKING:  # loaded where what is named is no run
    from featlearn.claims.directory import ReproductionDirectory
    from featlearn.sweeps.directory import SweepDirectory


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
