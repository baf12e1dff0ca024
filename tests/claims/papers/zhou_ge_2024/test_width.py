"""The claim about width: what small sweeps show, and tables whose answer is known."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.papers.zhou_ge_2024.width import measure, needed
from featlearn.runs.metrics import Table
from tests.claims.papers.judging import grid
from tests.claims.papers.small import failed
from tests.claims.papers.zhou_ge_2024.small import SHORT, TINY, claim, judged, judged_when_broken
from tests.claims.papers.zhou_ge_2024.tables import assert_complete, holding, swept, tables, with_ends


@pytest.mark.slow
def test_small_sweeps_give_every_check_a_number_and_an_interval(tmp_path: Path) -> None:
    teachers = "teacher.width: [2], teacher.min_angle: [30], teacher.rank: [2]"
    sweeps = {
        "reference": swept(tmp_path / "a", f"{teachers}, student.width: [8]", rest="seeds: 6\nstore: summary\n"),
        "starts": swept(tmp_path / "d", f"{teachers}, student.width: [50]", rest="seeds: 8\nstore: summary\n"),
        "teachers": swept(tmp_path / "b", f"{teachers}, student.width: [6, 8]"),
        "wide": swept(tmp_path / "c", f"{teachers}, student.width: [12]"),
    }
    assert_complete("width", sweeps, measure(Evidence(sweeps, claim("width").file.parameters)))


GRID = {**TINY, **SHORT}
SMALL = {
    "reference": {"seeds": 6, "grid": {**GRID, "student.width": [8]}},
    "starts": {"seeds": 6, "grid": {**GRID, "student.width": [50]}},
    "teachers": {"seeds": 1, "grid": {**GRID, "student.width": [8]}},
    "wide": {"seeds": 1, "grid": {**GRID, "student.width": [12]}},
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["no weight decay", "steps go uphill"])
def test_with_broken_steps_no_width_is_enough(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert failed(judged_when_broken(fault, "width", SMALL, tmp_path, monkeypatch)) == {"gain", "needed"}


@pytest.mark.slow
def test_small_versions_find_the_teacher_at_the_larger_width(tmp_path: Path) -> None:
    _, needed = judged("width", SMALL, tmp_path).checks
    assert needed.value == 50


def table(found: Callable[[Table], np.ndarray], widths: list[float], teachers: float = 3) -> Table:
    """Runs of 40 seeds, of which the first four have ill-conditioned teachers."""
    runs = grid(40, student__width=widths, teacher__width=[teachers], teacher__min_angle=[25], teacher__rank=[2])
    return with_ends(runs | {"conditioning": np.where(runs["seed"] < 4, 0.05, 0.5)}, found(runs))


def measured(found: Callable[[Table], np.ndarray]) -> Findings:
    others = {"teachers": table(found, [8, 16, 50], 4), "wide": table(found, [100], 5)}
    return measure(tables("width", reference=table(found, [8, 16]), starts=table(found, [50]), **others))


def test_it_holds_where_width_helps_and_not_where_it_does_not() -> None:
    good = measured(lambda t: (t["student.width"] >= 16) & (t["seed"] >= 4))
    assert good.measured["needed"].value == 16
    assert good.measured["needed"].count == 36
    assert good.measured["gain"].value == 1
    assert all(holding("width", good).values())
    assert "m* = 3, r = 2, Δ = 25°: from m = 16 on; shares 0.00 at m = 8, 1.00 at m = 16" in good.edges[0]
    assert "(36 starts, 0 fail at every width)" in good.edges[0]
    assert good.edges[-1].startswith("the same, ill conditioned: no tested width suffices; shares 0.00 at m = 8")
    assert len(good.edges) == 4
    broken = measured(lambda t: t["seed"] < 0)
    assert not any(holding("width", broken).values())
    assert "(36 starts, 36 fail at every width)" in broken.edges[0]


def test_it_does_not_hold_when_the_widest_fails_in_one_start_of_twelve() -> None:
    assert not holding("width", measured(lambda t: t["seed"] % 12 > 0))["needed"]


def test_a_seed_without_all_widths_is_no_case() -> None:
    starts = table(lambda t: t["seed"] >= 0, [50])
    starts = {name: column[:30] for name, column in starts.items()}
    given = {name: table(lambda t: t["seed"] >= 0, [8]) for name in ("reference", "teachers", "wide")}
    assert measure(tables("width", starts=starts, **given)).measured["gain"].count == 26


def test_the_width_that_is_needed_is_the_one_from_which_on_all_suffice() -> None:
    assert needed([4, 8, 16], np.array([1.0, 0.9, 1.0]), 0.95) == 16
    assert needed([4, 8, 16], np.array([1.0, 1.0, 0.95]), 0.95) == 4
    assert needed([4, 8, 16], np.array([1.0, 1.0, 0.9]), 0.95) == np.inf
