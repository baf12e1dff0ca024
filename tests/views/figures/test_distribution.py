"""A sweep over seeds shows their distribution."""

from pathlib import Path

import numpy as np

from featlearn.views.data.sweep import read_sweep
from featlearn.views.figures.sweep import sweep_figures
from tests.views.examples import COLUMN, SEEDS, points_of, swept


def test_a_sweep_over_seeds_shows_their_distribution(tmp_path: Path) -> None:
    data = read_sweep(swept(tmp_path, SEEDS))
    [drawing] = sweep_figures(data, ["loss"], None, None, COLUMN)
    x, y = points_of(drawing.artists["runs"])
    np.testing.assert_array_equal(x, np.sort(data.columns["loss"]))
    np.testing.assert_allclose(y, [0.2, 0.4, 0.6, 0.8, 1.0])
