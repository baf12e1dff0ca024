"""Files of figures: their text, size, bytes and numbers."""

import csv
from pathlib import Path

import pytest

from featlearn.runs.metrics import load_metrics
from featlearn.views.data.run import read_run
from featlearn.views.figures.run import run_figures
from featlearn.views.figures.saving import save
from featlearn.views.figures.style import SIZES
from tests.views.examples import (
    COLUMN,
    drawings_of,
    new_run,
)


@pytest.mark.slow
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


@pytest.mark.slow
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
    save(drawings_of(run)["curves"], tmp_path / "out", ["png"], COLUMN)
    with (tmp_path / "out" / "curves.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in rows] == logged["loss"].tolist()
    assert [float(row["gap"]) for row in rows] == logged["gap"].tolist()
