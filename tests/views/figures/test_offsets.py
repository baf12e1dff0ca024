"""Offsets are those of the living neurons at the last snapshot."""

from pathlib import Path

import numpy as np
from matplotlib.collections import PathCollection

from featlearn.views.data.run import read_run
from tests.views.examples import drawings_of, new_run

BIASED = ["activation.drop_hermite_below=0", "student.biases={std: 0.5}"]


def test_offsets_are_quotients_of_biases_and_norms(tmp_path: Path) -> None:
    run = new_run(tmp_path, *BIASED)
    data, drawing = read_run(run), drawings_of(run)["offsets"]
    assert data.snapshots is not None
    assert data.neurons is not None
    assert data.snapshots.biases is not None
    lives = np.flatnonzero(data.neurons.mass[-1] > data.neurons.alive_above)
    np.testing.assert_array_equal(drawing.table["neuron"], lives)
    norms = np.linalg.norm(data.snapshots.first_layer[-1, lives], axis=-1)
    np.testing.assert_allclose(drawing.table["offset"], data.snapshots.biases[-1, lives] / norms)
    shown = []
    for name, artist in drawing.artists.items():
        if name.startswith("near_"):
            assert isinstance(artist, PathCollection)
            shown += np.asarray(artist.get_offsets())[:, 1].tolist()
    np.testing.assert_allclose(sorted(shown), sorted(drawing.table["offset"]))


def test_runs_without_biases_have_none(tmp_path: Path) -> None:
    assert "offsets" not in drawings_of(new_run(tmp_path))
