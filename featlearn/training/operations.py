"""Operations at the end of a stage: one record each, which configuration, loop and documentation read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from featlearn.training.state import BATCH_LOSS, State

if TYPE_CHECKING:
    from featlearn.training.problem import Problem


@dataclass(frozen=True)
class Operation:
    """What a stage may do to the weights at its end.

    Attributes:
        name: as configurations call it.
        description: what holds after it, for the documentation.
        apply: called as ``apply(problem, second_layer, first_layer)`` with the layers of a batch, (B, m) and (B, m, d);
            returns new ones.
        homogeneous_degree: that the activation must have, so that the network stays the same function; None when it
            need not.
    """

    name: str
    description: str
    apply: Callable[[Problem, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
    homogeneous_degree: int | None = None


REDRAW, REDRAW_BIASES = "redraw_second_layer", "redraw_biases"  # the operations that need ``Problem.redraws``
OPERATIONS: dict[str, Operation] = {}  # by name, in the order of the documentation


def register(operation: Operation) -> None:
    """Make an operation known, before a configuration is read. Raises ValueError when another one has its name."""
    if operation.name in OPERATIONS:
        raise ValueError(f"there is an operation {operation.name} already")
    OPERATIONS[operation.name] = operation


def end_of_stage(problem: Problem, state: State, then: Sequence[str], number: int = 0) -> State:
    """The states with the operations applied in order, and without what the method remembers.

    Args:
        number: of the stage, counted from 0.

    The loss on the last batch stays, for the row that shows these states.
    """
    second, first = state.second_layer, state.first_layer
    if problem.redraws is not None:
        problem = replace(problem, redraws=problem.redraws.of_stage(number))
    for name in then:
        second, first = OPERATIONS[name].apply(problem, second, first)
    return State(second, first, {name: x for name, x in state.memory.items() if name == BATCH_LOSS})


def _norms_and_unit_rows(first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The norms ‖w_j‖, (B, m), and the rows w_j/‖w_j‖; rows of zeros stay."""
    norms = np.linalg.norm(first, axis=-1)
    return norms, np.divide(first, norms[..., None], out=np.zeros_like(first), where=norms[..., None] > 0)


def _normalize_rows(problem: Problem, second: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if problem.has_biases:
        _, unit = _norms_and_unit_rows(first[..., :-1])
        return second, np.concatenate([unit, first[..., -1:]], -1)
    _, unit = _norms_and_unit_rows(first)
    return second, unit


def _balance(problem: Problem, second: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """|a_j| = ‖w_j‖ = √(|a_j|‖w_j‖), which leaves a_j φ̃(w_j·x) as it is where φ̃ is homogeneous of degree 1."""
    norms, unit = _norms_and_unit_rows(first)
    root = np.sqrt(np.abs(second) * norms)
    return np.sign(second) * root, root[..., None] * unit


def _redraw_second_layer(problem: Problem, second: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if problem.redraws is None or problem.redraws.second_layers is None:
        raise ValueError("there are no second layers to draw from")
    drawn, norms = problem.redraws.second_layers[:, 0], np.linalg.norm(first, axis=-1)
    return np.where(problem.redraws.balanced[:, None], np.sign(drawn) * norms, drawn).astype(second.dtype), first


def _redraw_biases(problem: Problem, second: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if problem.redraws is None or problem.redraws.biases is None:
        raise ValueError("there are no biases to draw from")
    drawn = problem.redraws.biases[:, 0, :, None].astype(first.dtype)
    return second, np.concatenate([first[..., :-1], drawn], -1)


def _zero_second_layer(problem: Problem, second: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros_like(second), first


register(
    Operation("normalize_rows", "every ‖w_j‖ = 1, once (the steps are not projected; biases stay)", _normalize_rows)
)
register(Operation("balance", "|a_j| = ‖w_j‖ with f unchanged, ‖(w_j, b_j)‖ of biases", _balance, homogeneous_degree=1))
register(Operation(REDRAW, "new a_j, drawn as those of the start are", _redraw_second_layer))
register(Operation(REDRAW_BIASES, "new b_j, drawn as `student.biases` says", _redraw_biases))
register(Operation("zero_second_layer", "every a_j = 0", _zero_second_layer))
