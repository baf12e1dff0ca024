"""The claim about width: what small sweeps show, and tables whose answer is known."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.papers.zhou_ge_2024.width import measure, needed
from featlearn.runs.metrics import Table
from tests.claims.papers.zhou_ge_2024.small import claim
from tests.claims.papers.zhou_ge_2024.tables import assert_complete, crossed, holding, swept, tables


def test_small_sweeps_give_every_check_a_number_and_an_interval(tmp_path: Path) -> None:
    teachers = "teacher.width: [2], teacher.min_angle: [30]"
    sweeps = {
        "reference": swept(tmp_path / "a", f"{teachers}, student.width: [6, 50]"),
        "teachers": swept(tmp_path / "b", "teacher.width: [3], teacher.min_angle: [10], student.width: [6, 8]"),
        "wide": swept(tmp_path / "c", f"{teachers}, student.width: [12]"),
    }
    assert_complete("width", sweeps, measure(Evidence(sweeps, claim("width").file.parameters)))


def table(found: Callable[[Table], np.ndarray], teachers: float = 3) -> Table:
    runs = crossed(40, student__width=[8, 16, 50], teacher__width=[teachers], teacher__min_angle=[25])
    right = found(runs)
    return runs | {"recovered": np.where(right, teachers, 1), "aligned_mass": np.where(right, 1.0, 0.5)}


def measured(found: Callable[[Table], np.ndarray]) -> Findings:
    return measure(tables("width", reference=table(found), teachers=table(found, 4), wide=table(found, 5)))


def test_it_holds_where_every_start_succeeds_and_not_where_none_does() -> None:
    good = measured(lambda t: t["student.width"] >= 16)
    assert good.measured["needed"].value == 16
    assert all(holding("width", good).values())
    assert "m* = 3, Δ = 25°: from m = 16 on; shares 0.00 at m = 8, 1.00 at m = 16" in good.edges[0]
    assert "(40 starts, 0 fail at every width)" in good.edges[0]
    assert len(good.edges) == 3
    broken = measured(lambda t: t["seed"] < 0)
    assert not any(holding("width", broken).values())
    assert "no tested width suffices" in broken.edges[0]
    assert "(40 starts, 40 fail at every width)" in broken.edges[0]
    assert broken.edges[-1].endswith("0.50; median of all 0.50")


def test_it_does_not_hold_when_the_widest_fails_in_one_start_of_ten() -> None:
    assert not any(holding("width", measured(lambda t: t["seed"] % 10 > 0)).values())


def test_the_width_that_is_needed_is_the_one_from_which_on_all_suffice() -> None:
    assert needed([4, 8, 16], np.array([1.0, 0.9, 1.0]), 0.95) == 16
    assert needed([4, 8, 16], np.array([1.0, 1.0, 0.95]), 0.95) == 4
    assert needed([4, 8, 16], np.array([1.0, 1.0, 0.9]), 0.95) == np.inf
