"""One style for all figures, which leaves matplotlib as it was."""

import matplotlib as mpl
import pytest

from featlearn.views.figures.style import SIZES, Size, blank, style


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_the_settings_of_a_size_end_with_it(size: Size) -> None:
    before = dict(mpl.rcParams)
    with style(size):
        assert mpl.rcParams["font.size"] == size.font
        assert mpl.rcParams["svg.fonttype"] == "none", "text stays text"
    assert dict(mpl.rcParams) == before


def test_a_figure_is_as_wide_as_its_size_says() -> None:
    figure = blank(SIZES["page"], 0.5)
    assert figure.get_size_inches().tolist() == [5.5, 2.75]
