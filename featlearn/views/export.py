"""One file with all that another person needs of a run or a sweep: configuration, numbers, figures, how to cite."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from featlearn.runs.directory import RunDirectory
from featlearn.storage.errors import RunError, WrongChoice, reason
from featlearn.storage.opening import read_regular
from featlearn.storage.replacement import replace_file
from featlearn.sweeps.directory import SweepDirectory
from featlearn.views.data.edges import read_edges
from featlearn.views.data.run import read_run
from featlearn.views.data.sweep import read_sweep
from featlearn.views.figures.edges import edge_figures
from featlearn.views.figures.run import run_figures
from featlearn.views.figures.saving import save
from featlearn.views.figures.style import SIZES
from featlearn.views.figures.sweep import sweep_figures
from featlearn.views.words.citation import bibtex

CITATION = "citation.bib"
_TIME = (1980, 1, 1, 0, 0, 0)  # of everything in it: the same content, the same bytes
_SIZE = SIZES["column"]
_METRICS = ("loss", "mean_angle")  # of a sweep


def export(found: RunDirectory | SweepDirectory, out: Path, *, force: bool = False) -> None:
    """Write a zip archive with configuration, log, environment, figures (drawn, unless they were) and BibTeX.

    Args:
        force: whether to replace a file that is there.
    Raises:
        WrongChoice: when there is one.
        RunError: when a file cannot be read, or the archive not be written.
    """
    if os.path.lexists(out) and not force:
        raise WrongChoice(f"{out} is there already; replace it with --force, or choose another with --out")
    members = list(_members(found))

    def write(file: BinaryIO) -> None:
        with ZipFile(file, "w") as archive:
            for name, content in members:
                archive.writestr(ZipInfo(f"{found.name}/{name}", _TIME), content, ZIP_DEFLATED)

    try:
        replace_file(out, write)
    except OSError as error:
        raise RunError(f"{out} cannot be written: {reason(error)}; choose another with --out") from None


def _members(found: RunDirectory | SweepDirectory) -> Iterator[tuple[str, bytes]]:
    info = found.read_info()
    if isinstance(found, RunDirectory):
        files, others = [found.config_file, found.info_file, found.metrics_file], []
    else:
        files = [found.sweep_file, found.info_file, found.manifest_file, found.results_file]
        others = [found.edges_file]
    for file in (*files, *others, found.notes_file, found.report_file):
        if file in files or file.exists():
            yield file.name, read_regular(file)
    for name, content in _figures(found):
        yield f"{found.figures.name}/{name}", content
    yield CITATION, bibtex(info.versions.get("featlearn") or "unknown").encode()


def _figures(found: RunDirectory | SweepDirectory) -> Iterator[tuple[str, bytes]]:
    folder = found.inside(found.figures.name)
    if folder.is_dir() and any(folder.iterdir()):
        yield from _files_of(folder)
        return
    with tempfile.TemporaryDirectory() as made, suppress(RunError):  # where nothing was logged there is no figure
        if isinstance(found, RunDirectory):
            drawings = run_figures(read_run(found), _SIZE)
        elif (edges := read_edges(found)) is not None:
            drawings = edge_figures(edges, _SIZE)
        else:
            drawings = sweep_figures(read_sweep(found), _METRICS, None, None, _SIZE)
        for drawing in drawings:
            save(drawing, Path(made), ("pdf", "png"), _SIZE)
        yield from _files_of(Path(made))


def _files_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(folder.iterdir()):
        if file.is_file() and not file.is_symlink() and not file.name.startswith("."):
            yield file.name, read_regular(file)
