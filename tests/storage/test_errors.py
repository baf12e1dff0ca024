"""What is wrong is said in the words of the system."""

import errno
import os

from featlearn.storage.errors import RunError, RunNotFound, reason


def test_the_reason_is_what_the_system_says() -> None:
    number = errno.ENOSPC
    assert reason(OSError(number, os.strerror(number), "/some/file")) == os.strerror(number)


def test_an_error_that_the_system_did_not_raise_speaks_for_itself() -> None:
    assert reason(OSError("the file is no archive")) == "the file is no archive"


def test_what_is_not_found_is_caught_as_what_goes_wrong_with_a_directory() -> None:
    assert issubclass(RunNotFound, RunError)
    assert not issubclass(RunError, OSError), "errors of the system are turned into lines that say what to do"
