"""Teachers and initial students: random draws with a generator for each purpose, and explicit weights."""

from __future__ import annotations

from dataclasses import dataclass
from math import acos, degrees, sqrt

import numpy as np

MAX_DRAWS = 200_000  # so many sets of directions are drawn before a random teacher counts as infeasible
_MAX_WORK = 4_000_000_000  # multiplications in all draws together: some seconds
_FIRST_CHUNK = 8  # sets of directions drawn together at first, then twice as many each time
_CHUNK_ENTRIES = 100_000  # the largest array of a chunk of draws has about so many entries


class InfeasibleTeacher(ValueError):
    """The requested geometry has no teacher, or none was found; the message names the limit."""


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


def orthonormal_directions(rng: np.random.Generator, *, input_dim: int, count: int) -> np.ndarray:
    """Orthonormal rows (count, d), uniform among all, count ≤ d."""
    q, r = np.linalg.qr(rng.standard_normal((input_dim, count)))
    return np.ascontiguousarray((q * np.where(np.diag(r) < 0, -1.0, 1.0)).T)


def random_teacher(
    rng: np.random.Generator,
    *,
    input_dim: int,
    width: int,
    rank: int,
    min_angle: float,
    magnitude: tuple[float, float],
    sign: str,
) -> Network:
    """A random teacher: directions uniform on the sphere of a uniformly random subspace, redrawn until separated.

    Args:
        rng: see ``generator``.
        input_dim, width, rank: d, m* and r, with r ≤ min(d, m*).
        min_angle: Δ in degrees, the least angle between any two teacher lines.
        magnitude: bounds of the uniform distribution of |a*_k|.
        sign: of a*_k: "random", "positive", "negative" or "alternating".
    Raises:
        InfeasibleTeacher: when ``width`` lines in ``rank`` dimensions cannot be ``min_angle`` apart, or when
            MAX_DRAWS draws did not find any.
    """
    limit = largest_min_angle(width, rank)
    if width > 1 and min_angle > limit:
        raise InfeasibleTeacher(
            f"{min_angle:g} degrees is too much: "
            f"{width} lines in {rank} dimensions are at most {limit:.4g} degrees apart"
        )
    output_weights = rng.uniform(*magnitude, size=width) * _signs(rng, sign, width)
    basis, _ = np.linalg.qr(rng.standard_normal((input_dim, rank)))
    # last: how often it redraws must not shift the weights and the subspace
    inside = _separated_directions(rng, width, rank, min_angle)
    return Network(output_weights, _normalised(inside @ basis.T))


def _separated_directions(rng: np.random.Generator, width: int, rank: int, min_angle: float) -> np.ndarray:
    """(width, rank) unit rows, uniform given that all lines are min_angle apart: whole sets are redrawn."""
    largest_cosine = np.cos(np.radians(min_angle))
    if min_angle == 0:
        return _normalised(rng.standard_normal((width, rank)))
    pairs = np.triu_indices(width, k=1)
    draws = min(MAX_DRAWS, 1 + _MAX_WORK // (width * width * rank))
    most = 1 + _CHUNK_ENTRIES // (width * (width + rank))
    drawn, chunk = 0, min(_FIRST_CHUNK, most)
    while drawn < draws:
        sets = _normalised(rng.standard_normal((chunk, width, rank)))
        cosines = np.abs(sets @ sets.mT)[:, pairs[0], pairs[1]]
        separated = np.flatnonzero(np.all(cosines <= largest_cosine, axis=1))
        if len(separated):
            return sets[separated[0]]
        drawn, chunk = drawn + chunk, min(2 * chunk, most)
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


def gaussian_student(
    rng: np.random.Generator, *, width: int, input_dim: int, first_layer_std: float, second_layer_std: float
) -> Network:
    """Independent Gaussian weights with the given standard deviations in each layer."""
    first = first_layer_std * rng.standard_normal((width, input_dim))
    return Network(second_layer_std * rng.standard_normal(width), first)


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


def _normalised(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)
