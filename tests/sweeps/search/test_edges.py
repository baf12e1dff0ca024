"""Searches find the edges of made-up runs, with few of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.sweeps.records import Entry
from featlearn.sweeps.search.edges import Edge, Searches
from featlearn.sweeps.sweep import Setting
from tests.sweeps.search.made_up import Respond, drawn, found, logistic, result_of, sweep_of

HALF = '{student.width: [2, 400], where: "share(recovered == 3) >= 0.5", seeds: 100}'


def step(edge: float) -> Respond:
    return lambda values: {"recovered": 3 if values["student.width"] >= edge else 2}


def test_a_sharp_edge_is_found_by_the_fewest_seeds_that_decide_at_each_value(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path, HALF)
    [edge] = found(sweep, step(137))
    assert (edge.search.ending, edge.search.low, edge.search.high, edge.search.rises) == ("found", 132, 138, True)
    fewest = max(Searches(sweep).statistic.fewest(Searches(sweep).error))
    assert {seen.runs for seen in edge.seen} == {fewest}
    plain = edge.plain()
    assert (plain["ending"], plain["holds"]) == ("found", "above")
    assert plain["runs_saved"] == plain["grid_runs"] - plain["runs"] > 5000


def test_the_seeds_of_a_search_may_begin_anywhere(tmp_path: Path) -> None:
    asked = set()

    def respond(values: Setting) -> dict[str, Any]:
        asked.add(values["seed"])
        return step(137)(values)

    [edge] = found(sweep_of(tmp_path, HALF.replace("seeds: 100", "seeds: 100, first_seed: 7000")), respond)
    assert edge.search.ending == "found"
    assert asked == set(range(7000, 7000 + edge.seen[0].runs))


def test_widths_that_cannot_be_are_passed_over(tmp_path: Path) -> None:
    [edge] = found(sweep_of(tmp_path, HALF), step(0.5 * 137))
    assert all(seen.value % 2 == 0 for seen in edge.seen)  # the start is symmetric


def test_each_setting_of_the_other_axes_has_a_search_of_its_own(tmp_path: Path) -> None:
    more = "grid: {teacher.width: [2, 3]}\nzip: [{teacher.input_dim: [4, 5], teacher.rank: [2, 3]}]"

    def respond(values: Setting) -> dict[str, Any]:
        edge = 10 * values["teacher.width"] * values["teacher.input_dim"]
        return {"recovered": 3 if values["student.width"] < edge else 0}

    edges = found(sweep_of(tmp_path, HALF, more), respond)
    assert [tuple(edge.setting.values()) for edge in edges] == [(2, 4, 2), (2, 5, 3), (3, 4, 2), (3, 5, 3)]
    for edge, at in zip(edges, (80, 100, 120, 150), strict=True):
        assert edge.search.low < at <= edge.search.high  # type: ignore[operator]
        assert edge.search.rises is False


def test_an_edge_that_seeds_do_not_decide_is_told_as_wide(tmp_path: Path) -> None:
    [edge] = found(sweep_of(tmp_path, HALF), drawn("student.width", logistic(40, 0.5, 1)))
    assert edge.search.ending == "wide"
    assert edge.search.low < 40 < edge.search.high  # type: ignore[operator]
    apart = np.log(edge.search.high / edge.search.low) / np.log(400 / 2)  # type: ignore[operator]
    assert edge.grid_runs is not None
    assert edge.grid_runs <= 100 * (1 / apart + 2)  # a grid that tells no more than was told
    between = [s for s in edge.seen if edge.search.low < s.value < edge.search.high]  # type: ignore[operator]
    assert {(seen.holds, seen.runs) for seen in between} == {(None, 100)}


def test_there_is_none_where_it_holds_at_both_ends_or_at_neither_or_is_undecided_there(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path, HALF)
    for edge, ending in ((1, "everywhere"), (1000, "nowhere")):
        [answer] = found(sweep, step(edge))
        assert answer.plain()["ending"] == ending
        assert (answer.grid_runs, len(answer.seen)) == (None, 2)
    [answer] = found(sweep, lambda values: {"recovered": 2 + values["seed"] % 2})
    assert answer.search.ending == "undecided"


def test_runs_that_diverge_count_and_those_that_fail_say_nothing(tmp_path: Path) -> None:
    where = 'where: "share(status == diverged) >= 0.5", seeds: 40'
    sweep = sweep_of(tmp_path, f"{{stages.only.step_size: [0.01, 10], {where}, tolerance: 5 %}}")

    def respond(values: Setting) -> dict[str, Any]:
        if values["seed"] == 3:
            return {"status": "failed"}
        return {"status": "diverged" if values["stages.only.step_size"] > 0.7 else "done"}

    [edge] = found(sweep, respond)
    assert edge.search.low <= 0.7 <= edge.search.high  # type: ignore[operator]
    assert {seen.failed for seen in edge.seen} == {1}
    assert all(len(seen.outcomes) == seen.runs - 1 for seen in edge.seen)
    [edge] = found(sweep, lambda values: {"status": "failed"})
    assert (edge.search.ending, {seen.runs for seen in edge.seen}) == ("undecided", {11})


def test_runs_without_a_value_decide_nothing(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path, HALF.replace("share(recovered == 3) >= 0.5", "median(correlation) >= 0.5"))
    [edge] = found(sweep, lambda values: {})
    assert edge.search.ending == "undecided"
    assert {(seen.holds, seen.outcomes, seen.lacking) for seen in edge.seen} == {(None, (), True)}
    [edge] = found(sweep, lambda values: {"correlation": 0.9 if values["seed"] % 9 else None})
    assert edge.search.ending == "everywhere"


def test_what_is_asked_for_does_not_depend_on_the_order_of_results(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path, HALF)
    searches = Searches(sweep)
    respond = drawn("student.width", logistic(40, 0.5, 3))
    entries = [Entry(id=f"p{i}", config_hash="0", values=values) for i, values in enumerate(searches.first())]
    results = {entry.id: result_of(entry.id, "0", respond(entry.values)) for entry in entries}
    shuffled = [entries[i] for i in np.random.default_rng(0).permutation(len(entries))]
    again = Searches(sweep).next(Searches(sweep).edges(shuffled, dict(reversed(results.items()))))
    assert searches.next(searches.edges(entries, results)) == again
    assert again


def test_a_result_that_is_missing_ends_what_is_known_of_a_value(tmp_path: Path) -> None:
    searches = Searches(sweep_of(tmp_path, HALF))
    entries = [Entry(id=f"p{i}", config_hash="0", values=values) for i, values in enumerate(searches.first())]
    results = {entry.id: result_of(entry.id, "0", {"recovered": 3}) for entry in entries if entry.values["seed"] != 4}
    [edge] = searches.edges(entries, results)
    assert [len(seen.outcomes) for seen in edge.seen] == [4, 4]
    assert edge.search.ending == "searching"


def covers(edge: Edge, at: float) -> bool:
    return edge.search.low is not None and edge.search.low <= at <= edge.search.high  # type: ignore[operator]


@pytest.mark.slow
@pytest.mark.parametrize(("at", "steepness", "seeds"), [(0.5, 8.0, 60), (0.9, 6.0, 80), (0.5, 120.0, 60)])
def test_a_known_edge_is_right_in_95_of_100_trials_and_one_that_is_sharp_with_a_quarter_of_the_runs_of_the_grid(
    tmp_path: Path, at: float, steepness: float, seeds: int
) -> None:
    where = f'where: "share(recovered == 3) >= {at}", tolerance: 5 %, seeds: {seeds}'
    key = "stages.only.step_size"
    sweep = sweep_of(tmp_path, f"{{{key}: [0.01, 2], {where}}}")
    right, shares = 0, []
    for trial in range(100):
        edge_at = 10 ** np.random.default_rng(trial).uniform(-1.3, -0.3)
        [edge] = found(sweep, drawn(key, logistic(edge_at, at, steepness), trial))
        right += covers(edge, edge_at)
        assert edge.grid_runs is not None
        if edge.search.ending == "found":
            shares.append(edge.runs / edge.grid_runs)
    assert right >= 95
    assert max(shares, default=0) <= 0.25
    assert len(shares) >= 30 or steepness < 100
