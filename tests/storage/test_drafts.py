"""Directories appear complete or not at all, and what a kill leaves of them is removed by whoever comes next."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from featlearn.storage import drafts
from featlearn.storage.drafts import drafted_directory, remove_dead_drafts, remove_directory
from tests.places import ROOT
from tests.storage.damage import contents

KILLED = """
import os, signal, sys
from pathlib import Path
from featlearn.storage.drafts import drafted_directory, remove_directory

def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)

place = Path(sys.argv[1])
{}
"""
FILLING = """
with drafted_directory(place) as draft:
    (draft.path / "run.json").write_text("half of it")
    (draft.path / "sweeps").mkdir()
    die()
"""
LINKING = """
with drafted_directory(place) as draft:
    draft.publish(place / "done")
    Path.replace = die
    draft.point_here("latest")
"""
REMOVING = """
import shutil
(place / "old" / "figures").mkdir(parents=True)
(place / "old" / "figures" / "loss.pdf").touch()
shutil.rmtree = die
remove_directory(place / "old")
"""


def killed(code: str, place: Path) -> None:
    """Run the code in a process that is killed within it."""
    command = [sys.executable, "-c", KILLED.format(code), str(place)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == -signal.SIGKILL, done.stderr


def names(place: Path) -> set[str]:
    return {path.name for path in place.iterdir()}


@pytest.mark.parametrize(("code", "kept"), [(FILLING, set()), (LINKING, {"done"}), (REMOVING, set())])
def test_what_a_killed_process_left_is_removed(code: str, kept: set[str], tmp_path: Path) -> None:
    killed(code, tmp_path)
    left = names(tmp_path) - kept
    assert left
    assert all(name.startswith(".") for name in left)
    remove_dead_drafts(tmp_path)
    assert names(tmp_path) == kept


def test_what_a_live_process_fills_stays(tmp_path: Path) -> None:
    with drafted_directory(tmp_path) as draft:
        (draft.path / "run.json").touch()
        remove_dead_drafts(tmp_path)
        assert (draft.path / "run.json").exists()
        draft.publish(tmp_path / "done")
    assert names(tmp_path) == {"done"}


def test_what_is_not_surely_ours_stays(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "thesis.tex").write_text("years of work")
    for name in (".new-12345678", ".new-notes", ".new-0123abcd.d"):  # no lock beside them, or another form
        (tmp_path / name).mkdir()
        (tmp_path / name / "notes").write_text("mine")
    (tmp_path / ".new-0123abcd.d.lock").touch()
    (tmp_path / ".new-aaaaaaaa").symlink_to(victim)
    (tmp_path / ".new-bbbbbbbb" / "chapters" / "one").mkdir(parents=True)
    (tmp_path / ".new-cccccccc").mkdir()
    (tmp_path / ".new-cccccccc" / "notes").symlink_to(victim)
    before = contents(tmp_path)
    for name in ("aaaaaaaa", "bbbbbbbb", "cccccccc"):
        (tmp_path / f".new-{name}.lock").touch()
    remove_dead_drafts(tmp_path)
    assert contents(tmp_path) == before
    (tmp_path / ".new-dddddddd.lock").symlink_to(victim / "thesis.tex")
    remove_dead_drafts(tmp_path)
    assert (victim / "thesis.tex").read_text() == "years of work"
    remove_dead_drafts(tmp_path / "nowhere")


def test_what_is_not_published_is_removed(tmp_path: Path) -> None:
    def fail() -> None:
        with drafted_directory(tmp_path / "new" / "place") as draft:
            (draft.path / "file").touch()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with drafted_directory(tmp_path / "new" / "place"):
        pass
    assert names(tmp_path / "new" / "place") == set()


def test_names_that_are_taken_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "stem").mkdir()
    (tmp_path / "stem" / "file").touch()
    (tmp_path / "stem-2").touch()
    with drafted_directory(tmp_path) as draft:
        (draft.path / "file").touch()
        draft.publish_as("stem")
    assert draft.path == tmp_path / "stem-3"


def test_a_name_that_is_taken_is_not_given(tmp_path: Path) -> None:
    (tmp_path / "0001").mkdir()
    (tmp_path / "0001" / "notes").write_text("mine")
    with drafted_directory(tmp_path) as draft:
        (draft.path / "file").touch()
        with pytest.raises(OSError, match="not empty"):
            draft.publish(tmp_path / "0001")
    assert names(tmp_path) == {"0001"}
    assert names(tmp_path / "0001") == {"notes"}


def test_a_directory_is_removed_with_all_that_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "0001" / "figures").mkdir(parents=True)
    (tmp_path / "0001" / "figures" / "loss.pdf").touch()
    remove_directory(tmp_path / "0001")
    assert names(tmp_path) == set()


def test_the_permissions_are_those_that_the_user_wants(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with drafted_directory(tmp_path) as draft:
            draft.publish(tmp_path / "done")
    finally:
        os.umask(before)
    assert (tmp_path / "done").stat().st_mode & 0o777 == 0o750


def test_the_lock_of_a_draft_that_somebody_took_for_dead_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may look for dead drafts between the making of a lock file and its locking."""
    real = drafts.Lock.acquire

    def acquire(lock: drafts.Lock, patience: float = 2.0) -> bool:
        remove_dead_drafts(tmp_path) if patience else None
        return real(lock, patience)

    monkeypatch.setattr(drafts.Lock, "acquire", acquire)
    with drafted_directory(tmp_path) as draft:
        assert draft.path.with_name(f"{draft.path.name}.lock").exists()
        draft.publish(tmp_path / "done")
    assert names(tmp_path) == {"done"}
