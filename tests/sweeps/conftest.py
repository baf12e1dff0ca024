"""Sweeps that many tests look at and none changes."""

import pytest

from featlearn.sweeps.directory import SweepDirectory
from tests.sweeps.small import new_sweep, run


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> SweepDirectory:
    """A sweep with points that get done, that diverge and that cannot be, computed in this process."""
    directory = new_sweep(tmp_path_factory.mktemp("mixed"))
    result = run(directory)
    assert result.status == "done"
    return directory
