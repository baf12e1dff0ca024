"""Teachers and initial students: random draws with a generator for each purpose, and explicit weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import acos, degrees, sqrt
from typing import Literal

import numpy as np

from featlearn.theory.conditioning import least_to_largest

MAX_DRAWS = 200_000  # so many sets of directions are drawn before a random teacher counts as infeasible
_MAX_WORK = 4_000_000_000  # multiplications in all draws together: some seconds
_FIRST_CHUNK = 8  # sets of directions drawn together at first, then twice as many each time
_CHUNK_ENTRIES = 100_000  # the largest array of a chunk of draws has about so many entries


class InfeasibleTeacher(ValueError):
    """The requested geometry has no teacher, or none was found; ``key`` is what asks for it.

    The message names the limit.
    """

    def __init__(self, message: str, key: str = "min_angle") -> None:
        super().__init__(message)
        self.key = key


@dataclass(frozen=True)
class Network:
    """Output weights (m,) and rows (m, d) of a two-layer network Σ_j a_j φ̃(w_j·x), float64."""

    second_layer: np.ndarray
    first_layer: np.ndarray


def generator(seed: int, purpose: str) -> np.random.Generator:
    """A random generator of its own for each (seed, purpose): what one purpose draws never shifts another."""
    return np.random.default_rng([seed, *purpose.encode()])


# --- teachers -----------------------------------------------------------------------------------


def largest_min_angle(width: int, rank: int) -> float:
    """An upper bound, in degrees, on the smallest angle between ``width`` lines in ``rank`` dimensions.

    Exact for rank 1 and 2 and for width ≤ rank; for more lines the bound of Welch (1974),
    cos² ≥ (width − rank)/(rank (width − 1)).
    """
    if width <= 1 or width <= rank:
        return 90.0
    if rank == 1:
        return 0.0
    if rank == 2:
        return 180.0 / width
    return degrees(acos(sqrt((width - rank) / (rank * (width - 1)))))


def explicit_teacher(directions: np.ndarray, output_weights: np.ndarray) -> Network:
    """The teacher with the given rows, normalised, and output weights."""
    rows = np.asarray(directions, dtype=np.float64)
    # Scaling by a power of two is exact, and keeps the squares from over- and underflowing.
    rows = np.ldexp(rows, -np.frexp(np.max(np.abs(rows), axis=-1, keepdims=True))[1])
    return Network(np.asarray(output_weights, dtype=np.float64), _normalised(rows))


def random_teacher(
    rng: np.random.Generator,
    *,
    input_dim: int,
    width: int,
    rank: int,
    min_angle: float,
    sign: str,
    magnitude: Sequence[float] = (1.0, 1.0),
    power_law: float | None = None,
    min_conditioning: float = 0.0,
) -> Network:
    """A random teacher: directions uniform on the sphere of a uniformly random subspace, redrawn until separated.

    Args:
        rng: see ``generator``.
        input_dim, width, rank: d, m* and r, with r ≤ min(d, m*).
        min_angle: Δ in degrees, the least angle between any two teacher lines.
        sign, magnitude, power_law: of the output weights, see ``output_weights``.
        min_conditioning: the least ratio of the absolute eigenvalues of H on the span, see ``theory.conditioning``.
    Raises:
        InfeasibleTeacher: when ``width`` lines in ``rank`` dimensions cannot be ``min_angle`` apart, or when
            MAX_DRAWS draws did not find any, or none with the conditioning.
    """
    limit = largest_min_angle(width, rank)
    if width > 1 and min_angle > limit:
        raise InfeasibleTeacher(
            f"{min_angle:g} degrees is too much: "
            f"{width} lines in {rank} dimensions are at most {limit:.4g} degrees apart"
        )
    weights = output_weights(rng, width, sign=sign, magnitude=magnitude, power_law=power_law)
    basis, _ = np.linalg.qr(rng.standard_normal((input_dim, rank)))
    # last: how often it redraws must not shift the weights and the subspace
    inside = _directions(rng, weights, rank, min_angle, min_conditioning)
    return Network(weights, _normalised(inside @ basis.T))


def output_weights(
    rng: np.random.Generator,
    width: int,
    *,
    sign: str,
    magnitude: Sequence[float] = (1.0, 1.0),
    power_law: float | None = None,
) -> np.ndarray:
    """Output weights of a teacher, (width,).

    Args:
        rng: takes the same draws whatever the magnitudes are.
        sign: "random", "positive", "negative" or "alternating".
        magnitude: bounds of the uniform distribution of |a*_k|.
        power_law: β, for |a*_k| = k^−β instead.
    """
    drawn = rng.uniform(magnitude[0], magnitude[1], size=width)
    return (drawn if power_law is None else np.arange(1.0, width + 1) ** -power_law) * _signs(rng, sign, width)


def orthonormal_rows(rng: np.random.Generator, width: int, input_dim: int) -> np.ndarray:
    """(width, input_dim) orthonormal rows, uniform among all such sets (Stewart 1980), width ≤ input_dim."""
    columns, triangle = np.linalg.qr(rng.standard_normal((input_dim, width)))
    return np.ascontiguousarray((columns * np.where(np.diag(triangle) < 0, -1.0, 1.0)).T)


def _directions(
    rng: np.random.Generator, weights: np.ndarray, rank: int, min_angle: float, min_conditioning: float
) -> np.ndarray:
    """(width, rank) unit rows, uniform given that all lines are min_angle apart and H has the conditioning.

    Whole sets are redrawn.
    """
    width, largest_cosine = len(weights), np.cos(np.radians(min_angle))
    if min_angle == 0 and min_conditioning == 0:
        return _normalised(rng.standard_normal((width, rank)))
    pairs = np.triu_indices(width, k=1)
    work = width * width * rank + (10 * rank**3 if min_conditioning else 0)
    draws, best = min(MAX_DRAWS, 1 + _MAX_WORK // work), 0.0
    most = 1 + _CHUNK_ENTRIES // (width * (width + rank))
    drawn, chunk = 0, min(_FIRST_CHUNK, most)
    while drawn < draws:
        sets = _normalised(rng.standard_normal((chunk, width, rank)))
        cosines = np.abs(sets @ sets.mT)[:, pairs[0], pairs[1]]
        sets = sets[np.all(cosines <= largest_cosine, axis=1)] if min_angle else sets
        if min_conditioning and len(sets):
            ratios = least_to_largest(sets.mT @ (weights[:, None] * sets))
            sets, best = sets[ratios >= min_conditioning], max(best, float(np.max(ratios)))
        if len(sets):
            return sets[0]
        drawn, chunk = drawn + chunk, min(2 * chunk, most)
    if best:
        raise InfeasibleTeacher(
            f"no {width} teacher neurons in {rank} dimensions with a conditioning of {min_conditioning:g} were found "
            f"in {draws} draws; the best had {best:.3g}",
            "min_conditioning",
        )
    raise InfeasibleTeacher(
        f"no {width} lines in {rank} dimensions that are {min_angle:g} degrees apart were found in {draws} draws; "
        f"the geometric limit is {largest_min_angle(width, rank):.4g} degrees"
    )


def _signs(rng: np.random.Generator, sign: str, width: int) -> np.ndarray:
    return {
        "random": rng.choice([-1.0, 1.0], size=width),
        "positive": np.ones(width),
        "negative": -np.ones(width),
        "alternating": (-1.0) ** np.arange(width),
    }[sign]


# --- students -----------------------------------------------------------------------------------


def symmetric_student(rng: np.random.Generator, *, width: int, input_dim: int) -> Network:
    """Rows uniform on the sphere, a = 1/√m; the second half repeats the first with opposite a, so that f = 0."""
    half = _normalised(rng.standard_normal((width // 2, input_dim)))
    a = np.full(width // 2, 1.0 / sqrt(width))
    return Network(np.concatenate([a, -a]), np.concatenate([half, half]))


@dataclass(frozen=True)
class SecondLayer:
    """How output weights are drawn.

    Attributes:
        kind: "equal": every a_j is ``size``; "signs": ±``size``, each with probability ½; "gaussian": with the standard
            deviation ``size``.
        size: what the kind says.
        mirrored: whether the second half of the neurons has the opposite weights of the first.
        balanced: whether |a_j| = ‖w_j‖, with the signs of what is drawn.
    """

    kind: Literal["equal", "signs", "gaussian"]
    size: float
    mirrored: bool = False
    balanced: bool = False

    def drawn(self, rng: np.random.Generator, first_layer: np.ndarray) -> np.ndarray:
        """(m) output weights of neurons with the rows (m, d)."""
        count = len(first_layer) // 2 if self.mirrored else len(first_layer)
        if self.kind == "equal":
            a = np.full(count, self.size, dtype=np.float64)
        elif self.kind == "signs":
            a = self.size * rng.choice([-1.0, 1.0], size=count)
        else:
            a = self.size * rng.standard_normal(count)
        a = np.concatenate([a, -a]) if self.mirrored else a
        return np.sign(a) * np.linalg.norm(first_layer, axis=-1) if self.balanced else a


def gaussian_student(
    rng: np.random.Generator, *, width: int, input_dim: int, first_layer_std: float, second: SecondLayer
) -> Network:
    """Independent Gaussian rows with the given standard deviation, and output weights."""
    return _drawn_student(rng, lambda n: first_layer_std * rng.standard_normal((n, input_dim)), width, second)


def sphere_student(
    rng: np.random.Generator, *, width: int, input_dim: int, norm: float, second: SecondLayer
) -> Network:
    """Rows uniform on the sphere of the given radius, and output weights."""
    return _drawn_student(rng, lambda n: norm * _normalised(rng.standard_normal((n, input_dim))), width, second)


def _drawn_student(
    rng: np.random.Generator, rows: Callable[[int], np.ndarray], width: int, second: SecondLayer
) -> Network:
    first = rows(width // 2 if second.mirrored else width)
    first = np.concatenate([first, first]) if second.mirrored else first
    return Network(second.drawn(rng, first), first)


def near_teacher_student(
    rng: np.random.Generator, teacher: Network, *, width: int, angle: float, homogeneous: bool
) -> Network:
    """Neuron j starts ``angle`` degrees off teacher line j mod m*, in a random direction around it.

    The neurons of a teacher line share its output weight equally. With d = 1 there is nothing around a line, and the
    angle must be 0. For an activation homogeneous of degree 1 they are balanced, |a_j| = ‖w_j‖; for others the rows
    have norm 1, like the teacher's.
    """
    count, input_dim = teacher.first_layer.shape
    index = np.arange(width) % count
    axis = teacher.first_layer[index]
    sideways = rng.standard_normal((width, input_dim))
    sideways = sideways - np.sum(sideways * axis, -1, keepdims=True) * axis
    if input_dim > 1:
        sideways = _normalised(sideways)
    radians = np.radians(angle)
    rows = np.cos(radians) * axis + np.sin(radians) * sideways
    share = teacher.second_layer[index] / np.bincount(index)[index]
    if not homogeneous:
        return Network(share, rows)
    root = np.sqrt(np.abs(share))
    return Network(np.sign(share) * root, root[:, None] * rows)


def with_bias_column(network: Network, biases: np.ndarray, *, balanced: bool = False) -> Network:
    """The network with biases (m,) as the last column of its rows; ``balanced``: with |a_j| = ‖(w_j, b_j)‖."""
    rows = np.concatenate([network.first_layer, biases[:, None]], -1)
    second = network.second_layer
    return Network(np.sign(second) * np.linalg.norm(rows, axis=-1) if balanced else second, rows)


def drawn_biases(rng: np.random.Generator, width: int, *, std: float, constant: float, mirrored: bool) -> np.ndarray:
    """(width,) biases: ``constant`` plus independent Gaussian ones; those of the second half repeat the first."""
    drawn = constant + std * rng.standard_normal(width // 2 if mirrored else width)
    return np.concatenate([drawn, drawn]) if mirrored else drawn


def _normalised(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)
