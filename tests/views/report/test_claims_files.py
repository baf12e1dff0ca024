"""The figures and the page of a reproduction are made from what it found, and figures that are there are left."""

import shutil
from pathlib import Path

import pytest

from featlearn.claims.directory import ReproductionDirectory
from featlearn.storage.errors import RunError
from featlearn.views.report.claims_files import write
from tests.places import ROOT


@pytest.fixture
def reproduction(tmp_path: Path) -> ReproductionDirectory:
    """A reproduction of two claims, of which one has a figure."""
    directory = ReproductionDirectory(tmp_path / "copy")
    directory.sweeps.mkdir(parents=True)
    shutil.copy(ROOT / "docs" / "reproduction" / "claims.json", directory.info_file)
    info = directory.read_info()
    subspace, local = (next(claim for claim in info.claims if claim.id == id) for id in ("subspace", "local"))
    directory.write_info(info.changed(wanted=("subspace", "local"), claims=(subspace, local.changed(panel=None))))
    return directory


def test_every_claim_with_a_figure_gets_its_files_and_the_page_is_written(reproduction: ReproductionDirectory) -> None:
    write(reproduction)
    files = sorted(file.name for file in reproduction.figures.iterdir())
    assert files == ["subspace.csv", "subspace.pdf", "subspace.png", "subspace.txt"]
    page = reproduction.page_file.read_text()
    assert "(figures/subspace.png)" in page
    assert "## local" in page


def test_figures_that_are_there_are_left_and_the_page_is_renewed(reproduction: ReproductionDirectory) -> None:
    write(reproduction)
    for name in ("subspace.pdf", "subspace.png"):
        (reproduction.figures / name).write_text("as it was")
    reproduction.page_file.write_text("old")
    write(reproduction)
    assert (reproduction.figures / "subspace.pdf").read_text() == "as it was"
    assert reproduction.page_file.read_text() != "old"
    (reproduction.figures / "subspace.png").unlink()
    write(reproduction)
    assert (reproduction.figures / "subspace.pdf").read_bytes().startswith(b"%PDF"), "both are drawn again"


def test_what_cannot_be_written_says_how_to_go_on(reproduction: ReproductionDirectory) -> None:
    reproduction.figures.write_text("a file in the place of the folder")
    with pytest.raises(RunError, match=r"figures cannot be written: .*; go on with: featlearn reproduce --resume"):
        write(reproduction)
