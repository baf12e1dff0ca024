"""The first words of a page say what is trained on what, and what weight decay does, as it is in that run."""

from pathlib import Path

import pytest

from featlearn.views.data.run import read_run
from featlearn.views.report.opening import opening
from tests.views.examples import POLYNOMIAL, new_run

NO_DECAY = [f"stages.{name}.weight_decay=0" for name in ("first_step", "second_layer", "local_convergence")]


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (
            [],
            [
                "A network of 20 neurons",
                "of 3 neurons gives",
                "vectors of 8 numbers",
                "rays w*1",
                "called teacher lines",
                "Weight decay of",
            ],
        ),
        (
            [],
            [
                "In stage local_convergence λ is halved every 100 steps by plan, from 0.01 on.",
                "some tenth of its mass",
                "--set stages.local_convergence.weight_decay=0",
            ],
        ),
        (NO_DECAY, ["There is no weight decay here"]),
        (["data={kind: empirical, samples: 50}"], ["is trained on samples of what"]),
        (["teacher.rank=5", "teacher.width=5"], ["further down it points closer"]),
        (POLYNOMIAL, ["a polynomial of 4 directions"]),
    ],
)
def test_the_opening_is_of_this_run(overrides: list[str], told: list[str], tmp_path: Path) -> None:
    text = " ".join(opening(read_run(new_run(tmp_path, *overrides))))
    assert [part for part in told if part not in text] == []


def test_what_does_not_hold_is_not_said(tmp_path: Path) -> None:
    none = " ".join(opening(read_run(new_run(tmp_path / "none", *NO_DECAY))))
    constant = " ".join(
        opening(read_run(new_run(tmp_path / "constant", "stages.local_convergence.weight_decay=0.001")))
    )
    assert "by plan" not in none + constant
    assert "some tenth" not in none
    assert "some tenth" in constant
