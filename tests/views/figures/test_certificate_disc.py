"""Artists on the sphere are the numbers."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.contour import ContourSet
from matplotlib.image import AxesImage

from featlearn.views.data.directions import DISC, disc, from_disc
from featlearn.views.figures.certificate_disc import NEGATIVE, freest_side, sphere_panels
from tests.views.certificates import PLAIN, SPACE, certificates_of, drawing_of, view_of
from tests.views.examples import new_run


@pytest.mark.parametrize("overrides", [[SPACE], [SPACE, PLAIN]])
def test_artists_on_the_sphere_are_the_numbers(overrides: list[str], tmp_path: Path) -> None:
    run = new_run(tmp_path, *overrides)
    drawing, view, found = drawing_of(run), view_of(run), certificates_of(run)
    assert view.frame is not None
    panels = sphere_panels(view)
    assert len(panels) == 2 * (2 if PLAIN in overrides else 1)
    for number, (curve, side, _) in enumerate(panels):
        suffix = f" {number}" if number else ""
        image = drawing.artists[f"eta{suffix}"]
        assert isinstance(image, AxesImage)
        shown = np.asarray(image.get_array())
        expected = (
            found.of_optimum(curve.weight_decay, side * from_disc(disc(DISC), view.frame))
            if curve.step is None
            else found.of_network(len(found.decays) - 1, side * from_disc(disc(DISC), view.frame))
        )
        np.testing.assert_allclose(shown.ravel(), expected, rtol=1e-12, atol=1e-12)
        # at an atom the map is the sign of its mass
        dots = drawing.artists[f"atoms{suffix}"]
        assert isinstance(dots, PathCollection)
        marks = view.marks[curve.weight_decay]
        for x, y in np.asarray(dots.get_offsets()).tolist():
            point = side * from_disc(np.array([[x, y]]), view.frame)[0]
            near = np.linalg.norm(marks.place - point, axis=-1).min()
            other = np.linalg.norm(marks.place + point, axis=-1).min()
            assert near < 1e-9 or (view.lines and other < 1e-9)
        if curve.step is None:
            across = np.linspace(-1, 1, DISC)
            for x, y in np.asarray(dots.get_offsets()).tolist():
                pixel = shown[np.argmin(np.abs(across - y)), np.argmin(np.abs(across - x))]
                assert abs(pixel) > 0.99
    teachers = {name.split()[0] for name in drawing.artists if name.startswith("teacher_")}
    assert teachers == {"teacher_0", "teacher_1", "teacher_2"}


def test_the_sign_can_be_told_in_a_print_in_grey(tmp_path: Path) -> None:
    drawing = drawing_of(new_run(tmp_path, SPACE))
    hatched = drawing.artists["negative"]
    assert isinstance(hatched, ContourSet)
    assert hatched.hatches == [NEGATIVE]
    eta = drawing.table["eta"][drawing.table["kind"] == "optimum"]
    assert eta.min() < 0 < eta.max()
    [legend] = drawing.figure.legends
    assert "η < 0" in [text.get_text() for text in legend.get_texts()]


def test_a_name_stands_where_nothing_else_is() -> None:
    taken = np.array([[0.0, 0.0], [0.2, 0.2]])
    assert freest_side(taken[0], taken[:1]) == (1, 1)
    assert freest_side(taken[0], taken) == (-1, 1)
    assert freest_side(np.array([0.97, 0.0]), np.array([[0.97, 0.0]]))[0] == -1, "within the disc"
