"""A power cut at any instant of a run leaves what resumes to the same bits."""

import random
from pathlib import Path

import pytest

from featlearn.config.load import load_config
from featlearn.runs import recorder
from featlearn.runs.directory import RunDirectory
from featlearn.runs.train import resume, train
from tests.config.broken import write
from tests.runs.test_train import SMALL, results
from tests.storage.power_cut import Disk

INSTANTS = 20
DIVERGING = ["stages.local_convergence.step_size=1e3"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="names of open files are asked of Linux")
@pytest.mark.parametrize("overrides", [[], DIVERGING], ids=["done", "diverged"])
@pytest.mark.parametrize("mixed", [False, True], ids=["only what was fsynced", "some of the rest"])
def test_a_power_cut_at_twenty_instants_changes_no_bit(
    mixed: bool, overrides: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load_config(write(tmp_path, SMALL), overrides)
    whole = train(config, tmp_path / "whole")
    monkeypatch.setattr(recorder, "CHECKPOINT_SECONDS", 0.0)  # at every event
    monkeypatch.setattr("featlearn.storage.growing_npz.MOST_PENDING", 1500)  # now and then before a checkpoint
    (runs := tmp_path / "runs").mkdir()
    rng, taken = random.Random(5), 0
    # photographs are taken all the time, and twenty of them are kept, each instant as likely as any other
    chosen: dict[int, Path] = {}

    def instant(*_: object) -> None:
        nonlocal taken
        place = taken if taken < INSTANTS else rng.randrange(taken + 1)
        if place < INSTANTS:
            chosen[place] = tmp_path / f"cut-{taken}"
            disk.photograph(chosen[place], rng if mixed else None)
        taken += 1

    disk = Disk(runs, monkeypatch, instant)
    assert train(config, runs, instant).status == whole.status
    disk.photograph(tmp_path / "end", rng if mixed else None)
    disk.close()
    monkeypatch.undo()

    assert taken > 200
    (ended_run,) = RunDirectory.all_in(tmp_path / "end")
    assert ended_run.read_info().status == whole.status
    ended = 0
    whole_rows, whole_arrays = results(whole.run)
    for copy in (*chosen.values(), tmp_path / "end"):
        for run in RunDirectory.all_in(copy):  # there is none yet in the first instants
            info = run.read_info()
            if info.status == "running":
                assert resume(run).status == whole.status, copy
            else:
                assert run.lost_end(info, run.read_metrics()) is None, copy
            # the weights of a divergence are written last of all: a cut before them leaves an earlier checkpoint
            kept = snapshots_only if info.status == "diverged" else dict
            rows, arrays = results(run)
            assert (rows, kept(arrays)) == (whole_rows, kept(whole_arrays)), copy
            ended += 1
    assert ended > INSTANTS / 2


def snapshots_only(arrays: dict[str, bytes]) -> dict[str, bytes]:
    return {name: values for name, values in arrays.items() if name.startswith("snapshots.")}
