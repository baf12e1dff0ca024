"""The page of a reproduction is true to claims.json."""

import json
import re
from typing import Any

import pytest

from featlearn.claims.records import CheckRecord, ReproductionInfo
from featlearn.views.report import claims as claims_text
from featlearn.views.words.numbers import duration, interval, value

CHECK: dict[str, Any] = {
    "id": "share",
    "measures": "share of W in S* | d = 32",
    "threshold": "> 0.95",
    "judged_by": "interval",
}
CHECK |= {"value": 0.98765, "low": 0.98, "high": 0.99, "count": 50, "passed": True}
CLAIM: dict[str, Any] = {
    "id": "subspace",
    "sentence": "w* is_found.",
    "origin": "paper",
    "source": "abstract",
    "falsified_by": "less",
}
CLAIM |= {
    "edge": "low d",
    "edges": ["0.9 at d = 4"],
    "checks": [CHECK],
    "passed": True,
    "message": None,
    "seconds": 2.5,
}
CLAIM |= {"panel": {"x": "d", "y": "share", "series": [], "log_x": False, "log_y": False, "marks": {}}}
CLAIM |= {"sweeps": [{"name": "d", "file": "../sweeps/d.yaml", "directory": "x", "points": 70, "done": 68}]}
LOST: dict[str, Any] = {"value": None, "low": None, "high": None, "count": 0, "passed": False}
FAILED: dict[str, Any] = CLAIM | {
    "id": "local",
    "origin": "reading",
    "passed": False,
    "checks": [CHECK | LOST],
    "panel": None,
}
FAILED |= {"message": "could not be measured: ValueError: no", "edges": [], "sweeps": []}
INFO: dict[str, Any] = {"status": "done", "created": "2026-11-24T21:00:00+00:00", "quick": False, "seconds": 3600.0}
INFO |= {"wanted": ["subspace", "local"], "claims": [CLAIM, FAILED], "git": {"commit": "a" * 40, "dirty": True}}
INFO |= {
    "machine": {"system": "Linux", "processor": "x86_64"},
    "versions": {"python": "3.11", "torch": None},
}


def test_the_page_tells_everything() -> None:
    page = claims_text.page(ReproductionInfo.parse(json.dumps(INFO)), "figures", "sweeps")
    assert page.startswith(
        "# The claims of zhou-ge-2024, reproduced\n\n**1 of 2 claims hold; this one does not: local.**\n"
    )
    assert "Made by `featlearn reproduce` on 2026-11-24 in 60 min; commit `aaaaaaaaaaaa` with changes; Linux" in page
    assert "python 3.11." in page
    row = r"share of W in S\* \| d = 32 | 0.9877 | 0.98 … 0.99 | > 0.95 | 50 | **PASS** |"
    assert f"| [subspace](#subspace) | {row}" in page
    assert f"\n| {row}" in page
    assert r"**PASS** · w\* is\_found." in page
    assert "![share](figures/subspace.png)" in page
    assert "*Whose claim:* the paper's own (abstract)." in page
    assert "*What would falsify it:* less." in page
    assert "  * 0.9 at d = 4" in page
    assert "[`d.yaml`](sweeps/d.yaml) (70 runs, 2 of them failed or diverged)" in page
    assert "## local\n\n**FAIL**" in page
    assert "The claim could not be measured: ValueError: no." in page
    assert "our reading" in page
    assert "local.png" not in page
    for table in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_the_page_of_another_paper_says_which_and_where_its_published_numbers_come_from() -> None:
    claims = [CLAIM | {"published": ["counts: their table *1*"]}, FAILED]
    page = claims_text.page(
        ReproductionInfo.parse(json.dumps(INFO | {"paper": "made-up-2025", "claims": claims})), "figures", "sweeps"
    )
    assert page.startswith("# The claims of made-up-2025, reproduced\n\n")
    assert "Made by `featlearn reproduce --paper made-up-2025` on" in page
    assert r"* *Published numbers:* counts: their table \*1\*." in page


def test_the_page_of_a_quick_or_unfinished_reproduction_says_so() -> None:
    changes = {"quick": True, "wanted": ["subspace", "local", "decay"], "status": "running"}
    info = ReproductionInfo.parse(json.dumps(INFO | changes))
    page = claims_text.page(info, "figures", "sweeps")
    assert "not judged yet: decay" in page
    assert "`featlearn reproduce --quick`" in page
    one = info.changed(wanted=("subspace",), claims=info.claims[:1])
    assert claims_text.verdict(one) == "The claim holds"
    one = info.changed(wanted=("subspace",), claims=info.claims[:1], status="done")
    assert claims_text.verdict(one) == "The claim holds"
    assert "[`d.yaml`](../papers/d.yaml)" in claims_text.body(info, "f", "../papers")


@pytest.mark.parametrize(
    ("low", "middle", "high", "shown"),
    [
        (0.1, 0.2, 0.3, ("0.2", "0.1 … 0.3")),
        (0.2, 0.2, 0.2, ("0.2", "–")),
        (-2.0, -1.0, 1e-9, ("−1", "−2 … 1e−09")),
        (0.1, 0.2, None, ("0.2", "0.1 … ∞")),
        (None, 0.2, None, ("0.2", "−∞ … ∞")),
        (None, None, None, ("not finite", "–")),
    ],
)
def test_measured_numbers(low: float | None, middle: float | None, high: float | None, shown: tuple[str, str]) -> None:
    check = CheckRecord(**CHECK).changed(value=middle, low=low, high=high, count=9)
    lost = check.changed(**LOST)
    assert (value(check), interval(check)) == shown
    assert (value(lost), interval(lost)) == ("–", "–")


def test_lengths_of_time() -> None:
    told = [duration(s) for s in (0, 89, 120, 3600 * 1.6, 3600 * 40)]
    assert told == ["0 s", "89 s", "2 min", "1.6 h", "1.7 days"]
