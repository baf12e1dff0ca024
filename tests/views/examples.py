"""Small runs and sweeps to draw, and the kinds of figures they give.

Stored images, and the optima in them, are made again, after looking, with ``python -m tests.views.examples [KIND …]``.
"""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.lines import Line2D

from featlearn.config.load import load_config
from featlearn.runs.directory import RunDirectory
from featlearn.runs.train import train
from featlearn.sweeps.directory import SweepDirectory
from featlearn.views.data.run import read_run
from featlearn.views.data.sweep import read_sweep
from featlearn.views.figures.drawing import Drawing
from featlearn.views.figures.overlay import overlay_figure
from featlearn.views.figures.run import run_figures
from featlearn.views.figures.saving import save
from featlearn.views.figures.style import SIZES
from featlearn.views.figures.sweep import sweep_figures
from tests.places import CONFIGS
from tests.sweeps.small import new_sweep, run

QUICKSTART = CONFIGS / "quickstart.yaml"
IMAGES = Path(__file__).with_name("images")
OPTIMA = Path(__file__).with_name("optima")
SHORT = [
    "student.width=20",
    "teacher.input_dim=8",
    "stages.local_convergence.steps=400",
    "stages.local_convergence.weight_decay={start: 0.01, factor: 0.5, every: 100}",
    "log={points: 40, snapshots: 12}",
]
PLATEAU = [
    "stages.local_convergence.steps=9000",
    "stages.local_convergence.weight_decay={start: 0.01, factor: 0.25, every: 6000}",
]
POLYNOMIAL = [
    "teacher={input_dim: 8, polynomial: x1 + x1*x2 + x1*x2*x3*x4}",
    "activation.drop_hermite_below=0",
    "stages={both: {train: [first_layer, second_layer], steps: 600, step_size: 0.05}}",
    "student.init={kind: gaussian, first_layer_std: 0.2, second_layer_std: 0.2}",
    "log={points: 60, snapshots: 30}",
]
SWEEP = "grid:\n  student.width: [8, 16, 32]\n  stages.local.step_size: [0.1, 0.2]\nseeds: 3\n"
ONE_AXIS = "grid:\n  stages.local.weight_decay: {log: [0.001, 0.1, 3]}\n  teacher.rank: [2, 4]\nseeds: 3\n"
STEP_SIZES = """\
grid:
  stages.local.step_size: {log: [0.03, 0.5, 5]}
  stages.local.steps: [600]
  log.points: [60]
seeds: 5
"""
EARLY = "correlation above 0.97"
SEEDS = "seeds: 5\nstore: summary\n"


def new_run(place: Path, *overrides: str, **options: Any) -> RunDirectory:
    """A finished run of the short quickstart."""
    return train(load_config(QUICKSTART, [*SHORT, *overrides]), place, **options).run


def swept(place: Path, text: str) -> SweepDirectory:
    """A finished sweep."""
    directory = new_sweep(place, text)
    run(directory)
    return directory


COLUMN = SIZES["column"]


def drawings_of(run: RunDirectory) -> dict[str, Drawing]:
    """The figures of a run, by name."""
    return {drawing.name: drawing for drawing in run_figures(read_run(run), COLUMN)}


def points_of(artist: Artist) -> tuple[np.ndarray, np.ndarray]:
    """The points of an artist that is a line."""
    assert isinstance(artist, Line2D)
    x, y = artist.get_data()
    return np.asarray(x), np.asarray(y)


def with_rows(run: RunDirectory, count: int, **changes: object) -> RunDirectory:
    """The run as if it had been looked at after so many rows."""
    lines = run.metrics_file.read_bytes().split(b"\n")
    run.metrics_file.write_bytes(b"\n".join(lines[:count]) + b"\n" + lines[count][:50])  # the next one torn
    run.write_info(run.read_info().changed(**changes))
    return run


def of_run(name: str, *overrides: str) -> Callable[[Path], Drawing]:
    def draw(place: Path) -> Drawing:
        drawings = run_figures(read_run(new_run(place, *overrides)), COLUMN)
        return next(drawing for drawing in drawings if drawing.name == name)

    return draw


