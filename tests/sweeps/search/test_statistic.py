"""What `where` of a search asks for."""

import re
from typing import Any

import pytest

from featlearn.storage.errors import WrongChoice
from featlearn.sweeps.search.edges import Known
from featlearn.sweeps.search.statistic import Statistic, statistic
from featlearn.sweeps.selection import Keys
from featlearn.training.columns import COLUMNS


def asked(text: str) -> Statistic:
    return statistic(text, Keys([Known({"student.width": 8}, dict.fromkeys(COLUMNS))]))


def run(status: str = "done", **final: Any) -> Known:
    return Known({"student.width": 8}, final, status)


@pytest.mark.parametrize(
    ("text", "line", "outcome"),
    [
        ("share(recovered == 3) >= 0.95", run(recovered=3), 1),
        ("share(recovered == 3) >= 95 %", run(recovered=2), 0),
        ("share(recovered = 3) ≥ .95", run(), 0),
        ("share(status = diverged) <= 0.1", run("diverged"), 1),
        ("share(recovered = 3 and aligned_mass > 0.9) > 0.5", run(recovered=3, aligned_mass=0.95), 1),
        ("share(recovered = 3 and aligned_mass > 0.9) > 0.5", run(recovered=3, aligned_mass=0.5), 0),
        ("median(loss) <= 1e-6", run(loss=1e-7), 1),
        ("median(loss) <= 1e-6", run(loss=1e-5), 0),
        ("median(loss) > 1e-6", run(loss=1e-5), 1),
    ],
)
def test_a_run_counts_by_its_last_row(text: str, line: Known, outcome: float) -> None:
    assert asked(text).outcome(line) == outcome


@pytest.mark.parametrize(
    ("text", "outcomes", "holds"),
    [
        ("share(recovered == 3) >= 0.5", [1] * 20, True),
        ("share(recovered == 3) <= 0.5", [1] * 20, False),
        ("share(recovered == 3) < 0.5", [0] * 20, True),
        ("share(recovered == 3) >= 0.5", [0, 1] * 10, None),
        ("median(loss) <= 1e-6", [1] * 20, True),
    ],
)
def test_it_holds_where_the_outcomes_say_so(text: str, outcomes: list[float], holds: bool | None) -> None:
    assert asked(text).decision(outcomes, 0.01) is holds


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("recovered == 3", "expected share(CONDITION) >= NUMBER or median(COLUMN) <= NUMBER"),
        ("share(recovered == 3)", "expected share"),
        ("share(recovered == 3) >= 1", "a share of 1 cannot be told by any number of seeds"),
        ("share(recovered == 3) >= 0", "a share of 0"),
        ("share(recoverd == 3) >= 0.5", "did you mean recovered"),
        ("share(recovered) >= 0.5", "expected KEY=VALUE"),
        ("median(status) >= 0.5", "'status' is no number among the results"),
        ("mean(loss) <= 0.5", "a mean is decided by no number of seeds"),
        ("median(student.width) >= 0.5", "'student.width' is no number among the results"),
        ("median(loss) <= 5 %", "compared with a number"),
        ("median(los) <= 5", "did you mean"),
        ("shares(recovered == 3) >= 0.5", "'shares' is neither share nor median; did you mean share?"),
        ("share(recovered == 3) == 0.5", "compare with >=, <=, > or <, not with =="),
    ],
)
def test_what_it_cannot_be_is_refused(text: str, told: str) -> None:
    with pytest.raises(WrongChoice, match=re.escape(told)):
        asked(text)
