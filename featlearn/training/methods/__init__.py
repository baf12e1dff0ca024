"""Training methods: a module for each, listed here. Whatever needs to know of a method reads its record."""

from __future__ import annotations

from featlearn.training.methods import adam, flow, gd, lbfgs, momentum, newton, ridge
from featlearn.training.methods.record import (
    METHODS,
    Exact,
    Method,
    OwnSteps,
    Parameter,
    SteppedByBackend,
    all_parameters,
    decay_and_limit,
    register,
    stepped_by_backend,
)

__all__ = [
    "METHODS",
    "Exact",
    "Method",
    "OwnSteps",
    "Parameter",
    "SteppedByBackend",
    "all_parameters",
    "decay_and_limit",
    "register",
    "stepped_by_backend",
]

for _module in (gd, momentum, adam, ridge, lbfgs, newton, flow):  # the order of the documentation
    register(_module.METHOD)
