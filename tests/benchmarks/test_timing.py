"""Timings have a spread, and a change within it is called noise."""

from typing import Any

import pytest
from rich.console import Console

from tests.benchmarks import machine
from tests.benchmarks.shown import noisy, show
from tests.benchmarks.timing import Timing, a_busy_core, interleaved, slowdowns


def test_a_timing_is_the_median_with_its_quartiles() -> None:
    found = Timing.of([5.0, 1.0, 2.0, 3.0, 4.0])
    assert found == Timing(3.0, 2.0, 4.0)
    assert found.spread == pytest.approx(2 / 3)
    assert found.times(2.0) == Timing(6.0, 4.0, 8.0)
    assert Timing.read(found.plain()) == found
    assert Timing.read(7.5) == Timing(7.5, 7.5, 7.5)


def test_a_change_whose_quartiles_overlap_is_noise() -> None:
    old = Timing(1.0, 0.9, 1.1)
    assert Timing(1.15, 1.05, 1.2).change_from(old) == "1.15 (noise)"
    assert Timing(1.3, 1.2, 1.4).change_from(old) == "1.30"
    assert Timing(0.5, 0.4, 0.8).change_from(old) == "0.50"


def test_walks_take_turns() -> None:
    order: list[str] = []
    walks = {name: lambda steps, name=name: order.append(name) for name in ("a", "b")}
    found = interleaved(walks, 3, 0.0)
    assert order[-6:] == ["a", "b"] * 3
    assert set(found) == {"a", "b"}


def test_a_busy_core_is_busy_within_and_ends() -> None:
    with a_busy_core():
        pass
    assert slowdowns({"a": lambda steps: sum(range(1000))}, 1, 0.0)["a"].median > 0


def test_the_machine_says_its_processor_and_its_vectors() -> None:
    found = machine.about()
    assert found["vector bits"] in (128, 256, 512)
    assert found["processor"]


def _results(median: float, high: float) -> dict[str, Any]:
    engines = {"featlearn fused": Timing(median, median, high).plain()}
    return {"machine": {"processor": "x"}, "steps": [{"m": 10, "d": 4, "runs": 1, "engines": engines}]}


def test_what_spreads_too_much_is_told() -> None:
    assert noisy(_results(1.0, 1.19)) == []
    (line,) = noisy(_results(1.0, 1.21))
    assert "featlearn fused at 1 × (10, 4) has a spread of 21%" in line


def test_an_earlier_file_is_compared_with(capsys: pytest.CaptureFixture[str]) -> None:
    old = _results(1.0, 1.0) | {"machine": {"processor": "y"}}
    old["steps"][0]["microseconds_per_run_step"] = {"featlearn fused": 2.0}
    del old["steps"][0]["engines"]
    show(Console(width=150), _results(1.0, 1.0), old)
    shown = capsys.readouterr().out
    assert "0.50" in shown
    assert "another machine" in shown
