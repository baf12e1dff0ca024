"""Population loss and its gradient, from pair kernels: no sampling, no automatic differentiation.

Student f(x) = Σ_j a_j φ̃(w_j·x), teacher f*(x) = Σ_k a*_k φ̃(w*_k·x), x ~ N(0, I_d). Over the joined list
v = (w, w*), c = (a, −a*) the residual is f − f* = Σ_i c_i φ̃(v_i·x), so that everything follows from K(v_i, v_j).

All functions have a leading batch axis B: a run is one entry of it, and its numbers do not depend on the others.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from featlearn.theory import biases, double_double
from featlearn.theory.activations import Activation, Array
from featlearn.theory.double_double import PAIRS_IN_CACHE

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

# Sums in float64 are used while they are right to this; below, double-double takes over.
_RELATIVE_ACCURACY = 1e-8
# Rounding errors of a kernel entry, relative to the product of its norms.
FLOAT64_ROUNDING = 2.0**-50
_DOUBLE_DOUBLE_ROUNDING = 2.0**-80


class Gradient(NamedTuple):
    """∂L/∂a, shape (B, m), and ∂L/∂W, shape (B, m, d)."""

    second_layer: Array
    first_layer: Array


def _joined(second: Array, first: Array, teacher_second: Array, teacher_first: Array, xp: Any) -> tuple[Array, Array]:
    return xp.concat([second, -teacher_second], -1), xp.concat([first, teacher_first], -2)


def gradient(
    activation: Activation,
    second_layer: Array,
    first_layer: Array,
    teacher_second_layer: Array,
    teacher_first_layer: Array,
    xp: ModuleType = np,
) -> Gradient:
    """Gradient of the population loss L = E[(f − f*)²] (no weight decay).

    ∂L/∂a_j = 2 Σ_i c_i K(w_j, v_i);   ∂L/∂w_j = 2 a_j Σ_i c_i [∂_s K · v_i + 2 ∂_{q_u} K · w_j].

    Args:
        activation: registry entry, see ``activations.activation``.
        second_layer: (B, m) student output weights a_j.
        first_layer: (B, m, d) student rows w_j, any norm.
        teacher_second_layer: (B, m*) teacher output weights a*_k.
        teacher_first_layer: (B, m*, d) teacher rows w*_k.
        xp: array namespace of the arrays, NumPy or PyTorch.
    Returns:
        Gradient, in the type of the arrays.
    Accuracy: 1e-11 relative in float64 (tests/theory/test_population.py, 50-digit numbers); of nearly equal rows
        of large norm erf has an error that grows with it, 2e-12 at ‖w‖² = 1e9 and 4e-11 at 1e12 (docs/theory.md §4).
    Source: derived in docs/theory.md §3.
    """
    m = second_layer.shape[-1]
    c, v = _joined(second_layer, first_layer, teacher_second_layer, teacher_first_layer, xp)
    q = xp.sum(v * v, -1)
    return _pulled(activation, second_layer, first_layer, q[:, :m], c, v, q, xp)


def correlation_gradient(
    activation: Activation,
    second_layer: Array,
    first_layer: Array,
    teacher_second_layer: Array,
    teacher_first_layer: Array,
    xp: ModuleType = np,
) -> Gradient:
    """Gradient of the correlation loss −2 E[f f*]: the terms of ``gradient`` that have the teacher in them.

    Args, Accuracy: as ``gradient``. The loss itself is Σ_j a_j ∂/∂a_j, since it is linear in a.
    """
    q, teacher_q = xp.sum(first_layer * first_layer, -1), xp.sum(teacher_first_layer * teacher_first_layer, -1)
    teacher = -teacher_second_layer, teacher_first_layer, teacher_q
    return _pulled(activation, second_layer, first_layer, q, *teacher, xp)


def _pulled(
    activation: Activation, second: Array, first: Array, q_first: Array, c: Array, v: Array, q: Array, xp: Any
) -> Gradient:
    """2 Σ_i c_i E[φ̃(w_j·x) φ̃(v_i·x)] and its gradient in w_j, times a_j."""
    if activation.biased is not None:
        value, by_row = biases.pulled(activation, first, c, v, xp)
        return Gradient(2 * value, 2 * second[..., None] * by_row)
    k, k_s, k_q = activation.kernel(xp, q_first[:, :, None], q[:, None, :], first @ v.mT)
    column = c[:, :, None]
    to_rows = (k_s * c[:, None, :]) @ v + 2 * (k_q @ column) * first
    return Gradient(2 * (k @ column)[..., 0], 2 * second[..., None] * to_rows)


def loss_float64(
    activation: Activation,
    second_layer: np.ndarray,
    first_layer: np.ndarray,
    teacher_second_layer: np.ndarray,
    teacher_first_layer: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The population loss as a plain float64 sum Σ_ij c_i c_j K(v_i, v_j), and the size of its rounding error.

    Arguments as in ``gradient``, float64. Returns two arrays (B,): the sum (which rounding can make negative)
    and 2⁻⁵⁰ of what cancels, which errors stay well below (docs/theory.md §5). Use ``loss`` for anything shown.
    """
    c, v = _joined(second_layer, first_layer, teacher_second_layer, teacher_first_layer, np)
    q = np.sum(v * v, -1)
    k = _kernel(activation, v, v)
    weighted = c[:, :, None] * k * c[:, None, :]
    return np.sum(weighted, (-2, -1)), FLOAT64_ROUNDING * _cancelling_mass(activation, c, q)


