"""Measured numbers and lengths of time as people read them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from featlearn.claims.records import CheckRecord

MINUS, THIN_SPACE = "\N{MINUS SIGN}", "\N{THIN SPACE}"
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def written(value: Any, form: str, missing: str = "–") -> str:
    """A number in a format; a dash for what is missing or, in a file that somebody damaged, no number."""
    return format(value, form) if isinstance(value, int | float) and not isinstance(value, bool) else missing


def number(value: Any, digits: int, *, missing: str = "–", minus: str = "-", short_exponent: bool = False) -> str:
    """A number in so many significant digits.

    Args:
        missing: what stands for no number.
        minus: the sign, of an exponent too.
        short_exponent: whether 1.5e-05 becomes 1.5e-5, and 1.5e+05 becomes 1.5e5.
    """
    text = written(value, f".{digits}g", missing)
    if short_exponent:
        text = re.sub(r"e\+?(-?)0?", r"e\1", text)
    return text if text == missing else text.replace("-", minus)


def short_number(x: float, digits: int = 2) -> str:
    """Two digits, or more, in as few characters as they take."""
    if not np.isfinite(x):
        return f"{x:g}"
    if x == 0 or 0.01 <= abs(x) < 1000:
        return f"{x:.{max(0, digits - 3)}f}" if abs(x) >= 100 else f"{x:.{digits}g}"
    mantissa, _, exponent = f"{x:.{digits - 1}e}".partition("e")
    return f"{float(mantissa):.{digits}g}e{int(exponent)}"


def powers_of_ten(values: Sequence[float]) -> list[str]:
    """Powers of ten, their negatives and 0, all in one form: 0.1, 1, 10 where these are short, else 10⁻¹, 10⁰, 10¹."""
    exponents = [round(np.log10(abs(x))) for x in values if x and np.isfinite(x)]
    short = all(-2 <= exponent <= 3 for exponent in exponents)
    return [_power_of_ten(x, short) for x in values]


def _power_of_ten(x: float, short: bool) -> str:
    if not x or not np.isfinite(x):
        return f"{x:g}"
    size = f"{abs(x):g}" if short else f"10{str(round(np.log10(abs(x)))).translate(_RAISED)}"
    return f"{MINUS if x < 0 else ''}{size}"


def grouped(count: int) -> str:
    """A whole number with a thin space between thousands."""
    return f"{count:,}".replace(",", THIN_SPACE)


def runs_in_words(count: int) -> str:
    """So many runs, in words."""
    return "1 run" if count == 1 else f"{count} runs"


def steps_in_words(count: int) -> str:
    """So many steps, in words."""
    return "1 step" if count == 1 else f"{count} steps"


def counts_in_words(counts: Sequence[int] | np.ndarray) -> str:
    """One count, or the least and the largest of several."""
    low, high = int(np.min(counts)), int(np.max(counts))
    return f"{low}" if low == high else f"{low}–{high}"


def value(check: CheckRecord) -> str:
    """What was measured for a check."""
    return _measured(check.value, "not finite" if check.count else "–")


def interval(check: CheckRecord) -> str:
    """The 95 % interval of a check, or a dash: where the value is all there is, or nothing was measured."""
    if not check.count or (check.low == check.high is not None and check.low == check.value):
        return "–"
    if check.value is None and check.low is None and check.high is None:
        return "–"
    return f"{_measured(check.low, f'{MINUS}∞')} … {_measured(check.high, '∞')}"


def _measured(x: float | None, missing: str) -> str:
    return number(x, 4, missing=missing, minus=MINUS)


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


def size(count: float) -> str:
    """So many bytes, with the prefix of a thousand, a million, …"""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
