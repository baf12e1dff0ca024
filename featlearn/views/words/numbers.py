"""Measured numbers and lengths of time as people read them."""

from __future__ import annotations

from featlearn.claims.records import CheckRecord


def number(x: float | None, missing: str = "–") -> str:
    """Four digits."""
    return missing if x is None else f"{x:.4g}".replace("-", "−")


def value(check: CheckRecord) -> str:
    """What was measured for a check."""
    return number(check.value, "not finite" if check.count else "–")


def interval(check: CheckRecord) -> str:
    """Its interval; a dash where it has none, for the value is all there is, or nothing was measured."""
    if not check.count or (check.low == check.high is not None and check.low == check.value):
        return "–"
    if check.value is None and check.low is None and check.high is None:
        return "–"
    return f"{number(check.low, '−∞')} … {number(check.high, '∞')}"


def duration(seconds: float) -> str:
    """A length of time as people say it."""
    seconds = max(0.0, seconds)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 36 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} days"
