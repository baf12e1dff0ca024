"""Snapshots go to the disk as they come: a long run of a large network needs no more memory than a short one."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from featlearn.runs.directory import RunDirectory

LARGE = """\
name: large
seed: 0
teacher: {input_dim: 4000, width: 3, rank: 2, min_angle: 25}
student: {width: 100}
stages:
  late: {train: [first_layer, second_layer], steps: 60, step_size: 0.01, weight_decay: 0.02}
log: {points: 61, snapshots: COUNT, gap: false, floors: false}
"""
TRAINED = """
import resource, sys
from pathlib import Path
import featlearn
config = featlearn.load_config(Path(sys.argv[1]))
assert featlearn.train(config, Path(sys.argv[2])).status == "done"
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems count memory in other units")
def test_snapshots_do_not_pile_up_in_memory(tmp_path: Path) -> None:
    peaks = {}
    for count in (2, 60):
        file = tmp_path / f"{count}.yaml"
        file.write_text(LARGE.replace("COUNT", str(count)))
        command = [sys.executable, "-c", TRAINED, str(file), str(tmp_path / str(count))]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks[count] = int(done.stdout) * 1024
    (run,) = RunDirectory.all_in(tmp_path / "60")
    size = run.snapshots_file.stat().st_size
    assert size > 60 * 100 * 4000 * 8
    assert peaks[60] - peaks[2] < 0.5 * size  # 64 MB may wait in memory
    with np.load(run.snapshots_file, allow_pickle=False) as found:
        assert found["first_layer"].shape == (60, 100, 4000)
        assert found["step"].tolist() == sorted(set(found["step"].tolist()))
