"""Points of a sweep: computed together, within the limit of open files, and each failing alone."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from featlearn.runs.directory import RunDirectory
from tests.places import ROOT
from tests.sweeps.small import BASE, sweep_file

SHORT = BASE.replace("steps: 60", "steps: 3").replace("12, snapshots: 3", "2, gap: false, floors: false")

# One chunk, so that the number of runs in it does not depend on how fast this machine is.
LIMITED = """
import resource, sys
from pathlib import Path
from featlearn.sweeps.load import load_sweep
from featlearn.sweeps.points import Job, compute
jobs = [Job(point.id, point.config) for point in load_sweep(sys.argv[1]).points()]
runs = Path(sys.argv[2])
runs.mkdir(exist_ok=True)
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
print([result.status for result in compute(jobs, runs)].count("done"))
"""


def done_within_64_files(file: Path, runs: Path) -> int:
    command = [sys.executable, "-c", LIMITED, str(file), str(runs)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_more_runs_than_files_may_be_open_are_computed_and_resumed(tmp_path: Path) -> None:
    file, place = sweep_file(tmp_path, "seeds: 70", SHORT), tmp_path / "runs"
    assert done_within_64_files(file, place) == 70
    runs = [RunDirectory(place / f"{i:04}") for i in range(70)]
    before = [metrics(run) for run in runs]
    for run in runs:
        run.write_info(run.read_info().changed(status="interrupted"))
    assert done_within_64_files(file, place) == 70
    assert [metrics(run) for run in runs] == before
    assert {run.read_info().resumed for run in runs} == {1}


def metrics(run: RunDirectory) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key != "seconds"} for row in run.read_metrics()]
