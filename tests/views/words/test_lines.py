"""How runs, sweeps and reproductions stand, in words."""

from pathlib import Path
from typing import Any, Literal

import pytest

from featlearn.claims.listing import Line
from featlearn.views.words.lines import status_in_words

KINDS = Literal["run", "sweep", "reproduction"]


@pytest.mark.parametrize(
    ("kind", "about", "told"),
    [
        ("run", {"status": "done"}, "done"),
        ("run", {"status": "running"}, "stopped"),
        ("run", None, "unreadable"),
        ("sweep", {"status": "interrupted", "done": 3, "points": 10}, "interrupted, 3 of 10"),
        ("sweep", {"status": "diverged", "done": 3, "points": 10}, "diverged, 3 of 10 done"),
        ("reproduction", {"status": "failed", "held": 3, "claims": 4}, "failed, 3 of 4 hold"),
    ],
)
def test_the_status_says_how_far_it_is(kind: KINDS, about: dict[str, Any] | None, told: str) -> None:
    assert status_in_words(Line(Path("a"), kind, about, {}, [], "", None, alive=False)) == told
