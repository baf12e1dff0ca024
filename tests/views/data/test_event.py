"""Events stand at logged steps, and teacher lines are named from 1 on."""

from pathlib import Path

import pytest

from featlearn.views.data.event import Event, event_at, lines_in_words, teachers_in_words
from tests.views.data.made_up import made_up


def test_an_event_stands_at_the_step_of_its_row(tmp_path: Path) -> None:
    data = made_up(tmp_path, {"step": [0, 10, 200]})
    assert event_at(data, 1, "stage", "It ends.", 2, "ends") == Event("stage", 10, "It ends.", 2, "ends")


@pytest.mark.parametrize(
    ("which", "told"),
    [
        ([0], "teacher line w*1"),
        ([0, 2], "teacher lines w*1 and w*3"),
        ([0, 1, 2], "teacher lines w*1, w*2 and w*3"),
        ([0, 1, 2, 3], "4 teacher lines"),
    ],
)
def test_few_teacher_lines_are_named(which: list[int], told: str) -> None:
    assert teachers_in_words(which) == told


def test_lines_are_counted_in_words() -> None:
    assert [lines_in_words(count) for count in (1, 2)] == ["1 teacher line", "2 teacher lines"]
