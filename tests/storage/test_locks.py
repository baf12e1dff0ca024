"""Locks keep two processes apart, on file systems of every kind; looking never disturbs them."""

import errno
import fcntl
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from featlearn.storage import locks, opening
from featlearn.storage.locks import Lock, holder_of, is_held, marker_of
from tests.places import ROOT
from tests.runs.killing import in_child

Flock = Callable[[int, int], None]


@contextmanager
def another_process(path: Path) -> Iterator[int]:
    """A process that holds the lock until it is killed."""
    reader, writer = os.pipe()

    def hold() -> None:
        lock = Lock(path)
        assert lock.acquire()
        os.write(writer, b"x")
        signal.pause()

    child = in_child(hold)
    os.read(reader, 1)
    os.close(reader)
    os.close(writer)
    try:
        yield child
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@pytest.fixture(params=["locks", "ENOSYS", "ENOLCK", "EOPNOTSUPP"])
def lock_file(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of a lock on a file system that has locks, or answers that it has none."""
    if request.param != "locks":
        number = getattr(errno, request.param)

        def refuse(descriptor: int, operation: int) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(fcntl, "flock", refuse)
    return tmp_path / ".lock"


def test_one_process_at_a_time(lock_file: Path) -> None:
    assert not is_held(lock_file)
    with another_process(lock_file):
        assert is_held(lock_file)
        began = time.monotonic()
        assert not Lock(lock_file).acquire(patience=0.2)
        assert time.monotonic() - began < 5
    assert not is_held(lock_file)
    lock = Lock(lock_file)
    assert lock.acquire(), "a killed process holds nothing"
    assert is_held(lock_file)
    assert not Lock(lock_file).acquire(patience=0), "not even this process can have it twice"
    lock.release()
    assert not is_held(lock_file)


def test_a_lock_that_becomes_free_is_had(lock_file: Path) -> None:
    held = Lock(lock_file)
    assert held.acquire()
    timer = threading.Timer(0.3, held.release)
    timer.start()
    lock = Lock(lock_file)
    assert lock.acquire(patience=10)
    timer.join()
    lock.release()


def test_looking_creates_nothing(lock_file: Path) -> None:
    assert not is_held(lock_file)
    assert list(lock_file.parent.iterdir()) == []


def test_looking_in_a_loop_never_keeps_anybody_from_working(tmp_path: Path) -> None:
    file = tmp_path / ".lock"
    file.touch()

    def look() -> None:
        while True:
            is_held(file)

    lookers = [in_child(look) for _ in range(2)]
    try:
        for _ in range(1000):
            lock = Lock(file)
            assert lock.acquire()
            lock.release()
        assert not any(is_held(file) for _ in range(100)), "whoever looks is not taken for one who works"
    finally:
        for looker in lookers:
            os.kill(looker, signal.SIGKILL)
            os.waitpid(looker, 0)


def test_a_lock_is_written_to_as_NFS_asks_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There, an exclusive lock needs a descriptor that is open for writing."""
    real: Flock = fcntl.flock

    def as_on_nfs(descriptor: int, operation: int) -> None:
        if operation & fcntl.LOCK_EX and not fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_RDWR:
            raise OSError(errno.EBADF, "Bad file descriptor")
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", as_on_nfs)
    file = tmp_path / ".lock"
    with another_process(file):
        assert is_held(file)
        assert not Lock(file).acquire(patience=0)
    lock = Lock(file)
    assert lock.acquire()
    lock.release()


def without_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every directory be one that can only be read."""
    real = os.open

    def open_(path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return real(path, flags, mode)

    monkeypatch.setattr(opening.os, "open", open_)


def test_a_directory_that_can_only_be_read_is_looked_at(lock_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with another_process(lock_file), monkeypatch.context() as patched:
        without_writing(patched)
        assert is_held(lock_file)
        with pytest.raises(OSError, match="Read-only"):
            Lock(lock_file).acquire()
    without_writing(monkeypatch)
    assert not is_held(lock_file)


@pytest.mark.parametrize("kind", ["link", "link to nothing", "pipe", "folder"])
def test_what_is_no_regular_file_is_not_locked(kind: str, tmp_path: Path) -> None:
    file, victim = tmp_path / ".lock", tmp_path / "victim"
    victim.write_text("mine")
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    else:
        file.symlink_to(victim if kind == "link" else tmp_path / "nothing")
    assert not is_held(file)
    with pytest.raises(OSError, match=r"link|regular|directory"):
        Lock(file).acquire()
    assert victim.read_text() == "mine"
    assert not (tmp_path / "nothing").exists()


def test_a_lock_file_that_was_removed_meanwhile_does_not_let_two_in(tmp_path: Path) -> None:
    file = tmp_path / ".lock"
    first, second = Lock(file), Lock(file)
    assert first.acquire()
    first.release(remove=True)
    assert not file.exists()
    assert second.acquire()
    assert not Lock(file).acquire(patience=0)
    second.release()


def test_a_forked_child_does_not_give_back_what_its_parent_holds(lock_file: Path) -> None:
    lock = Lock(lock_file)
    assert lock.acquire()
    child = in_child(lock.release)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert is_held(lock_file)
    child = in_child(signal.pause)
    try:
        lock.release()
        assert not is_held(lock_file), "a child that goes on holds nothing"
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


class TestWithoutLocks:
    @pytest.fixture
    def file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        def refuse(descriptor: int, operation: int) -> None:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

        monkeypatch.setattr(fcntl, "flock", refuse)
        return tmp_path / ".lock"

    def test_the_marker_names_its_owner_and_goes_with_it(self, file: Path) -> None:
        lock = Lock(file)
        assert lock.acquire()
        assert f"({os.getpid()} on {socket.gethostname()}" in holder_of(file)
        assert str(marker_of(file)) in holder_of(file)
        lock.release()
        assert not marker_of(file).exists()
        assert holder_of(file) == ""

    def test_the_marker_of_another_machine_stays_and_says_what_to_do(self, file: Path) -> None:
        marker_of(file).write_text("12\nnode-7\n")
        assert is_held(file)
        assert not Lock(file).acquire(patience=0)
        assert holder_of(file) == f" (12 on node-7; if that process is gone, remove {marker_of(file)})"
        marker_of(file).unlink()
        lock = Lock(file)
        assert lock.acquire()
        lock.release()

    def test_an_ordinary_lock_file_that_was_copied_here_holds_nothing(self, file: Path) -> None:
        file.touch()
        assert not is_held(file)
        lock = Lock(file)
        assert lock.acquire()
        lock.release()

    def test_that_locks_are_weak_is_said_once(
        self, file: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(locks, "_weakness_told", False)
        with caplog.at_level(logging.WARNING):
            for number in range(3):
                lock = Lock(file.with_name(f".lock-{number}"))
                assert lock.acquire()
                lock.release()
        [told] = caplog.messages
        assert "locks are weak" in told


@pytest.mark.slow
def test_the_package_is_imported_where_there_is_no_fcntl() -> None:
    """As on Windows."""
    sources = [path for path in (ROOT / "featlearn").rglob("*.py") if path.name not in ("__init__.py", "__main__.py")]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in sources]
    code = (
        f"import sys; sys.modules['fcntl'] = None; from importlib import import_module as load; [*map(load, {names})]"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=120)
    assert not [path for path in sources if "fcntl" in path.read_text()]
