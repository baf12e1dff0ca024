"""The parts of the loss by degree add up to it, and are those that the target leaves to learn."""

from pathlib import Path

import numpy as np
import pytest

from tests.views.examples import POLYNOMIAL, drawings_of, new_run, points_of

ONE_STAGE = POLYNOMIAL[2]
LAZY = ["student.output_scale=20", *POLYNOMIAL[2:4]]  # of a start that is not 0


@pytest.mark.parametrize("overrides", [[], POLYNOMIAL, LAZY, ["teacher.activation={name: abs}"]])
def test_parts_add_up_to_the_loss(overrides: list[str], tmp_path: Path) -> None:
    drawing = drawings_of(new_run(tmp_path, *overrides))["degrees"]
    table, shown = drawing.table, [name for name in drawing.artists if name != "loss"]
    at = np.isfinite(table[shown[0]])
    parts = np.array([np.nan_to_num(table[name][at]) for name in shown])
    assert at.sum() >= 10
    np.testing.assert_allclose(parts.sum(0), table["loss"][at], rtol=1e-10)
    steps, values = points_of(drawing.artists[shown[0]])
    np.testing.assert_array_equal(values, table[shown[0]][at])
    np.testing.assert_array_equal(steps, table["step"][at])


def test_even_activations_that_drop_low_degrees_leave_even_degrees_from_there_on(tmp_path: Path) -> None:
    shown = drawings_of(new_run(tmp_path))["degrees"].artists
    assert [*shown] == ["loss", "degree_2", "degree_4", "degree_6", "above_6"]


@pytest.mark.filterwarnings("ignore::featlearn.storage.errors.Caution")  # of just this
def test_a_term_that_no_neuron_has_stays_as_it_is(tmp_path: Path) -> None:
    odd = ["teacher={input_dim: 8, polynomial: x1 + 0.5*x1*x2*x3}", *POLYNOMIAL[1:]]
    left = drawings_of(new_run(tmp_path, *odd))["degrees"].table["degree_3"]
    np.testing.assert_allclose(left[np.isfinite(left)], 0.25, rtol=1e-12)
