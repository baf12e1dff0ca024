"""What second derivatives of the objective are known of: rules for methods and log keys that need them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from featlearn.config.section import Violations
from featlearn.theory.pair_derivatives import is_known
from featlearn.training.methods import METHODS

if TYPE_CHECKING:
    from featlearn.config.model import Config


def violations_of_second_order(config: Config) -> Violations:
    """Of ``method: newton`` and ``log.curvature``."""
    why = _why_unknown(config)
    for name, stage in config.stages.items():
        if METHODS[stage.method].second_order and why is not None:
            yield ("stages", name, "method"), f"{stage.method} {why}; use lbfgs"
    if not config.log.curvature:
        return
    last = list(config.stages.values())[-1]
    if why is None and last.loss == "correlation":
        why = "is that of the squared loss, and the last stage descends on the correlation"
    if why is None and last.constraint is not None:
        why = "is that of weights which move freely, and the last stage has a constraint"
    if why is not None:
        yield ("log", "curvature"), f"{why}; leave it out"


def _why_unknown(config: Config) -> str | None:
    entry = config.activation.entry()
    if config.data.kind == "empirical" and config.student.has_biases and config.activation.drop_hermite_below:
        return "needs second derivatives of neurons on a sample, which are known with biases for drop_hermite_below 0"
    if config.data.kind == "empirical" and entry.phi_second is None:
        return f"needs second derivatives of the activation on a sample, which are not known of {entry.label}"
    if config.data.kind != "empirical" and not is_known(entry):
        return f"needs second derivatives of the kernel, which are not known of {config.activation.name}"
    return None
