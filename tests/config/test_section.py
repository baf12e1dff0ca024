"""What all sections have in common."""

import sys

import pytest
from pydantic import ValidationError

from featlearn.config.section import Section, WholeNumber


class Small(Section):
    count: WholeNumber


@pytest.mark.parametrize(("given", "taken"), [(3, 3), (1e3, 1000), (10**300, 10**300), (-5, -5)])
def test_whole_numbers_may_be_written_as_decimals(given: float, taken: int) -> None:
    assert Small.model_validate({"count": given}).count == taken


@pytest.mark.parametrize("given", [10**400, -(10**400), int(sys.float_info.max) + 2**970])
def test_a_number_that_no_float_can_hold_is_refused(given: int) -> None:
    with pytest.raises(ValidationError, match="is too large for a number"):
        Small.model_validate({"count": given})


@pytest.mark.parametrize("given", [1.5, True, "3", None])
def test_what_is_no_whole_number_is_refused(given: object) -> None:
    with pytest.raises(ValidationError):
        Small.model_validate({"count": given})
