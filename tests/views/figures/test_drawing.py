"""Figures look as they did when they were last looked at."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.testing.compare import compare_images

from featlearn.theory.optimum import RELATIVE_GAP
from tests.views.examples import CERTIFICATES, IMAGES, KINDS, image, new_run, optima_of, stored_optima


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_figures_look_as_they_did(kind: str, tmp_path: Path) -> None:
    """Made again, after looking, with ``python -m tests.views.examples``."""
    difference = compare_images(str(IMAGES / f"{kind}.png"), str(image(kind, tmp_path)), tol=8)
    assert difference is None, difference


def test_the_comparison_of_images_sees_another_figure(tmp_path: Path) -> None:
    other = image("certificate-lines", tmp_path)
    stored = tmp_path / "stored.png"
    stored.write_bytes((IMAGES / "certificate-directions.png").read_bytes())
    assert compare_images(str(stored), str(other), tol=8) is not None


@pytest.mark.slow
@pytest.mark.parametrize("kind", CERTIFICATES)
def test_stored_optima_are_those_of_the_run(kind: str, tmp_path: Path) -> None:
    own, stored = optima_of(new_run(tmp_path, *CERTIFICATES[kind])), stored_optima(kind)
    assert [record["weight_decay"] for record in stored] == [record["weight_decay"] for record in own]
    ours, kept = ([record["upper"] for record in optima] for optima in (own, stored))
    np.testing.assert_allclose(kept, ours, rtol=RELATIVE_GAP)  # neither is farther than this from the best there is
