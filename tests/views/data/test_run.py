"""What figures show of a run is what its files say."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.storage.errors import RunError
from featlearn.storage.npz import write_npz
from featlearn.views.data.run import read_run
from featlearn.views.data.run_tables import alignment_table
from tests.views.examples import (
    new_run,
)


def test_a_run_without_rows_is_refused_in_a_sentence(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    run.metrics_file.write_bytes(b"")
    with pytest.raises(RunError, match="nothing is logged yet"):
        read_run(run)


@pytest.mark.parametrize("damage", ["missing", "torn", "shapes", "activation"])
def test_a_run_without_usable_snapshots_still_has_its_log(damage: str, tmp_path: Path) -> None:
    run = new_run(tmp_path)
    if damage == "missing":
        run.snapshots_file.unlink()
    elif damage == "torn":
        run.snapshots_file.write_bytes(run.snapshots_file.read_bytes()[:-100])
    elif damage == "shapes":
        arrays = run.read_arrays(run.snapshots_file)
        write_npz(run.snapshots_file, arrays | {"step": arrays["step"][1:]})
    else:
        run.info_file.write_text(run.info_file.read_text().replace('"relu"', '"sine"'))
    data = read_run(run)
    assert data.neurons is None
    assert data.missing is not None
    assert "\n" not in data.missing
    assert np.isnan(alignment_table(data)["angle_median"]).all()
