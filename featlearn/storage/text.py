"""Text from files that others may have written, as a terminal may show it."""

from __future__ import annotations

import re

# what moves the cursor, changes colours or titles, or turns the direction of what follows
_BIDIRECTIONAL = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNPRINTABLE = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{_BIDIRECTIONAL}]")


def printable(text: str, keep: str = "") -> str:
    """The text with control characters, bidirectional controls and broken characters as escapes, but for some to keep.

    >>> printable("red \\x1b[31m")
    'red \\\\x1b[31m'
    """
    return _UNPRINTABLE.sub(lambda found: found[0] if found[0] in keep else _escaped(found[0]), text)


def printable_json(text: str) -> str:
    """JSON that says the same and has nothing in it that a terminal obeys."""
    return _UNPRINTABLE.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
