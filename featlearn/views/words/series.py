"""What is said of a Hermite series."""

from __future__ import annotations

from featlearn.runs.records import SeriesRecord
from featlearn.views.words.numbers import number


def series_in_brief(series: SeriesRecord | None) -> str | None:
    """The degree, and what it leaves out; None without a series, or where it does not hold."""
    if series is None or series.degree is None:
        return None
    rows = f"rows of norm up to {number(series.largest_norm, 3)}"
    if series.largest_bias is not None:
        rows += f" and biases up to {number(series.largest_bias, 3)}"
    return f"Hermite series to degree {series.degree}: exact within {number(series.bound, 2)} for {rows}"
