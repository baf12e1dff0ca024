"""The certified optimum J*_λ: the least regularised loss of any network of any width, with a lower and an upper bound.

J*_λ = min over signed measures μ on the unit sphere of L(μ) + λ|μ|. For an activation that is homogeneous of degree 1
no network has a smaller L_λ (docs/theory.md §10). The minimum is looked for among measures of few atoms. Whether it is
found is seen from the dual certificate, up to rounding and as far as the largest |η| is found: μ is optimal if and
only if |η| ≤ 1 on the sphere and η = σ_i at the atoms. Where |η| > 1, atoms are added and all atoms move again (sliding
Frank–Wolfe, Denoyelle et al. 2019).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from featlearn.theory.activations import Activation
from featlearn.theory.atom_steps import moved, reweighted, with_atoms
from featlearn.theory.certificate import maxima
from featlearn.theory.measures import Atoms, Target

RELATIVE_GAP = 9e-9  # The solver aims at an upper minus a lower bound of this, relative to J*.
_LEAST_DECAY = 1e-7  # For λ below this, times Σ|a*|, rounding changes J by more than moving the atoms does.
_MOST_ROUNDS = 40  # Atoms are added that often at most,
_MOST_ATOMS = 500  # and so many of them.
_OUT_OF_SPAN = 1e-6  # A unit vector counts as one in the span when its part there is longer than 1 minus this.
# Atoms move until the bounds are that near, relative to J*. Then only masses change: clusters of atoms that are added
# are too nearly degenerate to move.
_SLIDING_ABOVE = 1e-6
_STATIONARY = 1e-10  # Atoms count as at rest when the gradient over λ has a smaller norm.
_NOTHING = 1e-100  # Neurons of the teacher with less than this share of the largest |a*| are left out.
# How |η| is searched for its maximum in each round, and before bounds are believed: points all over the sphere, and
# ascents from the highest of them that are not near one another.
_SEARCH, _THOROUGH_SEARCH = (4096, 24), (16384, 400)


@dataclass(frozen=True)
class Optimum:
    """The best measure found at one λ, and bounds on the best there is.

    Attributes:
        weight_decay: λ.
        upper, lower: bounds on J*_λ. The upper one is attained by the atoms; the lower one is dual, and rests on
            ``largest_certificate`` being the largest |η| (a search with many starts, not an exhaustive one).
        masses: (n,) the atoms' c_i, signed, the heaviest first; n = 0 when the zero function is best.
        directions: (n, d) their w_i, of norm 1, in the teacher's span.
        largest_certificate: max |η| that was found on the sphere.
        rounds: how often atoms were added to those of the teacher.
    """

    weight_decay: float
    upper: float
    lower: float
    masses: np.ndarray
    directions: np.ndarray
    largest_certificate: float
    rounds: int

    @property
    def certified(self) -> bool:
        """Whether the bounds agree to ``RELATIVE_GAP``."""
        return self.upper - self.lower <= RELATIVE_GAP * self.upper


def certified_optimum(
    activation: Activation, teacher_second_layer: np.ndarray, teacher_first_layer: np.ndarray, weight_decay: float
) -> Optimum:
    """J*_λ with its atoms and bounds.

    Args:
        activation: homogeneous of degree 1, with ``Activation.degree_one``.
        teacher_second_layer, teacher_first_layer: (m*,), (m*, d) teacher, rows of any norm but 0.
        weight_decay: λ > 0.
    Raises:
        ValueError: when the activation is not homogeneous of degree 1, λ is not positive, or the teacher is zero.
    Accuracy: the upper bound holds whatever the solver did, the lower one as far as the largest |η| was found (by 400
        ascents from the best of 16384 points). ``Optimum.certified`` says whether they meet. Below λ = 1e-7·Σ|a*| they
        are those of the teacher as it is, some 1e-6·J* apart. Teachers in a plane take some 0.005 s. In more dimensions
        the best measure can be spread over curves, and many atoms are needed.
    Source: docs/theory.md §10.
    """
    if not weight_decay > 0:
        raise ValueError("the optimum over measures needs a weight decay above 0")
    if not np.any(teacher_second_layer):
        raise ValueError("the optimum over measures needs a teacher other than zero")
    # A teacher c·f* at cλ has the optimum c²·J*, so that the problem can be solved with |a*_k| of mean 1.
    lengths = np.linalg.norm(teacher_first_layer, axis=-1)
    masses, first = teacher_second_layer * lengths, teacher_first_layer / lengths[:, None]
    counting = np.abs(masses) > _NOTHING * np.max(np.abs(masses))
    masses, first = masses[counting], first[counting]
    unit = float(np.mean(np.abs(masses)))
    target = Target(activation, masses / unit, first, weight_decay / unit)
    if target.decay >= _LEAST_DECAY * len(masses):
        found = _solved(target)
    else:
        above = _solved(Target(activation, target.second, first, _LEAST_DECAY * len(masses)))
        found = _scaled_down(above, target.second, first, target.decay)
    return replace(
        found,
        weight_decay=weight_decay,
        upper=unit**2 * found.upper,
        lower=unit**2 * found.lower,
        masses=unit * found.masses,
    )


def _solved(target: Target) -> Optimum:
    """The best measure that rounds of adding atoms lead to, from the teacher on.

    At first all atoms move after each addition. When the bounds are within ``_SLIDING_ABOVE`` of each other, atoms stay
    where they are put and only their masses change.
    """
    atoms, rounds = moved(target, reweighted(target, target.teacher_atoms()), _STATIONARY), 0
    fixed: Atoms | None = None  # The atoms that do not move any more, those of mass 0 included.
    best, points = _judged(target, atoms, rounds)
    latest = best
    for rounds in range(1, _MOST_ROUNDS + 1):
        width = latest.upper - latest.lower
        if latest.certified or not len(points):
            break
        if fixed is None and width > _SLIDING_ABOVE * latest.upper:
            rest = min(1e-5, max(_STATIONARY, 3e-3 * width / latest.upper))
            atoms = moved(target, with_atoms(target, atoms, points[: len(atoms.signs) + 4]), rest)
        else:
            fixed = with_atoms(target, atoms if fixed is None else fixed, points)
            if len(fixed.signs) > _MOST_ATOMS:
                break
            atoms = reweighted(target, fixed)
        latest, points = _judged(target, atoms, rounds)
        if latest.upper - latest.lower < best.upper - best.lower:
            best = latest
    if best.certified:
        return best
    return _judged(target, target.atoms_of(best.masses, best.directions), rounds, last=True)[0]


def _judged(target: Target, atoms: Atoms, rounds: int, *, last: bool = False) -> tuple[Optimum, np.ndarray]:
    """The atoms with their bounds, and where in the span |η| is above 1, (n, E).

    Bounds that meet, and the ``last`` ones, rest on the thorough search. |η| can be largest out of the span, where no
    atom is put: the bounds then stay apart (docs/theory.md §10).
    """
    points, largest = maxima(target, atoms, *_SEARCH)
    upper, width = _bounds(target, atoms, largest)
    if (last or width <= RELATIVE_GAP * upper) and target.rank > 2:  # In a plane the first search misses nothing.
        points, largest = maxima(target, atoms, *_THOROUGH_SEARCH)
        upper, width = _bounds(target, atoms, largest)
    inside = np.linalg.norm(points[:, : target.rank], axis=-1) > 1 - _OUT_OF_SPAN
    return _optimum(target, atoms, upper, width, largest, rounds), points[inside]


def _bounds(target: Target, atoms: Atoms, largest: float) -> tuple[float, float]:
    """J at the atoms, and its distance to the dual bound 2⟨f*, q⟩ − ‖q‖² with q = s(f* − f_μ), s = min(1, 1/max|η|).

    With R = f* − f_μ the distance is (1 − s)²‖R‖² + λ(|μ| − s Σ_i c_i η(w_i)): nothing large cancels in it.
    """
    residual, variation = target.loss(atoms), float(np.sum(atoms.masses))
    s = min(1.0, 1.0 / largest) if largest > 0 else 1.0
    values, _ = target.certificate(atoms, atoms.rows)
    width = (1 - s) ** 2 * residual + target.decay * (variation - s * float(np.sum(atoms.signs * values)))
    return residual + target.decay * variation, max(width, 0.0)


def _optimum(target: Target, atoms: Atoms, upper: float, width: float, largest: float, rounds: int) -> Optimum:
    """The atoms, the heaviest first, in the coordinates of the inputs."""
    order = np.argsort(-atoms.masses, kind="stable")
    directions = atoms.directions[order] @ target.basis
    return Optimum(target.decay, upper, upper - width, (atoms.signs * atoms.masses)[order], directions, largest, rounds)


def _scaled_down(above: Optimum, second: np.ndarray, first: np.ndarray, weight_decay: float) -> Optimum:
    """Bounds at a λ that is too small for float64, from a larger one: the teacher as a measure, and q scaled with λ.

    With s = λ/λ₀ the function s q₀ is feasible, so that J*_λ ≥ 2s⟨f*, q₀⟩ − s²‖q₀‖².
    """
    shrink = min(1.0, 1.0 / above.largest_certificate)
    dual_norm = shrink**2 * max(0.0, above.upper - above.weight_decay * float(np.sum(np.abs(above.masses))))
    scale = weight_decay / above.weight_decay
    lower = scale * (above.lower + dual_norm) - scale**2 * dual_norm
    upper = weight_decay * float(np.sum(np.abs(second)))
    order = np.argsort(-np.abs(second), kind="stable")
    return Optimum(weight_decay, upper, min(lower, upper), second[order], first[order], 1.0, 0)
