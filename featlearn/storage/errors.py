"""What goes wrong with directories and files of ours. Every message is one clear line that says what to do."""

from __future__ import annotations


class RunError(Exception):
    """A directory of ours, or a file in it, that cannot be found, read, written or locked."""


class RunNotFound(RunError):
    """A directory that somebody named does not exist."""


class WrongChoice(RunError):
    """An axis or a metric that somebody asked for is none, or cannot be shown."""


class Caution(UserWarning):
    """What is allowed and probably not meant; the message says what to do."""


def reason(error: OSError) -> str:
    """Why the system refused, in its own words."""
    return error.strerror or str(error)
