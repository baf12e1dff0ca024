"""Reproduction directories: the only place that spells the names of their files.

``claims.json`` says everything that was found, and is replaced by one rename after each claim; the sweeps lie beside
it, each in a directory of its own. The page and the figures are made from ``claims.json``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from featlearn.claims.records import ReproductionBrief, ReproductionInfo
from featlearn.storage.directory import Directory, Member
from featlearn.storage.drafts import drafted_directory
from featlearn.storage.errors import RunError, reason
from featlearn.storage.locks import PATIENCE
from featlearn.storage.names import stem_of
from featlearn.storage.replacement import write_file


class ReproductionDirectory(Directory[ReproductionInfo]):
    """One reproduction on disk."""

    kind = "reproduction"
    info_type = ReproductionInfo

    # the names, all of them
    info_file = Member("claims.json")
    page_file = Member("claims.md")
    figures = Member("figures")
    sweeps = Member("sweeps")

    def write_sweep_file(self, name: str, text: str) -> Path:
        """Write a sweep file as it is run; returns its path. Raises RunError, OSError."""
        file = self.inside(self.sweeps.name) / name
        write_file(file, text.encode())
        return file

    @classmethod
    def create(cls, runs_dir: Path, info: ReproductionInfo) -> Self:
        """A new directory ``<time>-reproduction-<paper>-<kind>``. Raises RunError when it cannot be made."""
        cls.clear(runs_dir)
        try:
            with drafted_directory(runs_dir) as draft:
                self = cls(draft.path)
                self.sweeps.mkdir()
                self.write_info(info)
                draft.publish_as(stem_of(f"reproduction-{info.paper}", "quick" if info.quick else "full"))
        except OSError as error:
            raise RunError(f"cannot make a directory in {runs_dir}: {reason(error)}") from None
        return cls(draft.path)

    def lock(self, patience: float = PATIENCE) -> None:
        """As of any directory; RunError also when its sweeps would lie elsewhere."""
        self.inside(self.sweeps.name)
        super().lock(patience)

    def brief(self, *, alive: bool) -> ReproductionBrief:
        info = self.read_info()
        return ReproductionBrief.made_of(
            info,
            status="running" if alive else "interrupted" if info.status != "done" else _verdict(info),
            claims=len(info.wanted),
            judged=len(info.claims),
        )

    def write_page(self, text: str) -> None:
        """Write the page for people. Raises RunError when it cannot be written."""
        try:
            write_file(self.page_file, text.encode())
        except OSError as error:
            raise RunError(f"{self.page_file} cannot be written: {reason(error)}") from None


def _verdict(info: ReproductionInfo) -> Literal["done", "failed"]:
    return "done" if info.all_hold else "failed"
