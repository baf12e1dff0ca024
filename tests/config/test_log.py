"""The log section bounds what a run writes along the way."""

import pytest
from pydantic import ValidationError

from featlearn.config.log import Log


def test_the_gap_is_computed_unless_and_the_floors_if_it_is_said() -> None:
    assert Log().model_dump() == {"points": 300, "snapshots": 60, "gap": True, "floors": False, "curvature": False}
    assert Log.model_validate({"gap": False, "floors": True}).model_dump()["floors"] is True


@pytest.mark.parametrize(
    ("key", "least", "most"),
    [("points", 2, 100_000), ("snapshots", 1, 10_000)],
)
def test_the_number_of_rows_and_snapshots_is_bounded(key: str, least: int, most: int) -> None:
    for fine in (least, most):
        assert getattr(Log.model_validate({key: fine}), key) == fine
    for wrong in (least - 1, most + 1, least + 0.5):
        with pytest.raises(ValidationError, match=key):
            Log.model_validate({key: wrong})


@pytest.mark.parametrize("key", ["gap", "floors", "curvature"])
def test_what_is_no_boolean_is_refused(key: str) -> None:
    for wrong in (0, 1, "true"):
        with pytest.raises(ValidationError, match="valid boolean"):
            Log.model_validate({key: wrong})
