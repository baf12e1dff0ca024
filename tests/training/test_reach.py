"""Which teachers' optima are looked for."""

from featlearn.training.reach import MOST_LINES_IN_A_PLANE, MOST_TEACHER_NUMBERS, within_reach


def test_teachers_within_reach_are_few_lines_in_few_dimensions() -> None:
    assert within_reach(MOST_LINES_IN_A_PLANE, 2)
    assert not within_reach(MOST_LINES_IN_A_PLANE + 1, 1)
    assert within_reach(MOST_TEACHER_NUMBERS // 4, 4)
    assert not within_reach(MOST_TEACHER_NUMBERS // 4 + 1, 4)
