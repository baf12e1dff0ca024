"""Which entries of a fixed sample each step uses: batches of shuffled epochs, or drawn with replacement."""

from __future__ import annotations

from functools import lru_cache

import numpy as np


def at_step(seed: int, purpose: str, step: int) -> np.random.Generator:
    """A generator for one step: the key says what for, the counter starts 2¹²⁸ blocks after that of the step before."""
    return np.random.Generator(np.random.Philox(key=_key(seed, purpose), counter=np.array([0, 0, step, 0], np.uint64)))


@lru_cache(maxsize=256)
def _key(seed: int, purpose: str) -> np.ndarray:
    return np.random.SeedSequence([seed, *purpose.encode()]).generate_state(2, np.uint64)


class Batches:
    """The places, in a sample, of the batch of each step: they depend on seed, stage name and step alone.

    Epochs follow each other without a gap: the sample is gone through in one random order after another, ``size``
    places a step, so that a batch may end one epoch and begin the next. Each place comes once in an epoch.
    """

    def __init__(self, seed: int, size: int, *, with_replacement: bool = False) -> None:
        self.seed, self.size, self.with_replacement = seed, size, with_replacement
        self._orders: dict[tuple[str, int, int], np.ndarray] = {}  # of the epochs in use

    def places(self, samples: int, stage: str, step: int) -> np.ndarray:
        """(size,) places in a sample of at least ``size``, of step ``step`` (from 0) of a stage."""
        if self.with_replacement:
            return at_step(self.seed, f"batches of {stage}", step).integers(samples, size=self.size)
        epoch, begin = divmod(step * self.size, samples)
        end = begin + self.size
        order = self._order(samples, stage, epoch)
        if end <= samples:
            return order[begin:end]
        return np.concatenate([order[begin:], self._order(samples, stage, epoch + 1)[: end - samples]])

    def release(self) -> None:
        """Free the memory; orders are made again when they are asked for again."""
        self._orders.clear()

    def _order(self, samples: int, stage: str, epoch: int) -> np.ndarray:
        key = stage, samples, epoch
        if key not in self._orders:
            while len(self._orders) > 1:
                del self._orders[next(iter(self._orders))]
            self._orders[key] = at_step(self.seed, f"order of {stage}", epoch).permutation(samples)
        return self._orders[key]
