"""Ticks never read alike."""

from featlearn.views.figures.ticks import ShortNumbers


def test_ticks_never_read_alike() -> None:
    ticks = ShortNumbers()
    assert ticks.format_ticks([0.01, 0.015, 100.0, 1e4]) == ["0.01", "0.015", "100", "1e4"]
    assert ticks.format_ticks([1.0, 1.002, 1.004]) == ["1", "1.002", "1.004"]
    assert ticks.format_ticks([1.7282e-4, 1.7283e-4]) == ["1.7282e-4", "1.7283e-4"]
    assert ticks.format_ticks([100.0, 100.5]) == ["100.0", "100.5"]
