"""Taking runs out of batches and putting them together again, for every kind of field."""

from dataclasses import dataclass

import numpy as np
import pytest

from featlearn.training.batched import Batched


@dataclass(frozen=True)
class Inner(Batched):
    values: np.ndarray


@dataclass(frozen=True)
class Outer(Batched):
    name: str
    array: np.ndarray
    inner: Inner
    each: tuple[str, ...]
    named: dict[str, np.ndarray]
    missing: np.ndarray | None = None


def batch(runs: int) -> Outer:
    rng = np.random.default_rng(runs)
    inner, named = (
        Inner(rng.standard_normal((runs, 3))),
        {"one": np.arange(runs), "two": rng.standard_normal((runs, 1, 2))},
    )
    return Outer("shared", rng.standard_normal((runs, 2)), inner, tuple(map(str, range(runs))), named)


def assert_equal(one: Outer, other: Outer) -> None:
    assert (one.name, one.each, one.missing) == (other.name, other.each, other.missing)
    np.testing.assert_array_equal(one.array, other.array)
    np.testing.assert_array_equal(one.inner.values, other.inner.values)
    assert one.named.keys() == other.named.keys()
    for name, values in one.named.items():
        np.testing.assert_array_equal(values, other.named[name])


@pytest.mark.parametrize("runs", [[2], [0, 3], [3, 0, 0], range(4), []])
def test_the_runs_that_are_taken_have_what_they_had(runs: list[int]) -> None:
    whole = batch(4)
    part = whole.take(runs)
    assert part.name == "shared"
    assert part.missing is None
    assert part.each == tuple(str(run) for run in runs)
    assert len(part.array) == len(part.inner.values) == len(part.named["two"]) == len(runs)
    for place, run in enumerate(runs):
        np.testing.assert_array_equal(part.array[place], whole.array[run])
        np.testing.assert_array_equal(part.inner.values[place], whole.inner.values[run])
        np.testing.assert_array_equal(part.named["two"][place], whole.named["two"][run])


def test_runs_put_together_again_are_the_batch() -> None:
    whole = batch(5)
    assert_equal(Outer.stack([whole.take([run]) for run in range(5)]), whole)
    assert_equal(Outer.stack([whole.take([0, 1]), whole.take([2, 3, 4])]), whole)
    assert_equal(Outer.stack([whole]), whole)


def test_a_single_run_is_a_view_and_a_stacked_one_a_copy() -> None:
    whole = batch(3)
    one = whole.take([1])
    assert np.shares_memory(one.array, whole.array)
    assert np.shares_memory(one.named["two"], whole.named["two"])
    assert not np.shares_memory(Outer.stack([one]).array, whole.array)


def test_an_array_that_may_be_missing_is_kept_where_there_is_one() -> None:
    parts = [Outer("s", np.zeros((1, 2)), Inner(np.zeros((1, 1))), ("x",), {}, np.array([7.0 + i])) for i in range(2)]
    assert Outer.stack(parts).missing is not None
    np.testing.assert_array_equal(Outer.stack(parts).take([1]).missing, [8.0])
