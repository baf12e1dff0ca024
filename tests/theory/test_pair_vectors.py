"""Blocks and products of second derivatives of pairs are one matrix."""

from typing import Any

import numpy as np
import pytest

from featlearn.theory.pair_vectors import PairBends, Vectors


@pytest.mark.parametrize("shifted", [False, True])
def test_blocks_and_products_agree(shifted: bool) -> None:
    rng = np.random.default_rng(2)
    u, v, c, moved = (rng.standard_normal(shape) for shape in ((3, 4), (5, 4), (5,), (3, 4)))
    t, value, *own = rng.standard_normal((6, 3, 5))
    more: dict[str, Any] = {"own_shift": tuple(rng.standard_normal((2, 3, 5)))} if shifted else {}
    bends = PairBends(Vectors(u, v, t, value, (), (), tuple(own), **more), c)
    blocks = np.array([bends.block(j) for j in range(3)])
    scale = np.abs(blocks).max()
    np.testing.assert_allclose(blocks, blocks.mT, rtol=0, atol=1e-14 * scale)
    np.testing.assert_allclose(bends.product(moved), np.einsum("mde,me->md", blocks, moved), rtol=0, atol=1e-13 * scale)
