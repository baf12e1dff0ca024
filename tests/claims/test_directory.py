"""Reproduction directories: records of every version are read, and whatever was done to the files is one line."""

import json
import shutil
from pathlib import Path

import pytest

from featlearn.claims.directory import ReproductionDirectory
from featlearn.claims.listing import listing
from featlearn.claims.records import ReproductionBrief, ReproductionInfo
from featlearn.storage.errors import RunError
from featlearn.views.report import claims_files
from tests.places import ROOT
from tests.storage.damage import contents, damage, outside, soon, value_or_refusal

STORED = ROOT / "docs" / "reproduction"


@pytest.fixture
def reproduction(tmp_path: Path) -> ReproductionDirectory:
    """The stored record as a reproduction, to damage."""
    directory = ReproductionDirectory(tmp_path / "runs" / "copy")
    directory.sweeps.mkdir(parents=True)
    shutil.copy(STORED / "claims.json", directory.info_file)
    return directory


def test_the_stored_record_is_read_whatever_version_wrote_it(reproduction: ReproductionDirectory) -> None:
    info = reproduction.read_info()
    stored = json.loads((STORED / "claims.json").read_text())
    for claim, its in zip(info.claims, stored["claims"], strict=True):
        assert claim.plain().items() >= its.items()  # with what later versions say besides
    reproduction.write_info(info)
    assert reproduction.read_info() == info
    assert json.loads(reproduction.info_file.read_text())["format"] == 1
    brief = reproduction.brief(alive=False)
    assert isinstance(brief, ReproductionBrief)
    assert (brief.claims, brief.judged, brief.held) == (len(info.wanted), len(info.claims), info.held)


def test_a_record_of_a_later_format_is_refused(reproduction: ReproductionDirectory) -> None:
    info = json.loads(reproduction.info_file.read_text())
    reproduction.info_file.write_text(json.dumps(info | {"format": 2}))
    with pytest.raises(RunError, match=r"claims\.json has format 2, which featlearn \S+ wrote, and featlearn "):
        reproduction.read_info()


def test_verdicts_that_do_not_add_up_are_refused(reproduction: ReproductionDirectory) -> None:
    plain = reproduction.read_info().plain()
    one, wanted = plain["claims"][0], plain["wanted"]
    for changes in (
        {"claims": [one | {"passed": not one["passed"]}]},
        {"claims": [one] * len(wanted)},
        {"claims": [one], "wanted": wanted[1:]},
    ):
        reproduction.info_file.write_text(json.dumps(plain | changes))
        with pytest.raises(
            RunError, match=r"the verdict is not that of its checks|judged twice, or were not asked for"
        ):
            reproduction.read_info()


@pytest.mark.parametrize("seed", range(50))
def test_whatever_the_damage_reading_gives_a_value_or_one_line(
    seed: int, reproduction: ReproductionDirectory, tmp_path: Path
) -> None:
    victim = outside(tmp_path)
    before = contents(victim)
    told = damage(reproduction.path, victim, seed)
    with soon():
        for read in (
            reproduction.read_info,
            lambda: reproduction.brief(alive=False),
            lambda: ReproductionDirectory.find("copy", reproduction.path.parent),
            reproduction.lock,
        ):
            value_or_refusal(read)
        reproduction.release()
        assert not reproduction.is_locked()
        assert len(listing(reproduction.path.parent)) <= 1
    assert contents(victim) == before, told


def test_figures_are_not_written_through_a_link(reproduction: ReproductionDirectory, tmp_path: Path) -> None:
    victim = outside(tmp_path)
    before = contents(victim)
    reproduction.figures.symlink_to(victim)
    with pytest.raises(RunError, match="figures is a link"):
        claims_files.write(reproduction)
    reproduction.page_file.symlink_to(victim / "thesis.tex")
    reproduction.write_page("page")
    assert reproduction.page_file.read_text() == "page"
    assert contents(victim) == before


def test_a_sweep_file_is_written_in_its_place_alone(reproduction: ReproductionDirectory, tmp_path: Path) -> None:
    victim = outside(tmp_path)
    reproduction.sweeps.rmdir()
    reproduction.sweeps.symlink_to(victim)
    before = contents(victim)
    for write in (lambda: reproduction.write_sweep_file("few.yaml", "text"), reproduction.lock):
        with pytest.raises(RunError, match="sweeps is a link"):
            write()
    assert contents(victim) == before


def test_a_number_that_is_null_in_the_file_is_none(reproduction: ReproductionDirectory) -> None:
    info = reproduction.read_info()
    claim = next(claim for claim in info.claims if claim.panel is not None and claim.panel.series)
    assert claim.panel is not None
    series = claim.panel.series[0]
    plain = claim.plain()
    plain["panel"]["series"][0]["y"][0] = None
    text = json.dumps(info.plain() | {"claims": [plain]})
    read = ReproductionInfo.parse(text).claims[0].panel
    assert read is not None
    assert read.series[0].y[0] is None
    assert read.series[0].y[1:] == series.y[1:]
