"""Points in chunks: of equal shape, none too large, each point once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from featlearn.sweeps import chunks
from featlearn.sweeps.chunks import Chunk, chunks_of, compute_chunk
from featlearn.sweeps.costs import Cost
from featlearn.sweeps.load import load_sweep
from featlearn.sweeps.points import Job
from featlearn.sweeps.shape import Shape
from tests.sweeps.small import sweep_file

TWO_SHAPES = "grid:\n  student.width: [8, 10]\nseeds: 12\n"


class Fixed:
    """Every experiment costs the same."""

    def __init__(self, steps: float, rest: float = 0.0) -> None:
        self._cost = Cost(steps, rest)

    def cost(self, config: Any) -> Cost:
        return self._cost

    def seconds(self, config: Any) -> float:
        return self._cost.on(1)


def jobs(place: Path, text: str = TWO_SHAPES) -> list[Job]:
    points = load_sweep(sweep_file(place, text)).points()
    return [Job(point.id, point.config) for point in points if point.config is not None]


def divided(given: Any, costs: Fixed, **options: Any) -> list[Chunk]:
    options = {"cores": 1, "most": 1000} | options
    return list(chunks_of(given, None, costs, **options))  # type: ignore[arg-type]


def test_each_point_is_in_one_chunk_of_its_own_shape(tmp_path: Path) -> None:
    given = jobs(tmp_path)
    found = divided(given, Fixed(0.001), most=5)
    assert sorted(job.id for chunk in found for job in chunk.jobs) == [job.id for job in given]
    for chunk in found:
        assert len({Shape.of(job.config) for job in chunk.jobs}) == 1
    assert sorted(len(chunk.jobs) for chunk in found) == [2, 2, 5, 5, 5, 5]
    assert sum(chunk.work for chunk in found) == pytest.approx(24 * 0.001)


@pytest.mark.parametrize(
    ("costs", "cores", "most"),
    [
        (Fixed(chunks._MOST_SECONDS / 4), 1, 4),
        (Fixed(chunks._MOST_SECONDS / 4), 2, 8),  # the steps are spread over the cores
        (Fixed(0.0, chunks._MOST_SECONDS / 4), 2, 4),  # the rest is not
        (Fixed(100 * chunks._MOST_SECONDS), 1, 1),
        (Fixed(100 * chunks._MOST_SECONDS), 3, 3),  # no core is idle
    ],
)
def test_a_chunk_takes_no_longer_than_may_be_lost(costs: Fixed, cores: int, most: int, tmp_path: Path) -> None:
    assert max(len(chunk.jobs) for chunk in divided(jobs(tmp_path), costs, cores=cores)) == most


def test_a_chunk_fits_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = jobs(tmp_path, "seeds: 12")
    monkeypatch.setattr(chunks, "_MOST_BYTES", 4.5 * Shape.of(given[0].config).bytes(stored=False))
    assert [len(chunk.jobs) for chunk in divided(given, Fixed(0.001))] == [4, 4, 4]
    (stored,) = chunks_of(given[:1], tmp_path, Fixed(0.001), cores=1, most=9)  # type: ignore[arg-type]
    assert stored.runs == tmp_path


def test_jobs_are_made_when_they_are_needed(tmp_path: Path) -> None:
    given, made = jobs(tmp_path, "seeds: 12"), []

    def one_by_one() -> Iterator[Job]:
        for job in given:
            made.append(job)
            yield job

    found = chunks_of(one_by_one(), None, Fixed(0.001), cores=1, most=4)  # type: ignore[arg-type]
    assert made == []
    next(found)
    assert len(made) == 4


def test_the_singles_of_a_chunk_are_its_points_that_have_not_ended(tmp_path: Path) -> None:
    (chunk,) = divided(jobs(tmp_path, "seeds: 4"), Fixed(0.5))
    found = chunk.singles({"p0001", "p0003"})
    assert [[job.id for job in single.jobs] for single in found] == [["p0000"], ["p0002"]]
    assert [single.work for single in found] == [0.5, 0.5]


def test_a_chunk_is_computed(tmp_path: Path) -> None:
    (chunk,) = divided(jobs(tmp_path, "seeds: 3"), Fixed(0.001))
    results = list(compute_chunk(chunk))
    assert [(result.id, result.status) for result in results] == [(job.id, "done") for job in chunk.jobs]
