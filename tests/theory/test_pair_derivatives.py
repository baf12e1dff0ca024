"""What second derivatives of pair kernels are made of; their values are held to fifty digits in test_hessian.py."""

from dataclasses import replace

import numpy as np
import pytest

from featlearn.theory.activations import activation, activation_names
from featlearn.theory.pair_derivatives import PairBends, is_known, vectors_of


@pytest.mark.parametrize("name", activation_names())
def test_blocks_and_products_of_bends_agree(name: str) -> None:
    rng = np.random.default_rng(2)
    u, v, c, moved = (0.5 * rng.standard_normal(shape) for shape in ((3, 4), (5, 4), (5,), (3, 4)))
    v[0], v[1] = u[0], -2.0 * u[1]
    vectors = vectors_of(activation(name, 0), u, v)
    bends = PairBends(vectors.u, vectors.v, vectors.t, vectors.own, c)
    blocks = np.array([bends.block(j) for j in range(3)])
    scale = max(1.0, np.abs(blocks).max())
    np.testing.assert_allclose(blocks, blocks.mT, rtol=0, atol=1e-14 * scale)
    np.testing.assert_allclose(bends.product(moved), np.einsum("mde,me->md", blocks, moved), rtol=0, atol=1e-13 * scale)


def test_what_is_not_known_is_refused() -> None:
    unknown = replace(activation("erf", 0), second_derivatives=None)
    assert not is_known(unknown)
    with pytest.raises(ValueError, match="the second derivatives of the kernel of erf are not known"):
        vectors_of(unknown, np.eye(2), np.eye(2))
