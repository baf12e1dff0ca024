"""Products of tangents: E[φ̃(u·x) φ̃(v·x)] where either factor may be replaced by its derivative in its row.

Write ∂_h φ̃(u) for h·∇_u φ̃(u·x). Its products with φ̃(v) and with ∂_k φ̃(v) are first and mixed second derivatives of
the pair kernel K, and depend on rows and directions only through their inner products. Written for NumPy and for
``double_double`` at once; derivations: docs/regimes.md §3.
"""

from __future__ import annotations

from featlearn.theory.activations import Activation, Array
from featlearn.theory.pairs import Pairs


def value_products(activation: Activation, pairs: Pairs) -> Array:
    """E[φ̃(u) φ̃(v)] = K."""
    return activation.kernel(pairs.xp, pairs.q_u, pairs.q_v, pairs.s)[0]


def value_tangent_products(activation: Activation, pairs: Pairs, ku: Array, kv: Array) -> Array:
    """E[φ̃(u) ∂_k φ̃(v)] from k·u and k·v: ∂K/∂s k·u + 2 ∂K/∂q_v k·v, or by Euler k·∇φ̃(w·x) = degree·φ̃ at k = w."""
    degree = activation.homogeneous_degree
    if degree is not None:
        return tangent_products(activation, pairs, pairs.q_u, pairs.s, ku, kv, ku) / degree
    if activation.value_tangents is not None:
        return activation.value_tangents(pairs, ku, kv)
    _, k_s, k_q = activation.kernel(pairs.xp, pairs.q_v, pairs.q_u, pairs.s)
    return k_s * ku + 2 * (k_q * kv)


def tangent_products(
    activation: Activation, pairs: Pairs, hu: Array, hv: Array, ku: Array, kv: Array, hk: Array
) -> Array:
    """E[∂_h φ̃(u) ∂_k φ̃(v)] = hᵀ(∂_u ∂_vᵀ K)k from h·u, h·v, k·u, k·v and h·k.

    Where a row is zero and φ̃ has a kink, its derivative there is the mean of both sides (½ h·x for plain relu).
    Accuracy: rounding, rows that meet included (tests/theory/test_tangents.py, fifty digits).
    """
    return activation.tangents(pairs, hu, hv, ku, kv, hk)
