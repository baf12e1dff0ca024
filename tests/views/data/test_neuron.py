"""One neuron at one time, against the table of all of them."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.storage.errors import WrongChoice
from featlearn.storage.npz import write_npz
from featlearn.views.data.neuron import neuron_at
from featlearn.views.data.run import read_run, read_snapshots
from tests.views.examples import new_run


@pytest.mark.parametrize("dropped", [0, 2])
def test_a_neuron_is_what_the_figure_shows_of_it(dropped: int, tmp_path: Path) -> None:
    run = new_run(tmp_path, f"activation.drop_hermite_below={dropped}")
    data = read_run(run)
    assert data.neurons is not None
    for at, step in enumerate(data.neurons.steps.tolist()):
        found = neuron_at(run, 7, step)
        assert found.step == step
        assert found.angles is not None
        assert found.nearest is not None
        assert found.nearest == data.neurons.teacher[at, 7] == np.argmin(found.angles)
        assert found.angles[found.nearest] == pytest.approx(data.neurons.angle[at, 7], rel=1e-12)
        assert found.mass == pytest.approx(data.neurons.mass[at, 7], rel=1e-12)
        assert found.mass == pytest.approx(found.norm * abs(found.output_weight), rel=1e-12)


def test_the_nearest_snapshot_is_taken_and_the_last_one_unasked(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    steps = read_snapshots(run).steps.tolist()
    assert neuron_at(run, 0, None).step == steps[-1] == neuron_at(run, 0, 10**9).step
    assert neuron_at(run, 0, -5).step == 0
    assert neuron_at(run, 0, steps[5] - 1).step in (steps[4], steps[5])


def test_a_neuron_that_is_not_there_is_told_and_a_dead_one_has_no_direction(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    for number in (20, -1):
        with pytest.raises(WrongChoice, match=rf"no neuron {number}: .* has neurons 0 to 19"):
            neuron_at(run, number, None)
    arrays = run.read_arrays(run.snapshots_file)
    arrays["first_layer"][-1, 3] = 0
    write_npz(run.snapshots_file, arrays)
    dead = neuron_at(run, 3, None)
    assert (dead.angles, dead.nearest, dead.norm) == (None, None, 0.0)
