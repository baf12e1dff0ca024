"""Records of smooth activations from their functions alone: all else follows from ``HermiteSeries``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any

from featlearn.theory.activations.beyond import Beyond
from featlearn.theory.activations.record import DROP_SETTINGS, Activation, Pointwise, Symmetry
from featlearn.theory.activations.registry import register
from featlearn.theory.activations.series import HermiteSeries, of_norms
from featlearn.theory.activations.series_sums import Term, beyond_or_within, series_sums
from featlearn.theory.pairs import Array, Pairs, SecondDerivatives, mixed_derivative


def register_smooth(
    name: str,
    formula: str,
    functions: tuple[Pointwise, ...],
    symmetry: Symmetry = "none",
    beside: float = 0.0,
    beyond: Beyond | None = None,
) -> None:
    """Make a smooth activation known, for every setting of what is dropped.

    Args:
        functions: φ, φ′ and maybe further derivatives; with four the tangents keep all digits of small rows.
        symmetry, beside: that of φ(z) − φ(0) if it is "odd", of φ(z) − φ′(0) z if it is "even"; and φ(0) or φ′(0).
        beyond: what is known of rows beyond the reach of the series.
    """
    make = smooth_activation(name, formula, HermiteSeries(functions, symmetry, beside, beyond))
    register(*map(make, DROP_SETTINGS), further=make)


def smooth_activation(name: str, formula: str, series: HermiteSeries) -> Callable[[int], Activation]:
    """What makes the records of an activation, by the lowest degree ℓ that is kept."""
    moments = _Moments(series)

    def make(drop: int) -> Activation:
        second = partial(_second_derivatives, series, drop)
        return Activation(
            name=name,
            drop_hermite_below=drop,
            formula=formula,
            phi=series.functions[0],
            phi_prime=series.functions[1],
            phi_second=series.functions[2] if len(series.functions) > 2 else None,
            mean=partial(moments.of, 0),
            slope=partial(moments.of, 1),
            mean_prime=lambda q: 0.5 * moments.of(2, q),
            slope_prime=lambda q: 0.5 * moments.of(3, q),
            rounding_scale=moments.mean_square,
            kernel=partial(_kernel, series, drop),
            tangents=partial(_tangents, series, drop),
            symmetry=_symmetry(series, drop),
            hermite=moments.hermite,
            highest=_highest(series),
            second_derivatives=second,
            series=series,
            compiled=series,
        )

    return make


def _symmetry(series: HermiteSeries, drop: int) -> Symmetry:
    """Of what is left without the degrees below ℓ."""
    alone = series.alone(0)
    return "none" if alone is not None and alone[0] >= drop else series.rest


def _highest(series: HermiteSeries) -> tuple[int | None, int | None]:
    """The highest even and the highest odd degree of φ, where there is one."""
    alone = series.alone(0)
    if series.rest == "none":
        return None, None
    last = -1 if alone is None else alone[0]
    return (last, None) if series.rest == "odd" else (None, last)


# --- kernels ------------------------------------------------------------------------------------


def _kernel(
    series: HermiteSeries, drop: int, xp: ModuleType, q_u: Array, q_v: Array, s: Array
) -> tuple[Array, Array, Array]:
    terms = Term(0, 0, drop, 1.0), Term(1, 1, drop - 1, 1.0), Term(2, 0, drop, 0.5)
    within = partial(series_sums, xp, series, terms)
    beyond = within if series.beyond is None else partial(series.beyond.kernel, drop, xp)
    k, k_s, k_q = beyond_or_within(xp, series, within, beyond, q_u, q_v, s)
    return k, k_s, k_q


def _second_derivatives(
    series: HermiteSeries, drop: int, xp: ModuleType, q_u: Array, q_v: Array, s: Array
) -> SecondDerivatives:
    terms = (
        Term(2, 2, drop - 2, 1.0),
        Term(3, 1, drop - 1, 0.5),
        Term(1, 3, drop - 1, 0.5),
        Term(4, 0, drop, 0.25),
        Term(2, 2, drop, 0.25),
    )
    within = partial(series_sums, xp, series, terms)
    beyond = within if series.beyond is None else partial(series.beyond.second_derivatives, drop, xp)
    return SecondDerivatives(*beyond_or_within(xp, series, within, beyond, q_u, q_v, s))


def _tangents(series: HermiteSeries, drop: int, pairs: Pairs, *products: Array) -> Array:
    terms = (
        Term(1, 1, drop - 1, 1.0),
        Term(2, 2, drop - 2, 1.0),
        Term(3, 1, drop - 1, 0.5),
        Term(1, 3, drop - 1, 0.5),
        Term(2, 2, drop, 0.25),
    )
    within = partial(series_sums, pairs.xp, series, terms)
    beyond = within if series.beyond is None else partial(_of_tangents, series.beyond, drop, pairs.xp)
    found = beyond_or_within(pairs.xp, series, within, beyond, pairs.q_u, pairs.q_v, pairs.s)
    return mixed_derivative(found, *products)


def _of_tangents(beyond: Beyond, drop: int, xp: ModuleType, *products: Array) -> tuple[Array, ...]:
    """What ``mixed_derivative`` takes."""
    its = beyond.second_derivatives(drop, xp, *products)
    return beyond.kernel(drop, xp, *products)[1], its.ss, its.s_qu, its.s_qv, its.qu_qv


# --- moments ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Moments:
    """Moments of single rows as functions of q = ‖w‖², arrays or tensors of any shape."""

    series: HermiteSeries

    def of(self, order: int, q: Any) -> Any:
        """E φ^{(order)}(√q z)."""
        return of_norms(partial(self.series.moment, 0, order), q)

    def mean_square(self, q: Any) -> Any:
        """E φ(√q z)²."""
        return of_norms(self.series.mean_square, q)

    def hermite(self, k: int, q: Any) -> Any:
        """μ_k(q) = E φ^{(k)}(√q z)."""
        return of_norms(partial(self.series.moment, 0, k), q)
