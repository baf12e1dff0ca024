"""featlearn plot --film, as people type it."""

from pathlib import Path

import pytest

from tests.cli.commands import invoked
from tests.views.examples import new_run


@pytest.mark.slow
def test_a_film_is_written_where_it_is_told(tmp_path: Path) -> None:
    run = new_run(tmp_path, "log={points: 6, snapshots: 4}", "student.width=4")
    file = tmp_path / "talk.gif"
    done = invoked("plot", run.path, "--film", "--out", file)
    assert (done.exit_code, done.stdout.strip()) == (0, str(file))
    done = invoked("plot", run.path, "--film", "--format", "gif")
    assert done.stdout.strip() == str(run.path / "figures" / "neurons.gif")


FILM_REFUSALS = [
    (["--film", "--theory", "--x", "seed"], "--x, --theory and --film do not go together"),
    (["--film", "--format", "png"], "a film is one of mp4, gif; leave --film out for figures"),
    (["--film", "--format", "mp4", "--out", "talk.gif"], "do not agree: leave --format out"),
    (["--format", "gif"], "mp4 and gif are for --film"),
]


@pytest.mark.parametrize(("options", "told"), FILM_REFUSALS)
def test_a_film_beside_what_makes_no_sense_is_refused(options: list[str], told: str) -> None:
    done = invoked("plot", *options)
    assert done.exit_code == 2
    assert told in " ".join(done.output.replace("│", " ").split())
