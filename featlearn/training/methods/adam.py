"""Method ``adam``: steps scaled entry by entry, with bias correction; weight decay is part of the gradient.

Source: Kingma & Ba 2015.
"""

from __future__ import annotations

from typing import Any

from featlearn.training.methods.record import Compiled, Parameter, SteppedByBackend

BRANCH = 2  # the number of its branch in the compiled kernel
EPSILON = 1e-8


def _direction(xp: Any, memory: dict[str, Any], slope: Any, step: int, betas: tuple[float, float]) -> Any:
    (beta1, beta2), nothing = betas, xp.zeros_like(slope)
    memory["mean"] = beta1 * memory.get("mean", nothing) + (1 - beta1) * slope
    memory["square"] = beta2 * memory.get("square", nothing) + (1 - beta2) * slope * slope
    mean = memory["mean"] / (1 - beta1**step)
    return mean / (xp.sqrt(memory["square"] / (1 - beta2**step)) + EPSILON)


METHOD = SteppedByBackend(
    name="adam",
    aliases=("adamw",),
    sentence="is Adam with bias correction, weight decay being part of the gradient",
    parameters=(Parameter("betas", "β₁, β₂", (0.9, 0.999), below=1.0),),
    direction=_direction,
    moments=("mean", "square"),
    compiled=Compiled(BRANCH, lambda betas: betas),
)
