"""Method ``momentum``: the heavy ball, velocity ← μ · velocity + gradient, weights ← weights − η · velocity.

Source: Polyak 1964.
"""

from __future__ import annotations

from typing import Any

from featlearn.training.methods.record import Compiled, Parameter, SteppedByBackend

BRANCH = 1  # the number of its branch in the compiled kernel


def _direction(xp: Any, memory: dict[str, Any], slope: Any, step: int, momentum: float) -> Any:
    memory["velocity"] = momentum * memory["velocity"] + slope if "velocity" in memory else slope
    return memory["velocity"]


METHOD = SteppedByBackend(
    name="momentum",
    aliases=("nesterov", "heavy_ball"),
    sentence="is the heavy ball, whose velocity keeps the share μ at each step",
    parameters=(Parameter("momentum", "μ", 0.9, below=1.0),),
    scaled=True,
    decay_limit=lambda momentum: 2 * (1 + momentum),
    direction=_direction,
    moments=("velocity",),
    rotates=True,
    compiled=Compiled(BRANCH, lambda momentum: (momentum, 0.0)),
)
