"""The files of the paper: every claim and every sweep can be read, and every point of the sweeps can be run."""

from pathlib import Path

import pytest

from featlearn.claims.load import SEED_PAPER, load_paper
from featlearn.claims.sweep_files import sweep_files
from featlearn.sweeps.load import load_sweep
from tests.places import PAPER

CLAIMS = load_paper(SEED_PAPER).claims


def test_every_claim_has_a_place_of_its_own() -> None:
    assert len(CLAIMS) == len(list(PAPER.glob("*.yaml"))) == len({claim.file.order for claim in CLAIMS.values()})


def test_every_sweep_belongs_to_a_claim() -> None:
    named = {claim.folder / sweep.file for claim in CLAIMS.values() for sweep in claim.file.sweeps.values()}
    assert named == set(PAPER.glob("sweeps/*.yaml"))


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("name", CLAIMS)
def test_every_point_of_the_claims_sweeps_can_be_run(name: str, quick: bool, tmp_path: Path) -> None:
    for _, file, text in sweep_files(CLAIMS[name], quick=quick):
        path = tmp_path / file
        path.write_text(text)
        assert all(point.config is not None for point in load_sweep(path).points())
