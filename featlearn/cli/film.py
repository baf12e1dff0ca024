"""``featlearn plot --film``."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import typer

from featlearn.claims.find import find_only
from featlearn.cli.errors import errors_told
from featlearn.runs.directory import RunDirectory
from featlearn.storage.errors import RunError
from featlearn.views.console.output import tell
from featlearn.views.console.progress import counting
from featlearn.views.data.certificate import read_certificates
from featlearn.views.data.run import read_run
from featlearn.views.figures.film import ENDINGS, ending_for, save_film
from featlearn.views.figures.style import Size

_OTHERS = {"sweep": "--film takes a run, and those of a sweep are in its folder runs/"}


def film_of(run: str, runs_dir: Path, out: Path | None, formats: str | None, size: Size, others: Sequence[str]) -> None:
    """Write the film of a run and say where.

    Args:
        out: a directory, or a file that ends with one of ``ENDINGS``.
        formats: one of ``ENDINGS``; None for that of ``out``, or the first that can be written.
        others: the options given beside it that a film has nothing to do with.
    """
    if others:
        raise typer.BadParameter(f"{', '.join(others)} and --film do not go together: leave one of them out")
    asked = None if formats is None else formats.strip().lower()
    if asked is not None and asked not in ENDINGS:
        raise typer.BadParameter(
            f"--format {formats}: a film is one of {', '.join(ENDINGS)}; leave --film out for figures"
        )
    named = out is not None and out.suffix[1:].lower() in ENDINGS and not out.is_dir()
    if out is not None and named:
        if asked not in (None, out.suffix[1:].lower()):
            raise typer.BadParameter(f"--format {asked} and --out {out} do not agree: leave --format out")
        asked = out.suffix[1:].lower()
    with errors_told():
        ending = ending_for(asked)
        found = find_only(RunDirectory, run, runs_dir, _OTHERS)
        data = read_run(found)
        certificates = None
        with suppress(RunError):  # a broken record of optima costs the certificate alone
            certificates = read_certificates(data)
        place = out or found.inside(found.figures.name)
        file = place.with_suffix(f".{ending}") if named else place / f"neurons.{ending}"
        with counting("drawing pictures") as watch:
            save_film(data, certificates, file, size, watch)
    tell(file)
