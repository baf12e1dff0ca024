"""Ticks never read alike, and are as many as can be read."""

import numpy as np
import pytest

from featlearn.views.figures.ticks import PowersOfTen, ShortNumbers, log_values


def test_ticks_never_read_alike() -> None:
    ticks = ShortNumbers()
    assert ticks.format_ticks([0.01, 0.015, 100.0, 1e4]) == ["0.01", "0.015", "100", "1e4"]
    assert ticks.format_ticks([0.005, 0.01, 0.02]) == ["0.005", "0.01", "0.02"]
    assert ticks.format_ticks([1.0, 1.002, 1.004]) == ["1", "1.002", "1.004"]
    assert ticks.format_ticks([1.7282e-4, 1.7283e-4]) == ["1.7282e-4", "1.7283e-4"]
    assert ticks.format_ticks([100.0, 100.5]) == ["100.0", "100.5"]


def test_ticks_say_where_they_are() -> None:
    ticks = ShortNumbers()
    assert ticks.format_ticks([2.0, 2.25, 2.5, 2.75, 3.0]) == ["2", "2.25", "2.5", "2.75", "3"]
    assert ticks.format_ticks([-0.125, 0.0, 0.125]) == ["-0.125", "0", "0.125"]
    assert ticks.format_ticks([1e-5, 1.25e-5]) == ["1e-5", "1.25e-5"]


def test_powers_of_ten_have_one_form() -> None:
    assert PowersOfTen().format_ticks([1.0, 10.0, 1e5]) == ["10⁰", "10¹", "10⁵"]
    assert PowersOfTen().format_ticks([0.1, 1.0, 100.0]) == ["0.1", "1", "100"]


@pytest.mark.parametrize(
    ("low", "high", "ticks", "wanted"),
    [
        (1e-9, 1.0, 6, [1e-8, 1e-6, 1e-4, 1e-2, 1]),
        (0.8, 120, 6, [1, 10, 100]),
        (0.004, 0.06, 6, [0.005, 0.01, 0.02, 0.05]),
        (10.1, 14.2, 6, [11, 12, 13, 14]),
        (0.9999, 1.0001, 6, [0.9999, 0.99995, 1, 1.00005, 1.0001]),
    ],
)
def test_a_logarithmic_axis_has_round_ticks(low: float, high: float, ticks: int, wanted: list[float]) -> None:
    np.testing.assert_allclose(log_values(low, high, ticks), wanted, rtol=1e-12)


def test_ticks_are_never_too_many_nor_outside() -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        low = 10 ** rng.uniform(-12, 3)
        high = low * 10 ** rng.choice([rng.uniform(0.001, 0.5), rng.uniform(0.5, 12)])
        values = log_values(low, high, 6)
        assert 1 < len(values) <= 6
        assert np.all((values >= low * (1 - 1e-8)) & (values <= high * (1 + 1e-8)))
        assert len(set(ShortNumbers().format_ticks(values.tolist()))) == len(values)
