"""The files of the papers: every claim and every sweep can be read, and every point of the sweeps can be run."""

from pathlib import Path

import pytest

from featlearn.claims import papers
from featlearn.claims.load import SEED_PAPER, load_papers
from featlearn.claims.sweep_files import sweep_files
from featlearn.sweeps.load import load_sweep

PAPERS = {paper.id: paper for paper in load_papers()}
CLAIMS = [(paper.id, claim) for paper in PAPERS.values() for claim in paper.claims]


def folder_of(name: str) -> Path:
    return Path(papers.__path__[0], name.replace("-", "_"))


@pytest.mark.parametrize("name", PAPERS)
def test_every_claim_has_a_place_of_its_own(name: str) -> None:
    claims = PAPERS[name].claims
    files = {path.stem for path in folder_of(name).glob("*.yaml")} - {"paper"}
    assert len(claims) == len(files) == len({claim.file.order for claim in claims.values()})


@pytest.mark.parametrize("name", PAPERS)
def test_every_sweep_belongs_to_a_claim(name: str) -> None:
    claims = PAPERS[name].claims.values()
    named = {claim.folder / sweep.file for claim in claims for sweep in claim.file.sweeps.values()}
    assert named == set(folder_of(name).glob("sweeps/*.yaml"))


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize(("paper", "claim"), CLAIMS)
def test_every_point_of_the_claims_sweeps_can_be_run(paper: str, claim: str, quick: bool, tmp_path: Path) -> None:
    for _, file, text in sweep_files(PAPERS[paper].claims[claim], quick=quick):
        path = tmp_path / file
        path.write_text(text)
        assert all(point.config is not None for point in load_sweep(path).points())


def test_the_paper_that_is_reproduced_by_default_is_one_of_them() -> None:
    assert SEED_PAPER in PAPERS
