"""The loss by Hermite degrees: L = Σ_k E[(f_k − f*_k)²] with f_k the part of f of degree k, exact (docs/theory.md §11).

Parts of different degrees are orthogonal under Gaussian inputs. That of a neuron is μ_k(q) He_k(w·x; q)/k!, and the
products of two of them are M_k(q_u) M_k(q_v) t^k/k! with M_k = q^{k/2} μ_k and the cosine t.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import factorial

import numpy as np

from featlearn.theory.activations import Activation
from featlearn.theory.biases import without_biases
from featlearn.theory.targets.interface import Target
from featlearn.theory.targets.neurons import NeuronTarget
from featlearn.theory.targets.polynomial import HermiteTarget

_PAIRS_TOGETHER = 2**18


def losses_by_degree(
    activation: Activation, second_layer: np.ndarray, first_layer: np.ndarray, target: Target, degrees: int
) -> np.ndarray:
    """E[(f_k − f*_k)²] for k = 0 … degrees − 1, (degrees,), of one run.

    Args:
        second_layer, first_layer: (m,), (m, d) all neurons of f; with biases (m, d + 1), as those of the target.
        target: neurons, or a polynomial, of one run; their activations, and that of the student, know ``hermite`` or
            ``biased_coefficients``.
    Accuracy: 2⁻⁵⁰ of what cancels (tests/theory/test_degrees.py, quadrature).
    """
    masses = [second_layer * part for part in _projections(activation, first_layer, degrees)]
    if isinstance(target, NeuronTarget):
        second, rows = target.second_layer[0], target.first_layer[0]
        theirs = [-second * part for part in _projections(target.activation, rows, degrees)]
        joined = [np.concatenate(parts) for parts in zip(masses, theirs, strict=True)]
        return _squares(joined, without_biases(activation, np.concatenate([first_layer, rows])))
    assert isinstance(target, HermiteTarget)
    found = _squares(masses, without_biases(activation, first_layer))
    for k in range(degrees):
        terms = tuple(term for term in target.terms if sum(term.degrees) == k)
        if terms:
            part = HermiteTarget(terms, target.directions)
            shared = part.moments(activation, first_layer[None]).value[0] @ second_layer
            found[k] += part.squared_norm()[0] - 2 * shared
    return found


def _projections(activation: Activation, rows: np.ndarray, degrees: int) -> list[np.ndarray]:
    """M_k of each row, 0 where the degree is dropped."""
    kept = range(activation.drop_hermite_below, degrees)
    if activation.biased is not None:
        w, b = rows[:, :-1], rows[:, -1]
        squares = np.einsum("jd,jd->j", w, w)
        return [activation.biased_moment(np, k, squares, b)[0] if k in kept else 0 * squares for k in range(degrees)]
    squares = np.einsum("jd,jd->j", rows, rows)
    return [activation.projection(k, squares) if k in kept else 0 * squares for k in range(degrees)]


def _squares(masses: Sequence[np.ndarray], rows: np.ndarray) -> np.ndarray:
    """Σ_ij c_i c_j t_ij^k/k! for the coefficients c of each degree k."""
    norms = np.sqrt(np.einsum("jd,jd->j", rows, rows))
    unit = rows / np.where(norms > 0, norms, 1.0)[:, None]
    found, together = np.zeros(len(masses)), max(1, _PAIRS_TOGETHER // len(rows))
    for part in (slice(begin, begin + together) for begin in range(0, len(rows), together)):
        cosines = unit[part] @ unit.T
        power = np.ones(cosines.shape)
        for k, c in enumerate(masses):
            found[k] += c[part] @ (power @ c) / factorial(k)
            power *= cosines
    return found
