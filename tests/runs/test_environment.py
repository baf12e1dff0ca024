"""What a run was made with, as the machine and git say it."""

import platform
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from featlearn.runs import environment
from featlearn.runs.records import GitRecord


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What was found before is found anew, and what a test finds is forgotten after it."""
    for found in (environment.versions, environment.machine, environment.git):
        found.cache_clear()
    yield
    for found in (environment.versions, environment.machine, environment.git):
        found.cache_clear()


def test_the_versions_are_those_that_are_imported() -> None:
    import numpy
    import scipy

    versions = environment.versions()
    assert versions["python"] == platform.python_version()
    assert (versions["numpy"], versions["scipy"]) == (numpy.__version__, scipy.__version__)
    assert versions.keys() == {"python", "featlearn", "numpy", "scipy", "numba", "torch"}


def test_a_package_that_is_not_installed_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(package: str) -> str:
        if package == "torch":
            raise metadata.PackageNotFoundError(package)
        return "1.2"

    monkeypatch.setattr(environment.metadata, "version", version)
    assert environment.versions()["torch"] is None
    assert environment.versions()["numpy"] == "1.2"


def test_the_machine_has_a_system_and_a_processor() -> None:
    machine = environment.machine()
    assert machine["system"].startswith(platform.system())
    assert machine["processor"] in (platform.processor(), platform.machine())
    assert all(machine.values())


class TestGit:
    @pytest.fixture
    def module(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The place of the module in a checkout of its own, which is no git repository yet."""
        file = tmp_path / "featlearn" / "runs" / "environment.py"
        file.parent.mkdir(parents=True)
        file.write_text("# code\n")
        monkeypatch.setattr(environment, "__file__", str(file))
        for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
            monkeypatch.delenv(name, raising=False)
        return file

    @staticmethod
    def git(root: Path, *arguments: str) -> str:
        who = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]
        done = subprocess.run(["git", "-C", root, *who, *arguments], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, root: Path) -> str:
        self.git(root, "init", "-q")
        self.git(root, "add", ".")
        self.git(root, "commit", "-q", "-m", "code")
        return self.git(root, "rev-parse", "HEAD")

    def test_outside_of_a_checkout_nothing_is_known(self, module: Path) -> None:
        assert environment.git() == GitRecord(commit=None, dirty=None)

    def test_the_commit_is_known_and_whether_the_code_was_changed_since(self, module: Path, tmp_path: Path) -> None:
        commit = self.commit(tmp_path)
        assert environment.git() == GitRecord(commit=commit, dirty=False)
        (tmp_path / "notes.txt").write_text("not of the package")
        environment.git.cache_clear()
        assert environment.git() == GitRecord(commit=commit, dirty=False)
        module.write_text("# other code\n")
        assert environment.git().dirty is False, "it is asked once: a process keeps the code that it has loaded"
        environment.git.cache_clear()
        assert environment.git() == GitRecord(commit=commit, dirty=True)

    def test_a_new_file_of_the_package_is_a_change(self, module: Path, tmp_path: Path) -> None:
        self.commit(tmp_path)
        module.with_name("new.py").touch()
        assert environment.git().dirty is True

    @pytest.mark.parametrize(
        "error",
        [
            FileNotFoundError("git"),
            subprocess.CalledProcessError(128, "git"),
            subprocess.TimeoutExpired("git", 10),
        ],
    )
    def test_a_git_that_fails_ends_no_run(
        self, error: Exception, module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / ".git").mkdir()

        def run(*arguments: Any, **keywords: Any) -> None:
            raise error

        monkeypatch.setattr(environment.subprocess, "run", run)
        assert environment.git() == GitRecord(commit=None, dirty=None)
