"""The key `find` of a sweep file says what is searched, or what is wrong with it."""

from pathlib import Path

import pytest

from featlearn.config.yaml_source import ConfigError
from featlearn.sweeps.load import load_sweep
from featlearn.sweeps.search.edges import Searches
from tests.sweeps.search.made_up import search_file, sweep_of

WHERE = 'where: "share(recovered == 3) >= 0.5"'


def searches(place: Path, find: str, more: str = "") -> Searches:
    return Searches(sweep_of(place, f"{{{find}, {WHERE}, seeds: 40}}", more))


@pytest.mark.parametrize(
    ("axis", "log", "whole"),
    [
        ("student.width: [2, 400]", True, True),
        ("student.width: [2, 20]", False, True),
        ("student.width: [2, 20], scale: log", True, True),
        ("student.width: [2, 400], scale: linear", False, True),
        ("stages.only.step_size: [0.01, 1]", True, False),
        ("stages.only.weight_decay: [0, 1], tolerance: 0.01", False, False),
    ],
)
def test_an_axis_is_logarithmic_where_its_ends_are_more_than_tenfold_apart(
    tmp_path: Path, axis: str, log: bool, whole: bool
) -> None:
    scale = searches(tmp_path, axis).scale
    assert (scale.log, scale.whole) == (log, whole)


def test_a_tolerance_is_a_share_or_a_number(tmp_path: Path) -> None:
    width = "student.width: [2, 400]"
    told = [searches(tmp_path, f"{width}{more}").tolerance for more in ("", ", tolerance: 2.5%", ", tolerance: 3")]
    assert [(found.size, found.relative) for found in told] == [(0.05, True), (0.025, True), (3, False)]


def test_the_errors_of_all_decisions_add_up_to_what_the_confidence_leaves(tmp_path: Path) -> None:
    found = searches(tmp_path, "student.width: [2, 400], confidence: 0.9")
    assert found.error * found.most_values == pytest.approx(0.1)
    assert found.most_points() == found.most_values * 40


DECAY = "stages.only.weight_decay: [0, 1]"
GOOD = f"student.width: [2, 400], seeds: 40, {WHERE}"


@pytest.mark.parametrize(
    ("find", "more", "told"),
    [
        (f"seeds: 40, {WHERE}", "", "find: names no axis: it needs a key of the configuration with its two ends"),
        (GOOD + ", stages.only.step_size: [0, 1]", "", "find.stages.only.step_size: is a second axis beside"),
        (GOOD + ", tolerence: 5", "", "is a second axis beside 'student.width', and a search has one; did you mean"),
        (GOOD + ", tolerance: five", "", "find.tolerance: must be a share above 0 as 5 %, or a number, got 'five'"),
        (GOOD + ", tolerance: 0 %", "", "find.tolerance: must be a share above 0"),
        (GOOD + ", tolerance: 0", "", "find.tolerance:"),
        (GOOD + ", confidence: 1", "", "find.confidence:"),
        (GOOD + ", scale: loud", "", "find.scale:"),
        (GOOD.replace("[2, 400]", "[400, 2]"), "", "find.student.width: must be two numbers, the smaller one first"),
        (GOOD.replace("[2, 400]", "[2, 4, 6]"), "", "find.student.width: must be the two ends of an axis"),
        (GOOD.replace("[2, 400]", "[a, b]"), "", "find.student.width: must be the two ends of an axis"),
        (GOOD.replace("[2, 400]", "[2.5, 400]"), "", "student.width: expected a whole number, got the number 2.5"),
        (GOOD.replace("[2, 400]", "[3, 400]"), "", "find.student.width[0]: cannot run: student.width: 3 is odd"),
        (GOOD.replace("student.width", "student.widht"), "", "student.widht: unknown key; did you mean 'width'"),
        (GOOD.replace("student.width: [2, 400]", DECAY), "", "find.tolerance: is a share of the edge"),
        (GOOD.replace("student.width: [2", "scale: log, student.width: [0"), "", "must be greater than 0 on a log"),
        (GOOD.replace("recovered", "recoverd"), "", "find.where: no run here has a key 'recoverd'; did you mean"),
        (GOOD.replace("seeds: 40", "seeds: 5"), "", "find.seeds: 5 can never decide it either way"),
        (GOOD.replace("0.5", "0.99999999"), "", "it takes 131072 or more"),
        (GOOD.replace("student.width: [2", "student.width: [0"), "", "student.width: must be at least 1"),
        (GOOD.replace("student.width: [2, 400]", "backend: [0, 1]"), "", "backend: 0 is not allowed"),
        (GOOD.replace("student.width: [2, 400]", "seed: [0, 100]"), "", "find.seed: varies what seeds varies too"),
        (GOOD.replace("student.width: [2, 400]", "log.gap: [0, 1]"), "", "log.gap: expected true or false"),
        (GOOD.replace("[2, 400]", "[-2, 400]"), "", "student.width: must be at least 1"),
        (WHERE, "", "find: names no axis"),
        (WHERE, "", "find.seeds: missing"),
        (GOOD.replace("recovered == 3", "recovered == 7"), "", "recovered is a whole number, at least 0 and at most 3"),
        (GOOD.replace(WHERE, "where: median(test_loss) <= 1"), "", "find.where: no run has a value of test_loss at"),
        (GOOD, "seeds: 3", "seeds: find has seeds of its own"),
        (GOOD, "grid: {student.width: [2, 4]}", "varies what 'student.width' varies too"),
        (GOOD, "grid: {seed: [2, 4]}", "varies what seeds varies too"),
        (GOOD.replace("seeds: 40", "seeds: 100000"), "", "find: may take 1800000 points; at most 1000000"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, find: str, more: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_sweep(search_file(tmp_path, f"{{{find}}}", more))
    assert told in "\n".join(map(str, caught.value.complaints))


def test_a_find_that_is_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="find: is empty and names no axis: it needs a key of the configuration"):
        load_sweep(search_file(tmp_path, "", "seeds: 3"))


def test_a_confidence_may_be_a_percentage(tmp_path: Path) -> None:
    assert searches(tmp_path, "student.width: [2, 400], confidence: 90 %").find.confidence == 0.9
