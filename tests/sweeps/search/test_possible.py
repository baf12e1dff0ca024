"""What no run of a configuration can fulfil is known from it."""

from typing import Any

import pytest
import yaml

from featlearn.config.model import Config
from featlearn.sweeps.conditions import condition
from featlearn.sweeps.search.possible import why_never
from featlearn.sweeps.search.statistic import Row
from featlearn.sweeps.selection import Keys
from featlearn.training.columns import COLUMNS
from tests.sweeps.search.made_up import BASE

NULL = "no run has a value of"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("recovered == 3", None),
        ("recovered == 4", "at most 3"),
        ("recovered > 3", "at most 3"),
        ("recovered >= 3", None),
        ("recovered != 9", None),
        ("recovered = 1.5", "a whole number"),
        ("recovered = many", "is a number, and 'many' is not"),
        ("alive > 8", "at most 8"),
        ("alive < 0", "at least 0"),
        ("aligned_mass > 1", "at most 1"),
        ("aligned_mass >= 1", None),
        ("max_angle > 200", "at most 180"),
        ("loss < 1e-6", None),
        ("stage = only", None),
        ("student.width = 9", None),
        ("test_loss <= 1", NULL),
        ("test_loss = null", None),
        ("test_loss != null", NULL),
        ("gap <= 1", f"{NULL} gap at its end: there is no gap without weight decay"),
    ],
)
def test_a_condition_that_nothing_meets_has_a_reason(asked: str, told: str | None) -> None:
    why = why_never(known(asked), config())
    assert (why is None) if told is None else told in str(why)


def test_the_last_stage_decides_whether_there_is_a_gap() -> None:
    assert why_never(known("gap <= 1"), config(weight_decay=0.1)) is None
    assert "log.gap is false" in str(why_never(known("gap <= 1"), config({"log": {"gap": False}}, weight_decay=0.1)))


def known(asked: str) -> Any:
    return condition(asked, Keys([Row(dict.fromkeys(COLUMNS), {"student.width": 8})]))


def config(more: dict[str, Any] | None = None, **stage: Any) -> Config:
    data = yaml.safe_load(BASE)["base"] | (more or {})
    data["stages"]["only"] |= stage
    return Config.model_validate(data)
