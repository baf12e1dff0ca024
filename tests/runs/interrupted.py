"""Runs that are interrupted within a stage and go on to the same bits."""

from pathlib import Path

from featlearn.config.model import Config
from featlearn.runs.directory import RunDirectory
from featlearn.runs.train import resume, train
from tests.runs.test_train import _interrupt_at, results


def whole_and_resumed(config: Config, place: Path) -> RunDirectory:
    """The run in one go, which one that was interrupted must equal."""
    whole = train(config, place / "whole")
    assert whole.status == "done"
    stopped = train(config, place / "stopped", _interrupt_at(4))
    assert stopped.status == "interrupted"
    assert resume(stopped.run).status == "done"
    assert results(stopped.run) == results(whole.run)
    return whole.run
