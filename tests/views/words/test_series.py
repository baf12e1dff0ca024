"""What is said of a Hermite series."""

from featlearn.runs.records import SeriesRecord
from featlearn.views.words.series import series_in_brief


def test_degree_bound_and_norm_are_told_where_there_are_any() -> None:
    told = series_in_brief(SeriesRecord(degree=125, largest_norm=1.0, bound=3.4e-13))
    assert told == "Hermite series to degree 125: exact within 3.4e-13 for rows of norm up to 1"
    assert series_in_brief(SeriesRecord(degree=None, largest_norm=9.0, bound=None)) is None
    beyond = series_in_brief(SeriesRecord(degree=None, largest_norm=9.0, bound=7e-15, components=28))
    assert beyond == "kernel by a mixture of 28 functions: exact within 7e-15 for rows of norm up to 9"
    assert series_in_brief(None) is None
