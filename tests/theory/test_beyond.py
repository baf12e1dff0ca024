"""Sums over components."""

import numpy as np

from featlearn.theory.activations.beyond import Components, alone


def test_a_mean_is_the_weighted_sum_along_the_first_axis() -> None:
    parts = np.random.default_rng(0).standard_normal((3, 2, 4))
    components = Components(np.array([0.5, 2.0, -1.0]), np.ones(3), np.zeros(3))
    np.testing.assert_allclose(components.mean(parts), 0.5 * parts[0] + 2 * parts[1] - parts[2], rtol=1e-15)
    one = components.mean(parts[:, :1, 2:3])  # a part of an array has the bits that it has in the whole
    assert one.tobytes() == components.mean(parts)[:1, 2:3].tobytes()
    np.testing.assert_array_equal(alone().mean(parts[:1]), parts[0])
