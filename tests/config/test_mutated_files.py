"""Files that are spoiled at random are refused with reasons or carried out: soon, and never with a traceback."""

import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from featlearn.cli.app import main
from featlearn.config.load import load_config
from featlearn.config.model import Config
from featlearn.config.yaml_source import ConfigError, dump_yaml
from featlearn.runs.train import train
from featlearn.sweeps.load import load_sweep
from tests.mutations import CONFIGURATIONS, SWEEPS, mutated

pytestmark = pytest.mark.filterwarnings("ignore::featlearn.storage.errors.Caution")
MOST_SECONDS = 5.0  # of the processor, for one file
FILES = 2000
BY_COMMAND = 200


@contextmanager
def soon(what: str) -> Iterator[None]:
    """Within it, what takes too long fails."""

    def late(*_: Any) -> None:
        raise TimeoutError(f"{what}: more than {MOST_SECONDS} s")

    before = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def written(directory: Path, number: int) -> Path:
    """A spoiled file: every fifth one is of a sweep."""
    path = directory / f"{number}.yaml"
    path.write_bytes(mutated(number, SWEEPS if is_sweep(number) else CONFIGURATIONS))
    return path


def is_sweep(number: int) -> bool:
    return number % 5 == 4


def is_short(config: Config) -> bool:
    """Whether what is asked for takes little time: the others are not carried out here."""
    flows = [stage.step_size for stage in config.stages.values() if stage.method == "flow"]
    steps = sum(stage.steps or 1 for stage in config.stages.values())
    size = sum(config.teacher.shape() if config.teacher else ()) + (config.student.width or 0)
    return (
        steps <= 200
        and size <= 100
        and config.log.points <= 100
        and all(isinstance(time, float) and time < 1000 for time in flows)
    )


def compile_all(directory: Path) -> None:
    """What is compiled once is not to be counted."""
    for activation in ("relu", "abs", "erf", "quadratic"):
        for low in (0, 2):
            path = directory / "first.yaml"
            for base in CONFIGURATIONS:
                path.write_text(dump_yaml(base | {"activation": {"name": activation, "drop_hermite_below": low}}))
                try:
                    config = load_config(path)
                except ConfigError:  # this start or operation is not for this activation
                    continue
                train(config, directory / "runs")


def refused_or_done(number: int, directory: Path) -> str:
    """How a spoiled file ends."""
    path = written(directory, number)
    try:
        if is_sweep(number):
            sweep = load_sweep(path)
            if len(sweep) <= 1000:
                assert all((point.config is None) == bool(point.infeasible) for point in sweep.points())
            return "accepted"
        config = load_config(path)
    except ConfigError as error:
        return "refused" if _is_told(error) else f"silent: {error}"
    path.write_text(config.to_yaml())
    assert load_config(path) == config
    if not is_short(config):
        return "accepted"
    result = train(config, directory / "runs")
    assert result.status in ("done", "diverged"), result.info.message
    return result.status


def _is_told(error: ConfigError) -> bool:
    """Whether an error says at least one thing, and each in words and at some length."""
    told = [complaint.message for complaint in error.complaints]
    return bool(told) and all(message.strip() and len(message) < 1000 for message in told)


@pytest.mark.slow
def test_spoiled_files_are_refused_with_reasons_or_carried_out(tmp_path: Path) -> None:
    compile_all(tmp_path)
    ends = {}
    for number in range(FILES):
        with soon(f"file {number}"):
            ends[number] = refused_or_done(number, tmp_path)
    counts = {end: list(ends.values()).count(end) for end in set(ends.values())}
    assert counts.keys() <= {"refused", "accepted", "done", "diverged"}, counts
    assert counts["refused"] > FILES / 2, counts
    assert counts["done"] > FILES / 20, counts


@pytest.mark.slow
def test_the_command_answers_spoiled_files_with_a_status_and_words(tmp_path: Path) -> None:
    compile_all(tmp_path)
    for number in range(FILES, FILES + BY_COMMAND):
        path = written(tmp_path, number)
        try:
            what = "sweep" if is_sweep(number) else "train"
            if what == "train" and not is_short(load_config(path)):
                continue
        except ConfigError:
            pass
        status, seconds, said = answer(
            [what, "--config", str(path), *(["--dry-run"] if what == "sweep" else [])], tmp_path
        )
        assert status in (0, 1, 2), (number, status, said)
        assert said.strip(), number
        assert "Traceback" not in said, (number, said)
        assert "Warning" not in said, (number, said)
        assert seconds < MOST_SECONDS, (number, seconds)


def answer(arguments: list[str], directory: Path) -> tuple[int, float, str]:
    """The exit status of a command in a process of its own, forked from this one, its processor time, and its words."""
    output = directory / "output.txt"
    child = os.fork()
    if child == 0:
        status: Any = 70
        try:
            with output.open("w") as sys.stdout:
                sys.stderr, sys.argv = sys.stdout, ["featlearn", *arguments]
                os.chdir(directory)
                try:
                    main()
                except SystemExit as end:
                    status = end.code or 0
                except BaseException:
                    traceback.print_exc()
        finally:
            os._exit(status)
    _, code, usage = os.wait4(child, 0)
    return os.waitstatus_to_exitcode(code), usage.ru_utime + usage.ru_stime, output.read_text()
