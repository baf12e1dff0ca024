"""A film shows every snapshot in ten seconds, needs a writer, and leaves no half file."""

from pathlib import Path
from typing import Any

import pytest
from matplotlib.animation import FFMpegWriter
from PIL import Image

from featlearn.storage.errors import RunError
from featlearn.views.data.certificate import read_certificates
from featlearn.views.data.run import read_run
from featlearn.views.figures import film
from featlearn.views.figures.film import SECONDS, ending_for, save_film, shown_snapshots
from tests.views.examples import COLUMN, new_run

FEW = ["log={points: 6, snapshots: 4}", "stages.local_convergence.steps=20", "student.width=4"]


@pytest.mark.parametrize("count", [2, 3, 60, 179, 180, 181, 5000])
def test_a_film_ends_with_the_last_snapshot_and_is_short(count: int) -> None:
    shown, rate = shown_snapshots(count)
    assert (shown[0], shown[-1]) == (0, count - 1)
    assert len(shown) / rate + 1 <= SECONDS + 0.5
    assert len(shown) == min(count, 180)


@pytest.mark.parametrize("overrides", [[], ["teacher.rank=3"]])
def test_a_film_has_a_picture_for_every_snapshot(overrides: list[str], tmp_path: Path) -> None:
    data = read_run(new_run(tmp_path, *FEW, *overrides))
    assert data.neurons is not None
    told: list[tuple[int, int]] = []
    file = tmp_path / "out" / "film.gif"
    save_film(data, read_certificates(data), file, COLUMN, lambda *at: told.append(at))
    count = len(data.neurons.steps)
    assert told == [(done, count) for done in range(1, count + 1)]
    with Image.open(file) as shown:
        assert shown.n_frames >= count  # type: ignore[attr-defined]
    assert [path.name for path in file.parent.iterdir()] == ["film.gif"]


@pytest.mark.skipif(not FFMpegWriter.isAvailable(), reason="needs ffmpeg")
def test_a_film_is_written_by_ffmpeg(tmp_path: Path) -> None:
    data = read_run(new_run(tmp_path, *FEW))
    save_film(data, None, tmp_path / "film.mp4", COLUMN, lambda *_: None)
    assert b"ftyp" in (tmp_path / "film.mp4").read_bytes()[:16]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_what_stops_a_film_leaves_what_was_there(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = read_run(new_run(tmp_path, *FEW))
    file = tmp_path / "out" / "film.gif"
    file.parent.mkdir()
    file.write_text("before")

    def stop(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(film.PillowWriter, "finish", stop)
    with pytest.raises(RunError if isinstance(error, OSError) else KeyboardInterrupt):
        save_film(data, None, file, COLUMN, lambda *_: None)
    assert [path.name for path in file.parent.iterdir()] == ["film.gif"]
    assert file.read_text() == "before"


def test_without_a_writer_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film, "find_spec", lambda _: None)
    monkeypatch.setattr(film.FFMpegWriter, "isAvailable", lambda: False)
    with pytest.raises(RunError, match="neither ffmpeg is on the PATH nor Pillow installed"):
        ending_for(None)
    monkeypatch.setattr(film, "find_spec", lambda _: object())
    assert ending_for(None) == "gif"
    with pytest.raises(RunError, match="install it, or ask for --format gif"):
        ending_for("mp4")


def test_a_single_snapshot_is_no_film(tmp_path: Path) -> None:
    data = read_run(new_run(tmp_path, *FEW))
    assert data.neurons is not None
    object.__setattr__(data.neurons, "steps", data.neurons.steps[:1])
    with pytest.raises(RunError, match="a single snapshot"):
        save_film(data, None, tmp_path / "film.gif", COLUMN, lambda *_: None)