def of_sweep(text: str, x: str | None = None, y: str | None = None, metric: str = "loss") -> Callable[[Path], Drawing]:
    return lambda place: next(sweep_figures(read_sweep(swept(place, text)), [metric], x, y, COLUMN))


def of_overlay(place: Path) -> Drawing:
    runs = [read_run(new_run(place, f"seed={seed}")) for seed in (0, 1)]
    return overlay_figure(runs, ["loss", "mean_angle"], COLUMN)


# Runs whose certificate is drawn.
CERTIFICATES: dict[str, list[str]] = {
    "certificate-lines": [],
    "certificate-directions": ["activation.drop_hermite_below=0"],
    "certificate-plateau": PLATEAU,
    "certificate-sphere": ["teacher.rank=3"],
    "certificate-two-discs": ["teacher.rank=3", "activation.drop_hermite_below=0"],
}


def with_info(run: RunDirectory, **changes: Any) -> RunDirectory:
    """The run with other content of some keys of its run.json."""
    run.info_file.write_text(json.dumps(json.loads(run.info_file.read_text()) | changes))
    return run


def optima_of(run: RunDirectory) -> list[Any]:
    """The records of the optima of a run."""
    optima: list[Any] = json.loads(run.info_file.read_text())["optima"]
    return optima


def stored_optima(kind: str) -> list[Any]:
    """The optima in a stored image.

    The solver stops as soon as its bounds are near enough. How near they are then, and into how many atoms a cluster
    is split, is rounding, and differs from processor to processor.
    """
    optima: list[Any] = json.loads((OPTIMA / f"{kind}.json").read_text())
    return optima


def of_certificate(kind: str, name: str = "certificate") -> Callable[[Path], Drawing]:
    def draw(place: Path) -> Drawing:
        run = with_info(new_run(place, *CERTIFICATES[kind]), optima=stored_optima(kind))
        return drawings_of(run)[name]

    return draw


# every kind of figure
KINDS: dict[str, Callable[[Path], Drawing]] = {
    "curves": of_run("curves"),
    "alignment": of_run("alignment"),
    "neurons-lines": of_run("neurons"),
    "neurons-directions": of_run("neurons", "activation.drop_hermite_below=0"),
    "neurons-by-mass": of_run("neurons", "teacher.rank=3"),
    "overlaps": of_run("overlaps"),
    "overlaps-many": of_run("overlaps", "teacher={input_dim: 8, width: 8, directions: orthonormal}"),
    "cosines-lines": of_run("cosines"),
    "cosines-directions": of_run("cosines", "activation.drop_hermite_below=0"),
    "curvature": of_run("curvature", "log={points: 40, snapshots: 12, curvature: true}"),
    "degrees": of_run("degrees"),
    "offsets": of_run("offsets", "student.biases={std: 0.5}", "activation.drop_hermite_below=0"),
    "degrees-polynomial": of_run("degrees", *POLYNOMIAL),
    **{kind: of_certificate(kind) for kind in CERTIFICATES},
    "path-plane": of_run("path", "stages.local_convergence.weight_decay={start: 0.01, factor: 0.1, every: 100}"),
    "path-space": of_certificate("certificate-sphere", "path"),
    "overlay": of_overlay,
    "sweep-lines": of_sweep(ONE_AXIS, x="weight_decay"),
    "sweep-map": of_sweep(SWEEP),
    "sweep-seeds": of_sweep(SEEDS),
    "sweep-first-steps": of_sweep(STEP_SIZES, metric=EARLY),
}


def image(kind: str, place: Path) -> Path:
    """The image of a kind of figure, made anew."""
    drawing = KINDS[kind](place)
    files = save(drawing, place / kind, ["png"], COLUMN, dpi=100)
    return files[0]


if __name__ == "__main__":
    for name in sys.argv[1:] or KINDS:
        with tempfile.TemporaryDirectory() as folder:
            if name in CERTIFICATES:
                made = optima_of(new_run(Path(folder) / "optima", *CERTIFICATES[name]))
                (OPTIMA / f"{name}.json").write_text(json.dumps(made, indent=1) + "\n")
            image(name, Path(folder)).replace(IMAGES / f"{name}.png")
