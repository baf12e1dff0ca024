"""Neurons in figures are those of the snapshots."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection

from featlearn.views.data.run import read_run
from tests.views.examples import drawings_of, new_run, points_of


@pytest.mark.parametrize("overrides", [[], ["activation.drop_hermite_below=0"], ["teacher.rank=3"]])
def test_neurons_are_the_last_snapshot(overrides: list[str], tmp_path: Path) -> None:
    run = new_run(tmp_path, *overrides)
    neurons, artists = read_run(run).neurons, drawings_of(run)["neurons"].artists
    assert neurons is not None
    dots = artists["neurons"]
    assert isinstance(dots, PathCollection)
    x, y = np.asarray(dots.get_offsets()).T
    if neurons.rank == 3:
        np.testing.assert_array_equal(x, neurons.mass[-1])
        np.testing.assert_array_equal(y, neurons.angle[-1])
    else:
        np.testing.assert_allclose(x**2 + y**2, np.sum(neurons.place[-1] ** 2, -1))
        assert not neurons.lines or np.all(y >= 0)
        # the angle between a dot and its teacher's ray is δ, for rows that lie in the plane
        ray = np.stack([points_of(artists[f"ray_{k}"]) for k in range(3)])[:, :, 1][neurons.teacher[-1]]
        radius = np.hypot(x, y)
        cosine = (x * ray[:, 0] + y * ray[:, 1]) / radius
        seen = np.degrees(np.arccos(np.clip(np.abs(cosine) if neurons.lines else cosine, -1, 1)))
        flat = radius > 0.9999
        assert np.any(flat)
        np.testing.assert_allclose(seen[flat], neurons.angle[-1][flat], atol=1.0)
    areas, mass = np.asarray(dots.get_sizes()), neurons.mass[-1]
    heavy = areas > areas.min()
    np.testing.assert_allclose(areas[heavy] / areas.max(), mass[heavy] / mass.max(), rtol=1e-12)


def test_trails_follow_the_snapshots_and_never_jump_through_the_fold(tmp_path: Path) -> None:
    trails = drawings_of(new_run(tmp_path))["neurons"].artists["trails"]
    assert isinstance(trails, LineCollection)
    for path in trails.get_segments():
        assert np.all(np.linalg.norm(np.diff(np.asarray(path), axis=0), axis=-1) < 0.7)


@pytest.mark.parametrize("rank", [2, 3])
def test_markers_tell_the_teachers_apart_in_grey_too(rank: int, tmp_path: Path) -> None:
    run = new_run(tmp_path, f"teacher.rank={rank}")
    data, dots = read_run(run), drawings_of(run)["neurons"].artists["neurons"]
    assert isinstance(dots, PathCollection)
    assert data.neurons is not None
    shapes = [np.shape(path.vertices) for path in dots.get_paths()]
    living = data.neurons.mass[-1] > data.neurons.alive_above
    found = {(int(k), shape) for k, shape, alive in zip(data.neurons.teacher[-1], shapes, living, strict=True) if alive}
    assert len(found) == len({k for k, _ in found}) > 1, "one shape for each teacher"
    assert len({shape for _, shape in found}) > 1


def test_the_legend_lists_what_there_is(tmp_path: Path) -> None:
    run = new_run(tmp_path, "teacher.rank=3", "stages.local_convergence.steps=20", "log.snapshots=1")
    drawing, data = drawings_of(run)["neurons"], read_run(run)
    assert data.neurons is not None
    assert not np.any(data.neurons.mass[-1] <= data.neurons.alive_above)
    [legend] = drawing.figure.legends
    told = [text.get_text() for text in legend.get_texts()]
    assert "vanished neuron" not in told
    assert "vanished neurons" not in drawing.caption
    assert ("its path" in told) == ("thin lines" in drawing.caption) == (len(data.neurons.steps) > 1)


def test_the_word_beside_the_dotted_line_and_the_largest_dot_have_room(tmp_path: Path) -> None:
    run = new_run(tmp_path, "teacher.rank=3", "stages.local_convergence.step_size=1e6")  # large masses
    [ax] = drawings_of(run)["neurons"].figure.axes
    data = read_run(run)
    assert data.neurons is not None
    low, high = np.log(ax.get_xlim())
    assert (np.log(data.neurons.alive_above) - low) / (high - low) > 0.199
    assert np.log(np.nanmax(data.neurons.mass[np.isfinite(data.neurons.mass)])) < high - 0.03 * (high - low)
