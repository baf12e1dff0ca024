"""A loss that falls as λ² is told from one that does not."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.views.data.decay_law import decay_laws
from tests.views.data.made_up import made_up


def exponents(place: Path, decays: np.ndarray, losses: np.ndarray, **info: Any) -> list[tuple[int, float]]:
    """How many epochs each law has, of ten rows each, and its exponent."""
    decay, count = np.repeat(decays, 10), 10 * len(decays)
    loss = np.repeat(losses, 10) * np.tile(np.linspace(3, 1, 10), len(decays))
    data = made_up(place, {"step": np.arange(count), "weight_decay": decay, "loss": loss}, **info)
    return [(len(law.ends), round(law.exponent, 3)) for law in decay_laws(data)]


@pytest.mark.parametrize(("exponent", "holds"), [(1.75, False), (1.85, True), (2.0, True), (2.15, True), (2.25, False)])
def test_it_is_a_square(tmp_path: Path, exponent: float, holds: bool) -> None:
    decays = 0.01 * 0.5 ** np.arange(5)
    assert exponents(tmp_path, decays, decays**exponent) == ([(5, exponent)] if holds else [])


@pytest.mark.parametrize(("epochs", "holds"), [(3, False), (4, True)])
def test_it_takes_four_epochs(tmp_path: Path, epochs: int, holds: bool) -> None:
    decays = 0.01 * 0.5 ** np.arange(8)
    losses = np.where(np.arange(8) < 8 - epochs, 1.0, decays**2)
    assert [count for count, _ in exponents(tmp_path, decays, losses)] == ([epochs] if holds else [])


def test_losses_that_are_rounding_have_none(tmp_path: Path) -> None:
    decays = 0.01 * 0.5 ** np.arange(8)
    assert [count for count, _ in exponents(tmp_path, decays, decays**2, loss_floor=1e-7)] == [4]
    assert exponents(tmp_path, decays, decays**2, loss_floor=1.0) == []
    assert exponents(tmp_path, decays, np.zeros(8)) == []


def test_neither_a_rising_decay_nor_a_smooth_one_has_one(tmp_path: Path) -> None:
    rising = 0.01 * 2.0 ** np.arange(6)
    assert exponents(tmp_path, rising, rising**2) == []
    smooth = np.linspace(0.01, 0.001, 50)
    table = {"step": np.arange(50), "weight_decay": smooth, "loss": smooth**2}
    assert list(decay_laws(made_up(tmp_path, table))) == []


def test_a_loss_that_is_a_gap_to_the_optimum_has_none(tmp_path: Path) -> None:
    """Descent at a constant rate may quarter it in each epoch, whatever λ does."""
    decay = np.repeat(1e-9 * 0.5 ** np.arange(6), 10)
    loss = 0.1 * (decay / 1e-9) ** 2
    table = {"step": np.arange(60), "weight_decay": decay, "loss": loss}
    assert list(decay_laws(made_up(tmp_path, table | {"gap": loss}))) == []
    assert len(list(decay_laws(made_up(tmp_path, table | {"gap": 0.01 * loss})))) == 1
