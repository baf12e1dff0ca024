"""What the console tells of a run: what applies to it, and nothing else."""

from pathlib import Path

import pytest

from featlearn.views.console.run import show_run
from tests.views.examples import new_run


def test_the_training_loss_stands_beside_the_loss_where_there_is_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = new_run(tmp_path, "data={kind: empirical, samples: 50}")
    show_run(run, run.read_info())
    headings, ending = capsys.readouterr().out.splitlines()[2], f"{run.read_metrics()[-1]['train_loss']:.3g}"
    assert " loss   train loss   in S* " in headings
    show_run(run, run.read_info())
    assert f" · train loss {ending} · gradient norm " in capsys.readouterr().out


def test_what_no_row_has_is_no_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = new_run(tmp_path)
    show_run(run, run.read_info())
    assert "train loss" not in capsys.readouterr().out
