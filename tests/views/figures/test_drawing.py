"""Figures look as they did when they were last looked at."""

from pathlib import Path

import pytest
from matplotlib.testing.compare import compare_images

from tests.views.examples import IMAGES, KINDS, image


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
