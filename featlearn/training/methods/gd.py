"""Method ``gd``: gradient descent, weights ← weights − η · gradient."""

from __future__ import annotations

from typing import Any

from featlearn.training.methods.record import Compiled, SteppedByBackend

BRANCH = 0  # the number of its branch in the compiled kernel


def _direction(xp: Any, memory: dict[str, Any], slope: Any, step: int) -> Any:
    return slope


METHOD = SteppedByBackend(
    name="gd",
    aliases=("gradient_descent",),
    sentence="is gradient descent",
    scaled=True,
    decay_limit=lambda: 2.0,
    direction=_direction,
    rotates=True,
    compiled=Compiled(BRANCH, lambda: (0.0, 0.0)),
)
