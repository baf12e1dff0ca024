"""What figures show of a sweep: its axes, and medians at their settings."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.storage.errors import RunError
from featlearn.sweeps.results import load_results
from featlearn.views.data.sweep import check_metrics, read_sweep, summary_table
from tests.sweeps.small import MIXED, new_sweep
from tests.views.examples import SEEDS, SWEEP, swept
from tests.views.settings import DECAY, median, swept_at_equal_values


@pytest.mark.slow
def test_medians_and_quartiles_are_those_of_the_runs_that_are_done(tmp_path: Path) -> None:
    directory = swept(tmp_path, MIXED.replace("seeds: 2", "seeds: 4"))
    data, columns = read_sweep(directory), load_results(directory.path)
    axes = [data.axis("width"), data.axis("step_size"), data.axis("teacher.rank")]
    table = summary_table(data, axes, "loss")
    assert len(table["median"]) == 12
    for i in range(12):
        members = np.ones(len(columns["id"]), dtype=bool)
        for axis in axes:
            members &= columns[axis.key] == table[axis.key][i]
        assert table["runs"][i] == np.sum(members) == 4
        kept = columns["loss"][members & (columns["status"] == "done")]
        assert table["done"][i] == len(kept)
        if len(kept):
            assert table["median"][i] == np.median(kept)
            assert table["q25"][i] == np.percentile(kept, 25)
            assert table["q75"][i] == np.percentile(kept, 75)
            assert (table["least"][i], table["greatest"][i]) == (kept.min(), kept.max())
        else:
            assert np.isnan(table["median"][i])


def test_keys_that_vary_together_are_one_axis(tmp_path: Path) -> None:
    text = "zip:\n  - {stages.local.step_size: [0.1, 0.2], stages.local.steps: [120, 60]}\nseeds: 2\n"
    data = read_sweep(swept(tmp_path, text))
    assert [axis.key for axis in data.axes] == ["stages.local.step_size"]


@pytest.mark.slow
def test_an_axis_is_found_by_its_end_and_others_are_told(tmp_path: Path) -> None:
    data = read_sweep(swept(tmp_path, SWEEP))
    assert data.axis("width").key == "student.width"
    with pytest.raises(RunError, match=r"'depth' is no axis of this sweep; it varies student\.width, stages\.local"):
        data.axis("depth")


def test_an_empty_sweep_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="none of its 5 points has ended yet"):
        read_sweep(new_sweep(tmp_path, SEEDS))


def test_a_metric_that_does_not_exist_is_refused() -> None:
    with pytest.raises(RunError, match="did you mean 'loss'"):
        check_metrics(["los"])


def test_runs_at_equal_values_share_a_median(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = read_sweep(swept_at_equal_values(tmp_path, monkeypatch))
    table = summary_table(data, [data.axis("weight_decay")], "loss")
    schedule = {"start": 0.01, "factor": 0.5, "every": 20}
    assert (table[DECAY].tolist(), table["runs"].tolist()) == ([0, schedule], [4, 2])
    assert table["median"].tolist() == [median(data, weight_decay=0), median(data, weight_decay=schedule)]
