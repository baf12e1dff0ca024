"""Checkpoints: the state of a run and what else resuming needs, held to a digest, so that none is taken for another."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from featlearn.runs.directory import RunDirectory
from featlearn.runs.records import ProgressRecord
from featlearn.storage.errors import RunError
from featlearn.storage.npz import write_npz
from featlearn.storage.records import parse_file, parse_object
from featlearn.training.events import AtRow
from featlearn.training.layers import separated, together
from featlearn.training.stages import ALL_LAYERS
from featlearn.training.state import State

_ROW = "row."  # before the names of the arrays of the state at the last row
_MEMORY = "memory."
_PROGRESS = "progress"


@dataclass(frozen=True)
class Checkpoint:
    """Where a run stood (B = 1); ``at_row`` is its state at the last row, when that is another one.

    In the file, biases are an array of their own; ``biased`` says whether there are any.
    """

    progress: ProgressRecord
    state: State
    at_row: State | None
    biased: bool = False

    def write(self, run: RunDirectory) -> None:
        """Replace the checkpoint of a run. Raises OSError."""
        arrays = _arrays_of(self.state, self.biased)
        if self.at_row is not None:
            at_row = _arrays_of(self.at_row, self.biased)
            arrays |= {_ROW + name: values for name, values in at_row.items()}
        progress = self.progress.changed(digest=_digest(self.progress, arrays))
        write_npz(run.checkpoint_file, arrays | {_PROGRESS: np.array(progress.text().decode())})

    @classmethod
    def read(cls, run: RunDirectory, config_hash: str) -> Checkpoint:
        """The checkpoint of a run. Raises RunError when it is broken, was edited, or is of another configuration."""
        arrays = run.read_arrays(run.checkpoint_file)
        if _PROGRESS not in arrays:
            raise RunError(f"{run.checkpoint_file} is broken: it does not say how far the run was")
        text = str(arrays.pop(_PROGRESS))
        progress = parse_file(text, ProgressRecord, run.checkpoint_file)
        if _digest(progress.changed(format=parse_object(text)["format"]), arrays) != progress.digest:
            raise RunError(f"{run.checkpoint_file} is broken: something in it was changed since it was written")
        if progress.config_hash != config_hash:
            raise RunError(f"{run.checkpoint_file} is that of another run")
        at_row = {name.removeprefix(_ROW): arrays.pop(name) for name in list(arrays) if name.startswith(_ROW)}
        return cls(progress, _state_of(arrays), _state_of(at_row) if at_row else None, "biases" in arrays)

    def row_to_go_on_from(self) -> AtRow | None:
        """The last row's state, as the descent loop wants it."""
        if self.at_row is None or self.progress.row_stage_step is None:
            return None
        return AtRow(self.at_row, self.progress.row_stage_step)


def _arrays_of(state: State, biased: bool) -> dict[str, np.ndarray]:
    layers = separated(state.second_layer[0], state.first_layer[0], biased)
    arrays = {str(name): layers[name] for name in sorted(layers)}
    return arrays | {_MEMORY + name: values[0] for name, values in state.memory.items()}


def _state_of(arrays: Mapping[str, np.ndarray]) -> State:
    memory = {name.removeprefix(_MEMORY): a[None] for name, a in arrays.items() if name.startswith(_MEMORY)}
    second, first = together({name: arrays[name][None] for name in ALL_LAYERS if name in arrays})
    return State(second, first, memory)


def _digest(progress: ProgressRecord, arrays: Mapping[str, np.ndarray]) -> str:
    """The SHA-256 of all that a checkpoint holds."""
    found = hashlib.sha256(progress.changed(digest="").text())
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        found.update(f"\0{name}\0{values.dtype.str}\0{arrays[name].shape}\0".encode())
        found.update(values.tobytes() if values.size < 2 else values.data)
    return found.hexdigest()