def _kernel(activation: Activation, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """K of all pairs of rows (B, m, d) and (B, n, d), (B, m, n)."""
    if activation.biased is not None:
        return np.asarray(biases.pairs(activation, u, v).value)
    q_u, q_v = np.sum(u * u, -1), np.sum(v * v, -1)
    return np.asarray(activation.kernel(np, q_u[:, :, None], q_v[:, None, :], u @ v.mT)[0])


def float64_rounding(
    activation: Activation,
    second_layer: np.ndarray,
    first_layer: np.ndarray,
    teacher_second_layer: np.ndarray,
    teacher_first_layer: np.ndarray,
) -> np.ndarray:
    """The size of the rounding error of ``loss_float64``, (B,), without the sum. Arguments as there."""
    c = np.concatenate([second_layer, -teacher_second_layer], -1)
    q = np.concatenate([np.einsum("...d,...d->...", w, w) for w in (first_layer, teacher_first_layer)], -1)
    return FLOAT64_ROUNDING * _cancelling_mass(activation, c, q)


def _cancelling_mass(activation: Activation, c: np.ndarray, q: np.ndarray) -> np.ndarray:
    """M of docs/theory.md §5, (B,): a bound on what cancels in the loss, which its rounding error scales with."""
    return np.sum(np.abs(c) * np.sqrt(activation.rounding_scale(q)), -1) ** 2


def loss(
    activation: Activation,
    second_layer: np.ndarray,
    first_layer: np.ndarray,
    teacher_second_layer: np.ndarray,
    teacher_first_layer: np.ndarray,
) -> np.ndarray:
    """Population loss L = E[(f − f*)²] = Σ_ij c_i c_j K(v_i, v_j), right to eight digits down to ``loss_floor``.

    The terms of the sum are of order ‖f*‖² and cancel down to L. Where float64 would lose digits, the same sum is
    taken in double-double.

    Args: as in ``gradient``; NumPy arrays, computed in float64 and beyond.
    Returns:
        (B,) population loss ≥ 0, no factor ½. Non-finite weights give a non-finite loss.
    Accuracy: 1e-8 relative, or ``loss_floor`` absolute where that is more (tests/theory/test_population.py); with
        biases 2⁻⁵⁰ M absolute, since the sum is not refined. A sum
        below 0 is reported as 0.
    Source: derived in docs/theory.md §3 and §5.
    """
    arrays = [
        np.asarray(x, dtype=np.float64) for x in (second_layer, first_layer, teacher_second_layer, teacher_first_layer)
    ]
    return refined_loss(activation, *loss_float64(activation, *arrays), *arrays)


def refined_loss(
    activation: Activation,
    total: np.ndarray,
    rounding: np.ndarray,
    second_layer: np.ndarray,
    first_layer: np.ndarray,
    teacher_second_layer: np.ndarray,
    teacher_first_layer: np.ndarray,
) -> np.ndarray:
    """The loss as ``loss`` promises it, from its float64 sum ``total`` and that one's rounding error, both (B,)."""
    if activation.biased is not None:  # there are no biased kernels in double-double
        return np.maximum(0.0, total)
    weights = second_layer, first_layer, teacher_second_layer, teacher_first_layer
    refined = total.copy()
    needed = np.flatnonzero(np.isfinite(total) & (rounding > _RELATIVE_ACCURACY * total))
    together = max(1, PAIRS_IN_CACHE // max(1, first_layer.shape[1]) ** 2)
    for at in range(0, len(needed), together):
        runs = needed[at : at + together]
        refined[runs] = np.maximum(0.0, _loss_double_double(activation, *(x[runs] for x in weights)))
    return refined


def _loss_double_double(
    activation: Activation, a: np.ndarray, w: np.ndarray, teacher_a: np.ndarray, teacher_w: np.ndarray
) -> np.ndarray:
    """The loss of each run, with some thirty digits in every term."""
    c, v = _joined(a, w, teacher_a, teacher_w, np)
    products = double_double.gram(v)
    i, j = np.triu_indices(c.shape[1])  # K(v_i, v_j) = K(v_j, v_i): half the pairs do
    k, _, _ = activation.kernel(double_double, products[:, i, i], products[:, j, j], products[:, i, j])
    return (k * c[:, i] * (c[:, j] * np.where(i == j, 1.0, 2.0))).sum().to_float()


def loss_floor(
    activation: Activation,
    second_layer: np.ndarray,
    first_layer: np.ndarray,
    teacher_second_layer: np.ndarray,
    teacher_first_layer: np.ndarray,
    precision: DTypeLike = float,
) -> np.ndarray:
    """The loss under which ``loss`` means nothing, (B,): the larger of two multiples of M (docs/theory.md §5).

    2⁻⁸⁰ M bounds the rounding error of the double-double sum. (4u)² M, u the unit roundoff of ``precision``, bounds
    E[δ²], δ what the function changes by when each weight is rounded once: a loss L becomes one between (√L ± √floor)².
    In float64 the first is the larger, 8e-25 M; in float32 the second, 6e-14 M.

    Args: as in ``gradient``, float64; ``precision`` is the type that the run keeps its weights in.
    """
    weights = second_layer, first_layer, teacher_second_layer, teacher_first_layer
    return loss_floor_from(float64_rounding(activation, *weights), precision)


def loss_floor_from(rounding: np.ndarray, precision: DTypeLike = float) -> np.ndarray:
    """``loss_floor`` from the rounding error of the float64 sum, which is another multiple of M."""
    unit_roundoff = float(np.finfo(precision).eps) / 2
    return max(_DOUBLE_DOUBLE_ROUNDING, (4 * unit_roundoff) ** 2) / FLOAT64_ROUNDING * rounding


def squared_norm(activation: Activation, second_layer: np.ndarray, first_layer: np.ndarray) -> np.ndarray:
    """‖f‖² = E[f(x)²] of a network, (B,): the loss of the zero network when f is the teacher."""
    nothing = np.zeros((len(second_layer), 0))
    return loss(activation, second_layer, first_layer, nothing, np.zeros((*nothing.shape, first_layer.shape[-1])))


def ridge_second_layer(
    activation: Activation,
    first_layer: np.ndarray,
    teacher_second_layer: np.ndarray,
    teacher_first_layer: np.ndarray,
    weight_decay: np.ndarray,
    multiplicity: np.ndarray | None = None,
    shared: np.ndarray | None = None,
) -> np.ndarray:
    """The output weights that minimise L + (λ/2)‖a‖² for a fixed first layer: (K + λ/2 · I) a = K* a*.

    Args:
        first_layer: (B, m, d) student rows; teacher arrays as in ``gradient``.
        weight_decay: (B,) λ ≥ 0. At λ = 0 the solution of least norm.
        multiplicity: (B, m) of how many neurons with equal rows each row is; they get equal weights. None: one each.
        shared: (B, m) the products E[φ̃(w_j·x) h(x)] with what else there is to learn, h; None for nothing.
    Returns:
        (B, m) output weights, finite for every λ ≥ 0, equal rows or not.
    Accuracy: rounding times the condition number of K + λ/2 · I (of its part above 1e-13 of the largest eigenvalue,
        at λ = 0); tests/theory/test_population.py.
    Source: derived in docs/theory.md §6.
    """
    m = first_layer.shape[-2]
    k = _kernel(activation, first_layer, np.concatenate([first_layer, teacher_first_layer], -2))
    target = (k[:, :, m:] @ teacher_second_layer[:, :, None])[..., 0]
    target = target if shared is None else target + shared
    counts = [None] * len(k) if multiplicity is None else multiplicity
    return np.stack([solve_ridge(k[b, :, :m], target[b], weight_decay[b], counts[b]) for b in range(len(k))])


def solve_ridge(
    k: np.ndarray, target: np.ndarray, weight_decay: float, multiplicity: np.ndarray | None = None
) -> np.ndarray:
    """The solution (m,) of (K + λ/2 · I) a = target by eigenvalues, of least norm at λ = 0.

    K, (m, m), is positive semidefinite up to rounding, and singular when rows coincide. Of a row with a multiplicity μ
    the weight of each of the equal neurons is found: (K M + λ/2 · I) a = target with M = diag(μ), which is
    (√M K √M + λ/2 · I) √M a = √M target, and the norm is that of all neurons.
    """
    from scipy import linalg

    if multiplicity is not None:
        root = np.sqrt(multiplicity)
        return solve_ridge(root[:, None] * k * root, root * target, weight_decay) / root

    values, vectors = linalg.eigh(k)
    values = np.maximum(values, 0.0)
    if weight_decay > 0:
        inverse = 1.0 / (values + 0.5 * weight_decay)
    else:
        large = values > 1e-13 * values[-1]
        inverse = np.divide(1.0, values, out=np.zeros_like(values), where=large)
    return vectors @ (inverse * (vectors.T @ target))
