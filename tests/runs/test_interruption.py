"""Signals within a loop: the first is a question that the loop asks, the second ends it, and all is as before after."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from featlearn.runs.interruption import interruptible, uninterrupted

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The handlers of a process that nobody has told otherwise; those of the test process come back afterwards."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_first_signal_is_a_question_and_a_second_ends_the_loop(number: signal.Signals) -> None:
    with interruptible() as asked:
        assert not asked()
        signal.raise_signal(number)
        assert asked()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)


def test_two_signals_of_different_kinds_are_two() -> None:
    with interruptible() as asked:
        signal.raise_signal(signal.SIGTERM)
        assert asked()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_the_next_loop_was_not_asked_yet() -> None:
    with interruptible():
        signal.raise_signal(signal.SIGINT)
    with interruptible() as asked:
        assert not asked()


@pytest.mark.parametrize("end", [None, ValueError("an error in the loop"), KeyboardInterrupt()])
def test_the_handlers_come_back_however_the_loop_ends(end: BaseException | None) -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    try:
        with interruptible():
            assert [signal.getsignal(number) for number in SIGNALS] != before
            if end is not None:
                raise end
    except (ValueError, KeyboardInterrupt) as error:
        assert error is end  # noqa: PT017 - both kinds, or none
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_signal_that_the_process_ignores_stays_ignored() -> None:
    """As of a process that was started with nohup."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with interruptible() as asked:
        signal.raise_signal(signal.SIGHUP)
        assert not asked()
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


def test_in_another_thread_nobody_is_asked() -> None:
    """Only the main thread of a process may set handlers."""
    answers: list[bool] = []
    before = [signal.getsignal(number) for number in SIGNALS]

    def work() -> None:
        with interruptible() as asked, uninterrupted():
            answers.append(asked())
            answers.append([signal.getsignal(number) for number in SIGNALS] == before)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert answers == [False, True]


def test_while_it_is_ignored_ctrl_c_reaches_neither_this_process_nor_those_it_starts() -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGINT); print('still here')"
    with uninterrupted():
        os.kill(os.getpid(), signal.SIGINT)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "still here\n")
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
