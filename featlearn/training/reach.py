"""Which teachers are small enough for their certified optimum to be looked for."""

from __future__ import annotations

MOST_LINES_IN_A_PLANE = 50  # A teacher of rank 1 or 2 may have so many neurons m*.
MOST_TEACHER_NUMBERS = 100  # For others m*·r is at most this: beyond, the optimum takes minutes and has wide bounds.


def within_reach(lines: int, rank: int) -> bool:
    """Whether the optimum is looked for, of a teacher with so many neurons that span so many dimensions."""
    return lines <= MOST_LINES_IN_A_PLANE if rank <= 2 else lines * rank <= MOST_TEACHER_NUMBERS
