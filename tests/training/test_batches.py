"""The batches of a fixed sample: each place once in an epoch, and a function of seed, stage and step alone."""

import numpy as np
import pytest

from featlearn.training.batches import Batches


@pytest.mark.parametrize(("samples", "size"), [(12, 4), (10, 4), (7, 7), (5, 1)])
def test_each_place_comes_once_in_an_epoch(samples: int, size: int) -> None:
    batches = Batches(1, size)
    taken = np.concatenate([batches.places(samples, "a", step) for step in range(3 * samples)])
    epochs = taken[: samples * (len(taken) // samples)].reshape(-1, samples)
    np.testing.assert_array_equal(np.sort(epochs, -1), np.broadcast_to(np.arange(samples), epochs.shape))
    assert samples == 1 or len(np.unique(epochs, axis=0)) > 1


@pytest.mark.parametrize("with_replacement", [False, True])
def test_a_batch_does_not_depend_on_those_before_it(with_replacement: bool) -> None:
    steps = [0, 1, 2, 10, 3, 999, 2, 10**9]
    used = Batches(3, 6, with_replacement=with_replacement)
    for step in steps:
        fresh = Batches(3, 6, with_replacement=with_replacement)
        np.testing.assert_array_equal(used.places(20, "a", step), fresh.places(20, "a", step))
    used.release()
    np.testing.assert_array_equal(used.places(20, "a", 2), fresh.places(20, "a", 2))


@pytest.mark.parametrize("with_replacement", [False, True])
def test_seeds_and_stages_have_batches_of_their_own(with_replacement: bool) -> None:
    places = [
        tuple(Batches(seed, 10, with_replacement=with_replacement).places(1000, stage, step))
        for seed, stage, step in ((1, "a", 0), (2, "a", 0), (1, "b", 0), (1, "a", 1), (1, "a", 100))
    ]
    assert len(set(places)) == 5


def test_with_replacement_places_are_uniform_and_some_come_twice() -> None:
    batches = Batches(1, 50, with_replacement=True)
    taken = np.stack([batches.places(50, "a", step) for step in range(400)])
    counts = np.bincount(taken.ravel(), minlength=50)
    assert np.all(np.abs(counts - 400) < 5 * np.sqrt(400))
    assert all(len(np.unique(batch)) < 50 for batch in taken)
