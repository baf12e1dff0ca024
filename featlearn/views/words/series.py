"""What is said of a Hermite series."""

from __future__ import annotations

from featlearn.runs.records import SeriesRecord
from featlearn.views.words.numbers import number


def series_in_brief(series: SeriesRecord | None) -> str | None:
    """The degree, or the components beyond the series, and what they leave out; None without, or where none holds."""
    if series is None or series.bound is None:
        return None
    rows = f"rows of norm up to {number(series.largest_norm, 3)}"
    if series.largest_bias is not None:
        rows += f" and biases up to {number(series.largest_bias, 3)}"
    if series.degree is None:
        what = f"kernel by a mixture of {series.components} functions"
    else:
        what = f"Hermite series to degree {series.degree}"
    return f"{what}: exact within {number(series.bound, 2)} for {rows}"
