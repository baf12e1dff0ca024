"""The Hessian of the loss mean_i (f(x_i) − y_i)² on a sample in the weights of a student, dense or as products.

With φ̃(z; q) at z = w_j·x and q = ‖w_j‖², subscripts for derivatives and r = f − y,

    ∇φ̃_j = φ̃_z x + 2 φ̃_q w_j,
    ∂²φ̃_j = φ̃_zz xxᵀ + 2 φ̃_zq (xw_jᵀ + w_jxᵀ) + 4 φ̃_qq w_jw_jᵀ + 2 φ̃_q I,

and second derivatives are twice the means of products of tangents, and twice those of r ∂²φ̃_j. Where φ has a kink, the
loss is piecewise smooth in the weights, and this is the Hessian of the piece; it says nothing of the kinks between.
Sums go over parts of the sample, so that memory is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from featlearn.theory.activations import Activation
from featlearn.theory.hessian import Blocks
from featlearn.theory.population import Gradient

_ENTRIES_TOGETHER = 2**20  # numbers of one kind that are computed at a time
_ENTRIES_KEPT = 2**23  # of all kinds: what is computed for each product anew where there are more


class _BySquare(NamedTuple):
    """φ̃_q, φ̃_zq and φ̃_qq, (n, m)."""

    first: np.ndarray
    mixed: np.ndarray
    second: np.ndarray


@dataclass(frozen=True)
class _Part:
    """A part of the sample, n inputs, with arrays (n, m) of φ̃ and its derivatives.

    Attributes:
        inputs, residual: (n, d) and (n,) r.
        value, by_z, by_zz: φ̃, φ̃_z, φ̃_zz.
        by_q: the derivatives by q; None where no degrees are dropped, so that they are 0.
    """

    inputs: np.ndarray
    residual: np.ndarray
    value: np.ndarray
    by_z: np.ndarray
    by_zz: np.ndarray
    by_q: _BySquare | None


@dataclass(frozen=True)
class SampleHessian:
    """That of one network on one sample.

    Attributes:
        activation: one whose φ″ is known, and φ̃ a function of w·x and ‖w‖².
        a, w: (m,), (m, d) of the student.
        inputs, labels: (n, d), (n,).
    """

    activation: Activation
    a: np.ndarray
    w: np.ndarray
    inputs: np.ndarray
    labels: np.ndarray

    def gradient(self) -> Gradient:
        """∂L/∂a, (m,), and ∂L/∂W, (m, d)."""
        return Gradient(2 * self._first[0], 2 * self.a[:, None] * self.slopes)

    @property
    def slopes(self) -> np.ndarray:
        """mean r ∇φ̃_j, (m, d)."""
        return self._first[1]

    def product(self, second: np.ndarray, first: np.ndarray) -> Gradient:
        """The change of ∂L/∂a, (m,), and ∂L/∂W, (m, d), along a direction (m,), (m, d), without the matrix.

        Accuracy: rounding of the sums (tests/theory/test_sample_hessian.py).
        """
        a, w, n = self.a, self.w, len(self.labels)
        along_own = np.einsum("md,md->m", w, first)
        to_second, to_first = np.zeros_like(a), np.zeros_like(w)
        for part in self._parts(_ENTRIES_TOGETHER // len(a)):
            along = part.inputs @ first.T
            change = part.value @ second + (part.by_z * along) @ a
            bent = part.by_zz * along
            if part.by_q is not None:
                by_q, by_zq, by_qq = part.by_q
                change += (by_q * (2 * along_own)) @ a
                bent += 2 * by_zq * along_own
                of_w = change @ (2 * by_q) + part.residual @ (2 * by_zq * along + 4 * by_qq * along_own)
                to_first += of_w[:, None] * w + (part.residual @ (2 * by_q))[:, None] * first
            to_second += change @ part.value
            to_first += (part.by_z * change[:, None] + bent * part.residual[:, None]).T @ part.inputs
        to_second = to_second / n + np.einsum("md,md->m", self.slopes, first)
        return Gradient(2 * to_second, 2 * (a[:, None] * to_first / n + second[:, None] * self.slopes))

    def blocks(self) -> Blocks:
        """All second derivatives."""
        (m, d), n = self.w.shape, len(self.labels)
        second, crossed, first = np.zeros((m, m)), np.zeros((m, m * d)), np.zeros((m * d, m * d))
        bent = np.zeros((m, d, d))
        for part in self._parts(_ENTRIES_TOGETHER // (m * d)):
            tangents = part.by_z[..., None] * part.inputs[:, None]
            if part.by_q is not None:
                tangents += 2 * part.by_q.first[..., None] * self.w
            tangents = (self.a[:, None] * tangents).reshape(-1, m * d)
            second += part.value.T @ part.value
            crossed += part.value.T @ tangents
            first += tangents.T @ tangents
            for j in range(m):
                bent[j] += self._bent(part, j)
        crossed, first = crossed.reshape(m, m, d) * (2 / n), first.reshape(m, d, m, d) * (2 / n)
        each = np.arange(m)
        crossed[each, each] += 2 * self.slopes
        first[each, :, each] += self.a[:, None, None] * bent * (2 / n)
        return Blocks(second * (2 / n), crossed, first)

    def _bent(self, part: _Part, j: int) -> np.ndarray:
        """Σ r ∂²φ̃_j over a part, (d, d)."""
        x, r, w = part.inputs, part.residual, self.w[j]
        found = (x.T * (r * part.by_zz[:, j])) @ x
        if part.by_q is not None:
            by_q, by_zq, by_qq = (its[:, j] for its in part.by_q)
            mixture = np.outer((r * by_zq) @ x, 2 * w)
            found += mixture + mixture.T + 4 * (r @ by_qq) * np.outer(w, w) + 2 * (r @ by_q) * np.eye(len(w))
        return np.asarray(found)

    @cached_property
    def _first(self) -> tuple[np.ndarray, np.ndarray]:
        """mean r φ̃_j and mean r ∇φ̃_j."""
        values, slopes, n = np.zeros_like(self.a), np.zeros_like(self.w), len(self.labels)
        for part in self._parts(_ENTRIES_TOGETHER // len(self.a)):
            values += part.residual @ part.value
            slopes += (part.by_z * part.residual[:, None]).T @ part.inputs
            if part.by_q is not None:
                slopes += 2 * (part.residual @ part.by_q.first)[:, None] * self.w
        return values / n, slopes / n

    def _parts(self, size: int) -> Iterator[_Part]:
        """Parts of so many inputs, or of some more where all of them are kept."""
        if self._kept is None:
            size = max(1, size)
            yield from map(self._part, (slice(at, at + size) for at in range(0, len(self.labels), size)))
        else:
            for at in range(0, len(self.labels), max(1, size)):
                yield _cut(self._kept, slice(at, at + max(1, size)))

    @cached_property
    def _kept(self) -> _Part | None:
        """All of the sample, where memory is no matter."""
        kinds = 6 if self.activation.drop_hermite_below else 3
        return self._part(slice(None)) if kinds * len(self.labels) * len(self.a) <= _ENTRIES_KEPT else None

    def _part(self, rows: slice) -> _Part:
        x, y, act, q = self.inputs[rows], self.labels[rows], self.activation, np.sum(self.w * self.w, -1)
        z = x @ self.w.T
        value, by_z = act.pointwise(z, q), act.pointwise_prime(z, q)
        by_zz, by_zq, by_qq = act.pointwise_second(z, q)
        by_q = None
        if act.drop_hermite_below:
            by_q = _BySquare(np.broadcast_to(act.pointwise_by_square(z, q), z.shape), by_zq, by_qq)
        return _Part(x, value @ self.a - y, value, by_z, by_zz, by_q)


def _cut(part: _Part, rows: slice) -> _Part:
    """Some of its inputs."""
    by_q = None if part.by_q is None else _BySquare(*(its[rows] for its in part.by_q))
    inputs, residual, value = (x[rows] for x in (part.inputs, part.residual, part.value))
    return _Part(inputs, residual, value, part.by_z[rows], part.by_zz[rows], by_q)
