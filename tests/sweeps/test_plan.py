"""What a sweep would do and cost, before it runs."""

from pathlib import Path

import pytest

from featlearn.config.yaml_source import ConfigError
from featlearn.sweeps import plan
from featlearn.sweeps.costs import Cost, cores
from featlearn.sweeps.directory import WHOLE, Shard
from featlearn.sweeps.load import load_sweep
from featlearn.sweeps.plan import SweepPlan, estimate, plan_of
from tests.sweeps.small import MIXED, new_sweep, run, sweep_file


def test_what_cannot_run_is_counted_by_its_reason(tmp_path: Path) -> None:
    found = plan_of(load_sweep(sweep_file(tmp_path)), WHOLE)
    assert found.points == 24
    ((reason, count),) = found.infeasible.items()
    assert reason.startswith("teacher.rank: 4 is too much")
    assert count == 12
    half = plan_of(load_sweep(sweep_file(tmp_path)), Shard(2, 2))
    assert (half.points, sum(half.infeasible.values())) == (12, 6)
    assert half.estimate.disk == pytest.approx(found.estimate.disk / 2, rel=0.2)


def test_a_plan_in_which_nothing_can_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="rank: 4 is too much"):
        plan_of(load_sweep(sweep_file(tmp_path, "grid:\n  teacher.rank: [4, 5]")), WHOLE)


def test_workers_share_all_of_the_work_and_one_process_its_steps(tmp_path: Path) -> None:
    found = plan_of(load_sweep(sweep_file(tmp_path, "seeds: 2\nstore: summary")), WHOLE)
    total = found.estimate.total
    assert total.steps > 0
    assert found.seconds(3) == pytest.approx((total.steps + total.rest) / 3)
    assert found.seconds(None) == pytest.approx(total.steps / cores() + total.rest)


def test_a_sample_stands_for_many_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = load_sweep(sweep_file(tmp_path, "grid:\n  log.snapshots: [1, 12]\nseeds: 50"))
    places = list(range(100))
    whole = estimate(sweep, places)
    monkeypatch.setattr(plan, "_SAMPLE", 20)
    sampled = estimate(sweep, places)
    assert sampled.disk == pytest.approx(whole.disk, rel=0.1)
    assert estimate(sweep, []).total == Cost()


@pytest.mark.parametrize("text", ["seeds: 6", "seeds: 40\nstore: summary", MIXED])
def test_a_sweep_takes_the_space_that_its_plan_says(text: str, tmp_path: Path) -> None:
    directory = new_sweep(tmp_path, text)
    found: SweepPlan = plan_of(load_sweep(directory.sweep_file), WHOLE)
    run(directory)
    taken = sum(-(-path.stat().st_size // 4096) * 4096 for path in directory.path.rglob("*") if path.is_file())
    assert 0.5 < found.estimate.disk / taken < 2


def test_stored_runs_cost_their_floors(tmp_path: Path) -> None:
    text = "grid:\n  student.width: [200]\n  stages.local.steps: [1]\n  log.gap: [false]\n"
    stored, summary, without = (
        plan_of(load_sweep(sweep_file(tmp_path, text + more)), WHOLE).estimate
        for more in ("  log.floors: [true]\n", "  log.floors: [true]\nstore: summary\n", "")
    )
    assert stored.total.rest > 2 * max(summary.total.rest, without.total.rest)
    assert stored.costs._floors > 0
