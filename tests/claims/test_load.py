"""Papers are found where they lie; their claims are strict, and everything wrong with them is told with its place."""

from pathlib import Path

import pytest

from featlearn.claims.load import load_paper, load_papers, paper_names
from featlearn.config.yaml_source import ConfigError
from featlearn.storage.errors import RunNotFound
from tests.claims.made_up import (
    ABOUT,
    CLAIM,
    HALF,
    HOLDS,
    PAPER,
    RAISES,
    SHARES,
    SLOW,
    TOO_HIGH,
    WAITS,
    add_claim,
    add_paper,
    use_paper,
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return use_paper(tmp_path, monkeypatch)


def complaints(folder: Path) -> list[str]:
    with pytest.raises(ConfigError) as error:
        load_paper(PAPER)
    return [str(complaint) for complaint in error.value.complaints]


def test_the_claims_of_a_paper_are_those_that_lie_in_its_package_in_their_order(folder: Path) -> None:
    assert list(load_paper(PAPER).claims) == [HOLDS, SHARES, TOO_HIGH, RAISES, HALF, WAITS, SLOW]
    add_claim(folder, "new-one", CLAIM.replace("order: 1", "order: 2.5"), "def measure(evidence): return 'found'\n")
    claims = load_paper(PAPER).claims
    assert list(claims) == [HOLDS, SHARES, "new-one", TOO_HIGH, RAISES, HALF, WAITS, SLOW]
    assert claims["new-one"].id == "new-one"
    assert claims["new-one"].measure(None) == "found"  # type: ignore[arg-type]
    assert claims["new-one"].file.sentence == "The loss* falls | always."


def test_an_unknown_paper_is_told_with_the_known_ones(folder: Path) -> None:
    with pytest.raises(RunNotFound, match="there is no paper 'made-up'; did you mean 'made-up-2025'"):
        load_paper("made-up")


def test_a_paper_without_claims_is_refused(folder: Path) -> None:
    for file in folder.glob("*.yaml"):
        file.unlink()
    (folder / "paper.yaml").write_text(ABOUT)
    assert complaints(folder) == [f"{folder}:1:1: (directory): holds no claims; install the package anew"]


@pytest.mark.parametrize(
    ("old", "new", "place", "key", "told"),
    [
        ("origin: paper", "origin: papr", "3:9", "origin", "did you mean 'paper'"),
        ("sentence:", "sentense:", "2:1", "sentense", "did you mean 'sentence'"),
        ("order: 1\n", "", "1:1", "order", "missing (its place among the claims of its paper"),
        ("edge: large steps\n", "", "1:1", "edge", "missing (where it is expected to stop holding"),
        ("below: 1.0", "belwo: 1.0", "10:53", "checks.loss.belwo", "did you mean 'below'"),
        (", below: 1.0", "", "10:9", "checks.loss", "needs a threshold"),
        ("below: 1.0", "below: 1.0, above: 2", "10:60", "checks.loss.below", "no number is both"),
        ("below: 1.0", "below: .nan", "10:60", "checks.loss.below", "NaN and infinity are not numbers"),
        ("below: 1.0", "below: 1.0, judged_by: luck", "10:76", "checks.loss.judged_by", "one of: interval, value"),
        ("seeds: 2", "seedz: 2", "8:47", "sweeps.few.quick.seedz", "did you mean 'seeds'"),
        ("grid: {student.width: [8]}", "grid: [8]", "8:56", "sweeps.few.quick.grid", "expected a mapping"),
        ("few.yaml", "fwe.yaml", "8:15", "sweeps.few.file", "no such file"),
        ("checks:\n", "checks: {}\nchecks:\n", "10:1", "checks", "duplicate key"),
        ("origin: paper", "origin: paper\norigin: paper", "4:1", "origin", "duplicate key"),
    ],
)
def test_what_is_wrong_with_a_claim_is_told_with_its_place(
    old: str, new: str, place: str, key: str, told: str, folder: Path
) -> None:
    file = folder / "holds.yaml"
    assert old in CLAIM
    file.write_text(CLAIM.replace(old, new, 1))
    lines = complaints(folder)
    assert any(line.startswith(f"{file}:{place}: {key}: ") and told in line for line in lines), lines


def test_everything_wrong_with_all_claims_is_told_at_once(folder: Path) -> None:
    broken = CLAIM.replace("paper", "papr", 1).replace("seeds: 2", "seedz: 2").replace("1.0", "one")
    (folder / "holds.yaml").write_text(broken)
    (folder / "shares.yaml").write_text(CLAIM.replace("origin: paper", "origin: papr"))
    keys = [line.split(": ")[1] for line in complaints(folder)]
    assert keys == ["origin", "sweeps.few.quick.seedz", "checks.loss.below", "origin"]


def test_a_claim_without_a_measurement_is_told(folder: Path) -> None:
    add_claim(folder, "no-function", CLAIM, "measured = 1\n")
    add_claim(folder, "no module", CLAIM, "")
    (folder / "shares.py").unlink()
    assert complaints(folder) == [
        f"{folder / 'no module.py'}: is not the name of a module: letters, digits and _, not starting with a digit",
        f"{folder / 'no_function.py'}:1:1: measure: needs a function measure(evidence), which returns the findings of "
        "the claim",
        f"{folder / 'shares.py'}: no such file; it measures the claim beside it",
    ]


def test_all_papers_are_told_oldest_first(folder: Path) -> None:
    add_paper(folder, "made_up_2020")
    assert paper_names() == ["made-up-2020", PAPER]
    first, second = load_papers()
    assert [(first.id, first.about.year), (second.id, second.about.year)] == [("made-up-2020", 2020), (PAPER, 2025)]
    assert (second.about.authors, second.about.code, second.about.ours) == (["A. Nobody", "B. Somebody"], None, [])


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("title: How Losses Fall\n", "", "1:1: title: missing (its title)"),
        ("year: 2025", "yaer: 2025", "3:1: yaer: unknown key; did you mean 'year'"),
        ("authors: [A. Nobody, B. Somebody]", "authors: A. Nobody", "2:10: authors: "),
        ("year: 2025", "year: 2025\nyear: 2026", "4:1: year: duplicate key"),
        ("year: 2025", "year: 2025\nminutes: 0", "4:10: minutes: "),
    ],
)
def test_what_is_wrong_with_a_paper_is_told_with_its_place(old: str, new: str, told: str, folder: Path) -> None:
    assert old in ABOUT
    (folder / "paper.yaml").write_text(ABOUT.replace(old, new))
    assert any(line.startswith(f"{folder / 'paper.yaml'}:{told}") for line in complaints(folder)), complaints(folder)


