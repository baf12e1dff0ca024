"""Sums of hinges Σ_i J_i (σ_i z − c_i)₊ with c_i ≥ 0 and signs σ_i, which all kinks are: their pairs in closed form.

For one hinge h(z) = (σz − c)₊ of a row of norm x let κ = c/x. With the density ϕ of N(0, 1) and its distribution Φ

    E[h^{(a)}(xz) He_k(z)] = σ^{a+k} x^{1−a} G_{a+k},   G_0 = ϕ(κ) − κΦ(−κ),  G_1 = Φ(−κ),  G_j = ϕ(κ) He_{j−2}(κ),

and products of two hinges are probabilities Φ₂ of ``normal.bivariate`` and their derivatives. All vanish with the tail
Φ(−κ), so that short rows keep their digits. Derivations: docs/theory.md §17.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

import numpy as np

from featlearn.theory import double_double, normal
from featlearn.theory.double_double import DoubleDouble
from featlearn.theory.pairs import Array, Pairs

Orders = tuple[int, int]


class Hinge(NamedTuple):
    """J (σz − c)₊, with one σ and c or, of neurons with biases, arrays of them."""

    jump: float
    sign: Any
    at: Any


class Corner(NamedTuple):
    """A pair of hinges of two rows, by κ = c/x, λ = d/y and the correlation t of σ u·x and τ v·x.

    Attributes:
        x, y: the norms.
        here, there: κ and λ.
        both: P(z > κ, z′ > λ).
        beyond_u, beyond_v: P(z′ > λ | z = κ) and P(z > κ | z′ = λ).
        at_u, at_v: ϕ(κ) and ϕ(λ).
        at_both: r times the density of (z, z′) at (κ, λ), r = √(1 − t²).
        left_u: λ − tκ.
    """

    x: Array
    y: Array
    t: Array
    root: Array
    here: Array
    there: Array
    both: Array
    beyond_u: Array
    beyond_v: Array
    at_u: Array
    at_v: Array
    at_both: Array
    left_u: Array

    @classmethod
    def of(cls, xp: Any, x: Array, y: Array, t: Array, c: Array, d: Array, root: Array | None = None) -> Corner:
        """With r, where it is known to more digits than t near ±1 tells."""
        here, there = normal.threshold(xp, 0 * x + c, x), normal.threshold(xp, 0 * y + d, y)
        found = normal.bivariate(xp, -here, -there, t, root)
        at_u, at_v = normal.density(xp, here), normal.density(xp, there)
        return cls(
            x=x,
            y=y,
            t=t,
            root=found.root,
            here=here,
            there=there,
            both=found.both,
            beyond_u=normal.cdf(xp, found.given_h),
            beyond_v=normal.cdf(xp, found.given_k),
            at_u=at_u,
            at_v=at_v,
            at_both=at_u * normal.density(xp, found.given_h),
            left_u=_left(xp, here, there, t),
        )

    def value(self) -> Array:
        """E[(xz − c)₊ (yz′ − d)₊]."""
        product = self.here * self.there + self.t
        edges = self.here * self.at_v * self.beyond_v + self.there * self.at_u * self.beyond_u
        return self.x * self.y * (product * self.both - edges + self.root * self.at_both)

    def beyond(self) -> Array:
        """E[1(xz > c) (yz′ − d)₊]."""
        return self.y * (self.at_v * self.beyond_v + self.t * self.at_u * self.beyond_u - self.there * self.both)

    def bend(self, xp: Any) -> Array:
        """E[δ(xz − c) (yz′ − d)₊], 0 for a row u of norm 0."""
        share = self.root * self.at_both - self.at_u * self.left_u * self.beyond_u
        return self.y * _inverse(xp, self.x) * share


class _Column(NamedTuple):
    """The numbers of hinges as arrays."""

    jump: Array
    sign: Array
    at: Array


def total_of_pairs(jump_u: Array, jump_v: Array, parts: Array) -> Array:
    """Σ J_i J_j of the parts along the first two axes, in an order that does not depend on the others."""
    parts = jump_u * (jump_v * parts)
    total = 0.0
    for i in range(len(jump_u)):
        for j in range(len(jump_v[0])):
            total = total + parts[i, j]
    return total


def _left(xp: Any, k: Array, other: Array, t: Array) -> Array:
    """λ − tκ, of near numbers first where t is near ±1."""
    return xp.where(t > 0, (other - k) + (1 - t) * k, (other + k) - (1 + t) * k)


def _inverse(xp: Any, x: Array) -> Array:
    """1/x, and 0 at 0."""
    some = x > 0
    return xp.where(some, 1 / xp.where(some, x, x * 0 + 1), x * 0)


@dataclass(frozen=True)
class Hinges:
    """Σ_i J_i (σ_i z − c_i)₊."""

    hinges: tuple[Hinge, ...]

    def coefficients(self, xp: Any, x: Array, degree: int, order: int) -> list[Array]:
        """E[h^{(order)}(xz) he_k(z)] for k = 0 … degree at norms x of any shape; 0 at 0 where it is infinite there."""
        found = [0 * x for _ in range(degree + 1)]
        for hinge in self.hinges:
            its = _coefficients(xp, x, hinge, degree, order)
            found = [total + each for total, each in zip(found, its, strict=True)]
        return found

    def column(self, xp: Any, like: Array, axis: int) -> _Column:
        """The hinges along an axis, 0 or 1 of two, before those of arrays like one."""
        return _Column(*(_along(xp, like, axis, part) for part in zip(*self.hinges, strict=True)))


def _along(xp: Any, like: Array, axis: int, part: tuple[Any, ...]) -> Array:
    if not all(isinstance(x, int | float) for x in part):
        stacked = xp.stack([x + 0 * like for x in part])
        return stacked[:, None] if axis == 0 else stacked[None]
    shape = (1,) * np.ndim(like.high if isinstance(like, DoubleDouble) else like)
    made = np.array(part, dtype=float).reshape(*((-1, 1), (1, -1))[axis], *shape)
    return made if isinstance(like, np.ndarray | np.generic | DoubleDouble) else like.new_tensor(made)


@dataclass(frozen=True)
class HingePair:
    """Products of two sums of hinges, the first of rows u, the second of rows v."""

    of_u: Hinges
    of_v: Hinges

    def kernel(self, xp: Any, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
        """K, ∂K/∂s and ∂K/∂q_u of all pairs of hinges, as in ``Activation.kernel``."""
        corner, sign, jump_u, jump_v = self._corner(xp, q_u, q_v, s)
        value = total_of_pairs(jump_u, jump_v, corner.value())
        by_s = total_of_pairs(jump_u, jump_v, sign * corner.both)
        return value, by_s, total_of_pairs(jump_u, jump_v, 0.5 * corner.bend(xp))

    def by_bias(self, xp: Any, q_u: Array, q_v: Array, s: Array) -> Array:
        """E[φ′(u·x) g(v·x)]."""
        corner, _, jump_u, jump_v = self._corner(xp, q_u, q_v, s)
        sign_u = self.of_u.column(xp, corner.t[0, 0], 0).sign
        return total_of_pairs(jump_u, jump_v, sign_u * corner.beyond())

    def _corner(self, xp: Any, q_u: Array, q_v: Array, s: Array) -> tuple[Corner, Array, Array, Array]:
        """Of all pairs, with στ and the jumps."""
        x, y = xp.sqrt(q_u), xp.sqrt(q_v)
        n = xp.sqrt(q_u * q_v)  # of a row with itself, q to the last bit
        t = xp.clip(s / xp.where(n > 0, n, n * 0 + 1), -1.0, 1.0)
        of_u, of_v = self.columns(xp, t)
        sign = of_u.sign * of_v.sign
        return Corner.of(xp, x, y, t * sign, of_u.at, of_v.at), sign, of_u.jump, of_v.jump

    def tangents(self, pairs: Pairs, hu: Array, hv: Array, ku: Array, kv: Array, hk: Array) -> Array:
        """See ``Activation.tangents``: h and k in the plane of u and v, and what is perpendicular to it."""
        xp = pairs.xp
        x, y = xp.sqrt(pairs.q_u), xp.sqrt(pairs.q_v)
        by_x, by_y = _inverse(xp, x), _inverse(xp, y)
        hu, hv, ku, kv = hu * by_x, hv * by_y, ku * by_x, kv * by_y
        of_u, of_v = self.columns(xp, 0 * (hk + hu * kv))
        sign = of_u.sign * of_v.sign
        corner = Corner.of(xp, x, y, pairs.cosine * sign, of_u.at, of_v.at)
        towards, back = hv * sign - corner.t * hu, ku * sign - corner.t * kv
        across = towards * back / xp.where(pairs.sine > 0, pairs.sine, 1.0)  # 0 where the rows are parallel
        found = sign * (corner.both * hk) + corner.at_both * (corner.root * (hu * kv) + across)
        found = found + sign * (corner.here * corner.at_u * corner.beyond_u * (hu * ku))
        found = found + sign * (corner.there * corner.at_v * corner.beyond_v * (hv * kv))
        return total_of_pairs(of_u.jump, of_v.jump, found)

    def columns(self, xp: Any, like: Array) -> tuple[_Column, _Column]:
        """The hinges of u along a first axis before those of arrays like one, those of v along a second."""
        return self.of_u.column(xp, like, 0), self.of_v.column(xp, like, 1)


def _coefficients(xp: Any, x: Array, hinge: Hinge, degree: int, order: int) -> list[Array]:
    k = normal.threshold(xp, 0 * x + hinge.at, x)
    beyond, density = normal.cdf(xp, -k), normal.density(xp, k)
    scaled = [density]  # ϕ(κ) He_j(κ)/√j!
    for j in range(1, degree + order - 1):
        before = 0 * density if j < 2 else scaled[j - 2]
        scaled.append((k * scaled[j - 1] - _root(xp, j - 1) * before) / _root(xp, j))
    first = [density - k * beyond, beyond]
    power = _power(xp, x, 1 - order)
    found = []
    for j in range(degree + 1):
        both = j + order
        part = first[both] if both < 2 else scaled[both - 2] * _ratio(xp, j, order)
        found.append(power * part * (hinge.jump * hinge.sign if both % 2 else hinge.jump))
    return found


def _root(xp: Any, n: int) -> Any:
    """√n, in the digits of xp."""
    return double_double.sqrt(DoubleDouble(float(n))) if xp is double_double else n**0.5


def _ratio(xp: Any, k: int, order: int) -> Any:
    """√((k + order − 2)!/k!)."""
    if order < 2:
        return 1 / _root(xp, k * (k - 1) if order == 0 else k)
    return _root(xp, prod(range(k + 1, k + order - 1)))


def _power(xp: Any, x: Array, exponent: int) -> Array:
    """x^exponent for exponents up to 1; 0 at 0 where it is infinite there."""
    if exponent > 0:
        return x
    found, inverse = 0 * x + 1, _inverse(xp, x)
    for _ in range(-exponent):
        found = found * inverse
    return found
