"""The artists of a figure hold the numbers of the log; figures look as they did when they were last looked at."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.artist import Artist
from matplotlib.collections import LineCollection, PathCollection, QuadMesh
from matplotlib.lines import Line2D
from matplotlib.testing.compare import compare_images

from featlearn.runs.directory import RunDirectory
from featlearn.sweeps.results import load_metrics
from featlearn.views.data.run import StageSpan, read_run
from featlearn.views.data.sweep import read_sweep, slope_of
from featlearn.views.figures.drawing import SIZES, Drawing, overlay_figure, run_figures, save, sweep_figures
from tests.views.examples import COLUMN, IMAGES, KINDS, ONE_AXIS, SEEDS, SWEEP, image, new_run, swept


def drawn(run: RunDirectory) -> dict[str, Drawing]:
    return {drawing.name: drawing for drawing in run_figures(read_run(run), COLUMN)}


def line(artist: Artist) -> tuple[np.ndarray, np.ndarray]:
    assert isinstance(artist, Line2D)
    x, y = artist.get_data()
    return np.asarray(x), np.asarray(y)


def test_curves_are_the_metrics(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    logged, artists = load_metrics(run.path), drawn(run)["curves"].artists
    assert set(artists) == {"loss", "objective", "gap", "weight_decay"}
    for name, artist in artists.items():
        x, y = line(artist)
        np.testing.assert_array_equal(x, logged["step"])
        np.testing.assert_array_equal(y, logged[name])


def test_the_gap_has_a_panel_of_its_own_where_there_is_one(tmp_path: Path) -> None:
    assert len(drawn(new_run(tmp_path))["curves"].figure.axes) == 3
    without = drawn(new_run(tmp_path, "log={points: 40, snapshots: 12, gap: false}"))["curves"]
    assert len(without.figure.axes) == 2
    assert "gap" not in without.artists


def test_alignment_is_the_metrics(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    logged, drawing = load_metrics(run.path), drawn(run)["alignment"]
    for name in ("max_angle", "aligned_mass", "subspace"):
        np.testing.assert_array_equal(line(drawing.artists[name])[1], logged[name])
    np.testing.assert_array_equal(line(drawing.artists["recovered"])[1], logged["recovered"] / 3)
    median = drawing.table["angle_median"]
    np.testing.assert_array_equal(line(drawing.artists["angle_median"])[1], median[~np.isnan(median)])


@pytest.mark.parametrize("overrides", [[], ["activation.drop_hermite_below=0"], ["teacher.rank=3"]])
def test_neurons_are_the_last_snapshot(overrides: list[str], tmp_path: Path) -> None:
    run = new_run(tmp_path, *overrides)
    neurons, artists = read_run(run).neurons, drawn(run)["neurons"].artists
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
        ray = np.stack([line(artists[f"ray_{k}"]) for k in range(3)])[:, :, 1][neurons.teacher[-1]]
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
    trails = drawn(new_run(tmp_path))["neurons"].artists["trails"]
    assert isinstance(trails, LineCollection)
    for path in trails.get_segments():
        assert np.all(np.linalg.norm(np.diff(np.asarray(path), axis=0), axis=-1) < 0.7)


def test_an_overlay_has_a_line_for_each_run(tmp_path: Path) -> None:
    runs = [new_run(tmp_path, f"seed={seed}") for seed in (0, 1)]
    drawing = overlay_figure([read_run(run) for run in runs], ["loss", "mean_angle"], COLUMN)
    for seed, run in enumerate(runs):
        logged = load_metrics(run.path)
        for metric in ("loss", "mean_angle"):
            np.testing.assert_array_equal(line(drawing.artists[f"{metric} seed {seed}"])[1], logged[metric])
    assert len(drawing.table["loss"]) == sum(len(load_metrics(run.path)["loss"]) for run in runs)


def test_long_names_of_an_overlay_are_told_apart(tmp_path: Path) -> None:
    names = [f"{'a long name ' * 6}{number}" for number in (1, 2)]
    drawing = overlay_figure([read_run(new_run(tmp_path, f"name={name}")) for name in names], ["loss"], COLUMN)
    [legend] = drawing.figure.legends
    assert [text.get_text()[-1] for text in legend.get_texts()] == ["1", "2"]


def test_lines_of_a_sweep_are_medians_with_their_slopes(tmp_path: Path) -> None:
    data = read_sweep(swept(tmp_path, ONE_AXIS))
    [drawing] = sweep_figures(data, ["loss"], "weight_decay", None, COLUMN)
    x, y = line(drawing.artists["median rank 2"])
    np.testing.assert_allclose(x, [0.001, 0.01, 0.1], rtol=1e-12)
    for place, value in enumerate(x):
        members = (data.columns["stages.local.weight_decay"] == value) & (data.columns["teacher.rank"] == 2)
        assert y[place] == np.median(data.columns["loss"][members])
    assert drawing.slopes == {"rank 2": slope_of(x, y), "rank 4": None}
    lost, _ = line(drawing.artists["lost"])
    np.testing.assert_array_equal(lost, x)
    assert "9 runs not done" in [text.get_text() for text in drawing.figure.axes[0].get_legend().get_texts()]  # type: ignore[union-attr]


def test_the_cells_of_a_map_are_medians(tmp_path: Path) -> None:
    data = read_sweep(swept(tmp_path, SWEEP))
    [drawing] = sweep_figures(data, ["loss"], None, None, COLUMN)
    cells = drawing.artists["cells"]
    assert isinstance(cells, QuadMesh)
    grid = np.asarray(cells.get_array()).reshape(2, 3)
    for row, size in enumerate((0.1, 0.2)):
        for column, width in enumerate((8, 16, 32)):
            members = (data.columns["student.width"] == width) & (data.columns["stages.local.step_size"] == size)
            assert grid[row, column] == np.median(data.columns["loss"][members])


def test_a_sweep_over_seeds_shows_their_distribution(tmp_path: Path) -> None:
    data = read_sweep(swept(tmp_path, SEEDS))
    [drawing] = sweep_figures(data, ["loss"], None, None, COLUMN)
    x, y = line(drawing.artists["runs"])
    np.testing.assert_array_equal(x, np.sort(data.columns["loss"]))
    np.testing.assert_allclose(y, [0.2, 0.4, 0.6, 0.8, 1.0])


@pytest.mark.parametrize("kind", KINDS)
def test_figures_look_as_they_did(kind: str, tmp_path: Path) -> None:
    """Made again, after looking, with ``python -m tests.views.examples``."""
    difference = compare_images(str(IMAGES / f"{kind}.png"), str(image(kind, tmp_path)), tol=8)
    assert difference is None, difference


def test_the_comparison_of_images_sees_another_figure(tmp_path: Path) -> None:
    other = image("certificate-lines", tmp_path)
    stored = tmp_path / "stored.png"
    stored.write_bytes((IMAGES / "sweep-lines.png").read_bytes())
    assert compare_images(str(stored), str(other), tol=8) is not None


# --- runs that are not like the others ----------------------------------------------------------


def with_rows(run: RunDirectory, count: int, **changes: object) -> RunDirectory:
    """The run as if it had been looked at after so many rows."""
    lines = run.metrics_file.read_bytes().split(b"\n")
    run.metrics_file.write_bytes(b"\n".join(lines[:count]) + b"\n" + lines[count][:50])  # the next one torn
    run.write_info(run.read_info().changed(**changes))
    return run


@pytest.mark.parametrize("rows", [1, 2, 4])
def test_a_run_that_has_just_begun_gives_figures(rows: int, tmp_path: Path) -> None:
    run = with_rows(new_run(tmp_path), rows, status="running", stages=(), optima=())
    for drawing in run_figures(read_run(run), COLUMN):
        assert save(drawing, tmp_path / "out", ["png"], COLUMN)
        if drawing.name != "neurons":
            assert len(drawing.table["step"]) == rows
            assert f"running at step {rows - 1}" in drawing.figure.get_suptitle()


def test_a_run_that_diverged_gives_figures(tmp_path: Path) -> None:
    run = new_run(tmp_path, "stages.local_convergence.step_size=1e6")
    assert run.read_info().status == "diverged"
    for drawing in run_figures(read_run(run), COLUMN):
        assert save(drawing, tmp_path / "out", ["pdf"], COLUMN)


def test_numbers_that_are_not_finite_leave_gaps(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    rows = [json.loads(text) for text in run.metrics_file.read_text().splitlines()]
    numbers = [name for name, value in rows[0].items() if isinstance(value, float)]
    run.metrics_file.write_text("".join(json.dumps(row | dict.fromkeys(numbers)) + "\n" for row in rows))
    arrays = run.read_arrays(run.snapshots_file)
    arrays["first_layer"][-1, 0], arrays["second_layer"][-1, 1] = np.inf, np.nan
    run.write_arrays(run.snapshots_file, arrays)
    for drawing in run_figures(read_run(run), COLUMN):
        assert save(drawing, tmp_path / "out", ["png"], COLUMN)


# --- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_files_have_real_text_and_the_size_they_promise(size: str, tmp_path: Path) -> None:
    chosen = SIZES[size]  # type: ignore[index]
    for drawing in run_figures(read_run(new_run(tmp_path)), chosen):
        files = {file.suffix: file for file in save(drawing, tmp_path / "out", ["svg", "pdf"], chosen)}
        svg = files[".svg"].read_text()
        assert "<text" in svg
        assert f'width="{72 * chosen.width:g}pt"' in svg
        pdf = files[".pdf"].read_bytes()
        assert b"/Type /Font" in pdf
        assert b"/Subtype /Type3" not in pdf  # which publishers refuse


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    made = []
    for name in ("a", "b"):
        for drawing in run_figures(read_run(run), COLUMN):
            save(drawing, tmp_path / name, ["png", "pdf", "svg"], COLUMN)
        made.append({file.name: file.read_bytes() for file in (tmp_path / name).iterdir()})
    assert made[0] == made[1]


def test_the_csv_file_holds_every_bit(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    logged = load_metrics(run.path)
    save(drawn(run)["curves"], tmp_path / "out", ["png"], COLUMN)
    with (tmp_path / "out" / "curves.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in rows] == logged["loss"].tolist()
    assert [float(row["gap"]) for row in rows] == logged["gap"].tolist()


def test_names_are_shown_letter_by_letter(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    strange = r"<b>$\frac{x}$_\n"
    text = run.metrics_file.read_text().replace('"local_convergence"', json.dumps(strange))
    run.metrics_file.write_text(text)
    drawing = drawn(run)["curves"]
    save(drawing, tmp_path / "out", ["svg"], COLUMN)
    assert r"&lt;b&gt;$\frac{x}$_\n" in (tmp_path / "out" / "curves.svg").read_text()
    assert read_run(run).stages[-1] == StageSpan(strange, 2, 402)
