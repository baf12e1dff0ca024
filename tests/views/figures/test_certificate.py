"""The figure of the certificate and its CSV file hold the numbers of the theory."""

import csv
from pathlib import Path

import numpy as np
import pytest

from featlearn.views.data.directions import on_circle
from featlearn.views.figures.saving import save
from tests.views.certificates import (
    TEACHERS,
    certificates_of,
    drawing_of,
    view_of,
)
from tests.views.examples import (
    COLUMN,
    new_run,
)


@pytest.mark.slow
@pytest.mark.parametrize("overrides", TEACHERS)
def test_the_csv_file_holds_what_is_shown(overrides: list[str], tmp_path: Path) -> None:
    run = new_run(tmp_path, *overrides)
    view, found = view_of(run), certificates_of(run)
    save(drawing_of(run), tmp_path / "out", ["png"], COLUMN)
    with (tmp_path / "out" / "certificate.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    curves = [row for row in rows if row["kind"] in ("optimum", "network")]
    for row in curves[:: max(1, len(curves) // 50)]:
        if found.rank == 2:
            place = on_circle(np.array(float(row["angle"])))
        else:
            place = np.array([float(row[name]) for name in "xyz"])
        eta = found.of_optimum(float(row["weight_decay"]), place)
        if row["kind"] == "network":
            assert int(row["step"]) == view.curves[-1].step
            eta = found.of_network(len(found.decays) - 1, place)
        np.testing.assert_allclose(float(row["eta"]), eta, atol=1e-9)
    atoms = [row for row in rows if row["kind"] == "atom"]
    assert [float(row["mass"]) for row in atoms] == [m for marks in view.marks.values() for m in marks.mass.tolist()]
    assert all(float(row["eta"]) == np.sign(float(row["mass"])) for row in atoms)
    assert [row["teacher"] for row in rows if row["kind"] == "teacher"] == ["0", "1", "2"]
    assert all((row["eta"], row["mass"]) == ("", "") for row in rows if row["kind"] == "teacher")
