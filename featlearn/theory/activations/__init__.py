"""The activations: each is one record of φ, φ′, its Gaussian pair kernel K with derivatives, and all else about it.

Inputs are x ~ N(0, I_d). For rows u, v write q_u = ‖u‖², q_v = ‖v‖², s = u·v. A record answers

    K(q_u, q_v, s) = E[φ̃(u·x) φ̃(v·x)],   ∂K/∂s,   ∂K/∂q_u,

where φ̃ is φ itself (``drop_hermite_below=0``) or φ without its constant and linear Hermite part
(``drop_hermite_below=2``): φ̃(w·x) = φ(w·x) − μ0(q) − μ1(q) w·x with q = ‖w‖².

A new activation is a module in this folder that registers its records, and a line in the list of imports below.
Without a compiled kernel it trains in the torch backend. Derivations: docs/theory.md §2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from featlearn.theory.activations import (  # noqa: F401 - each registers its activations
    degree_one,
    erf,
    gelu,
    logistic,
    polynomials,
    quadratic,
    sine,
)
from featlearn.theory.activations.record import (
    DROP_SETTINGS,
    Activation,
    CompiledKernel,
    DegreeOne,
    Symmetry,
    label_of,
)
from featlearn.theory.activations.registry import (
    activation,
    activation_names,
    activations,
    default_parameters,
    names_of_degree,
    names_with_optimum,
    register,
)
from featlearn.theory.pairs import Array

if TYPE_CHECKING:
    ActivationName = str
else:
    ActivationName = Literal[activation_names()]  # the names above, for the schema of the configuration

__all__ = [
    "DROP_SETTINGS",
    "Activation",
    "ActivationName",
    "Array",
    "CompiledKernel",
    "DegreeOne",
    "Symmetry",
    "activation",
    "activation_names",
    "activations",
    "default_parameters",
    "label_of",
    "names_of_degree",
    "names_with_optimum",
    "register",
]
