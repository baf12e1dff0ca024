"""What a run was made with, as the machine and git say it."""

import platform
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from featlearn.config.load import load_config
from featlearn.runs import environment
from featlearn.runs.checkpoints import Checkpoint
from featlearn.runs.records import GitRecord
from featlearn.runs.train import resume, train
from featlearn.storage.errors import Caution
from featlearn.sweeps.directory import WHOLE
from featlearn.sweeps.results import load_results
from tests.cli.commands import invoked
from tests.config.broken import write
from tests.runs.records import an_environment, an_info
from tests.runs.test_train import SMALL, _interrupt_at
from tests.sweeps.small import new_sweep, run


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


def test_an_environment_that_computed_nothing_that_is_left_is_forgotten() -> None:
    other = an_environment(versions={"numpy": "1.0"}, step=7)
    begun = an_info(versions={"numpy": "0.9"}, continued_by=(other,))
    assert [one.step for one in environment.continued(begun, 9).continued_by] == [7, 9]
    assert [one.step for one in environment.continued(begun, 7).continued_by] == [7]
    assert environment.continued(begun, 7).continued_by[0].versions == environment.versions()
    again = environment.continued(environment.continued(begun, 9), 20)
    assert [one.step for one in again.continued_by] == [7, 9]


def test_the_model_of_the_processor_is_known_where_linux_says_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "_CPU_FILE", tmp_path / "cpuinfo")
    assert "model" not in environment.machine()
    environment.machine.cache_clear()
    (tmp_path / "cpuinfo").write_text(
        "processor\t: 0\nmodel name\t: Some CPU: fast\nflags\t: fpu\nmodel name\t: other\n"
    )
    assert environment.machine()["model"] == "Some CPU: fast"


def test_a_run_that_goes_on_elsewhere_says_so_once_and_keeps_both(tmp_path: Path) -> None:
    begun = train(
        load_config(write(tmp_path, SMALL), ["stages.warm_up.steps=20"]), tmp_path / "runs", _interrupt_at(12)
    ).run
    step = Checkpoint.read(begun, begun.read_info().config_hash).progress.position[2]
    begun.write_info(begun.read_info().changed(versions=environment.versions() | {"numpy": "0.9"}))
    with pytest.warns(
        Caution, match=r"goes on with numpy 0\.9 → .*: the last digits may differ .* run\.json keeps both"
    ):
        info = resume(begun).info
    (later,) = info.continued_by
    assert (info.versions["numpy"], later.versions["numpy"]) == ("0.9", environment.versions()["numpy"])
    assert later.step == step > 0
    told = invoked("show", begun.path).output
    assert f"from step {step}" in told
    assert "numpy 0.9 →" in told
    begun.write_info(info.changed(status="interrupted"))
    assert resume(begun).info.continued_by == info.continued_by  # and no warning, which would be an error


def test_a_sweep_that_goes_on_elsewhere_says_which_points_were_computed_where(tmp_path: Path) -> None:
    directory = new_sweep(tmp_path, "seeds: 3\nstore: summary")
    run(directory)
    lines = directory.journal_file(WHOLE).read_text().splitlines(keepends=True)
    directory.journal_file(WHOLE).write_text("".join(lines[:2]))
    assert set(load_results(directory.path)["environment"]) == {"e1"}
    directory.write_info(directory.read_info().changed(versions=environment.versions() | {"numpy": "0.9"}))
    with pytest.warns(Caution, match=r"goes on with numpy 0\.9 → .*: the last digits .* sweep\.json keeps both"):
        run(directory)
    run(directory)  # nothing is left to compute, and nothing is said
    info = directory.read_info()
    assert [(one.name, one.versions["numpy"]) for one in info.continued_by] == [("e2", environment.versions()["numpy"])]
    for table in (directory.path, directory.results_file):
        assert list(load_results(table)["environment"]) == ["e1", "e1", "e2"]
    assert "1 of them computed with numpy 0.9 →" in " ".join(invoked("show", directory.path).output.split())