def test_a_paper_that_does_not_say_what_it_is_is_refused(folder: Path) -> None:
    other = add_paper(folder, "made_up_2020")
    for place in (folder, other):
        (place / "paper.yaml").unlink()
    line = "paper.yaml: no such file; it says what the paper is"
    assert complaints(folder) == [f"{folder}/{line}"]
    with pytest.raises(ConfigError) as error:
        load_papers()
    assert [str(complaint) for complaint in error.value.complaints] == [f"{other}/{line}", f"{folder}/{line}"]


def test_published_numbers_are_pairs_with_a_source(folder: Path) -> None:
    file = folder / "holds.yaml"
    file.write_text(CLAIM + "published:\n  losses: {x: [8, 10], y: [0.5, 0.25], source: their table 1}\n")
    published = load_paper(PAPER).claims[HOLDS].file.published["losses"]
    assert (published.x, published.y, published.source) == ((8, 10), (0.5, 0.25), "their table 1")
    file.write_text(CLAIM + "published:\n  losses: {x: [8, 10], y: [0.5, many], source: their table 1}\n")
    [line] = complaints(folder)
    assert line.startswith(f"{file}:12:33: published.losses.y[1]: ")
    file.write_text(CLAIM + "published:\n  losses: {x: [8, 10], y: [0.5], source: their table 1}\n")
    assert complaints(folder) == [f"{file}:12:27: published.losses.y: has 1 entries, and x has 2"]
