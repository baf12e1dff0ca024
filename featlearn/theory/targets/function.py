"""What a target makes of the rows of a teacher: neurons of an activation, or a polynomial of coordinates along them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from featlearn.theory.activations import Activation
from featlearn.theory.targets.formula import Term
from featlearn.theory.targets.interface import Target
from featlearn.theory.targets.neurons import NeuronTarget
from featlearn.theory.targets.polynomial import HermiteTarget


@dataclass(frozen=True)
class Polynomial:
    """Σ_α c_α Π_i He_{α_i}(v_i·x) of orthonormal rows v_i, which have no output weights."""

    terms: tuple[Term, ...]


Function = Activation | Polynomial


def target_of(function: Function, second_layer: Any, first_layer: Any) -> Target:
    """The target of a function with output weights (B, m*) and rows (B, m*, d); a polynomial has no output weights."""
    if isinstance(function, Polynomial):
        return HermiteTarget(function.terms, first_layer)
    return NeuronTarget(function, second_layer, first_layer)
