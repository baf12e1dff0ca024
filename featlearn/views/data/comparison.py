"""Two or three runs side by side: in what they differ, what all of them have, and the scales that they share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from featlearn.runs.metrics import Table, with_values
from featlearn.storage.errors import WrongChoice
from featlearn.views.data.neurons import Neurons
from featlearn.views.data.run import RunData, StageSpan
from featlearn.views.data.run_names import differing_settings, label_runs
from featlearn.views.data.run_tables import alignment_table
from featlearn.views.words.labels import LOSSES, label_of
from featlearn.views.words.values import labels

_SAME = 1e-5  # a teacher that was stored in float32 is the same one
_BEYOND = 100  # a run that diverged is shown up to so many times its first value
_SHARES = ("aligned_mass", "subspace")


@dataclass(frozen=True)
class Comparison:
    """Two or three runs, read, with names that tell them apart."""

    runs: Sequence[RunData]
    names: Sequence[str]

    @cached_property
    def settings(self) -> dict[str, list[str]]:
        """The settings in which the runs differ, by key, as text for each run."""
        return {key: labels(values, 4) for key, values in differing_settings([r.settings for r in self.runs]).items()}

    @cached_property
    def tables(self) -> list[Table]:
        """The log of each run, with the quantiles of its angles."""
        return [data.metrics | alignment_table(data) for data in self.runs]

    @property
    def losses(self) -> list[str]:
        """The losses that every run has."""
        return self._common(LOSSES)

    @property
    def gap(self) -> list[str]:
        """The gap, where every run has one."""
        return self._common(["gap"])

    @property
    def alignment(self) -> list[str]:
        """The angle and the shares that every run has: the median angle, or the mean where snapshots are missing."""
        angle = self._common(["angle_median"]) or self._common(["mean_angle"])
        return [*angle, *self._common(_SHARES)]

    @property
    def stages(self) -> list[StageSpan]:
        """The stages, where those of every run have the same names and begin at the same steps; else none."""
        return shared_stages(self.runs)

    @property
    def neurons(self) -> list[Neurons]:
        """The neurons of the runs that have snapshots."""
        return [data.neurons for data in self.runs if data.neurons is not None]

    @property
    def heaviest(self) -> float:
        """The mass that all pictures of neurons draw largest; a run that diverged counts where all of them did."""
        calm = [data.neurons for data in self._calm() if data.neurons is not None] or self.neurons
        return max(float(np.max(neurons.mass[np.isfinite(neurons.mass)], initial=0.0)) for neurons in calm)

    @property
    def cut(self) -> bool:
        """Whether pictures of neurons may hold larger masses than they draw."""
        return 0 < len(self._calm()) < len(self.runs)

    @property
    def frames_differ(self) -> str | None:
        """Why the pictures of the neurons are not in one frame; None where they are."""
        first, *others = [data for data in self.runs if data.neurons is not None]
        if not all(_one_teacher(first, other) for other in others):
            return "The teachers differ"
        if len({neurons.lines for neurons in self.neurons}) > 1:
            return "Of some activations w and −w are one neuron, of others two"
        return None

    def range_of(self, column: str) -> tuple[float, float] | None:
        """The least and the largest positive value that a logarithmic axis shows; None where none is positive.

        A run that diverged counts up to a hundred times its first value: beyond, it leaves the chart.
        """
        shown = [self._shown(data, np.asarray(table[column], float)) for data, table in self._rows()]
        values = np.concatenate(shown)
        return (float(values.min()), float(values.max())) if len(values) else None

    def _rows(self) -> Iterable[tuple[RunData, Table]]:
        return zip(self.runs, self.tables, strict=True)

    def _shown(self, data: RunData, values: np.ndarray) -> np.ndarray:
        values = values[np.isfinite(values) & (values > 0)]
        return values if data in self._calm() or not len(values) else values[values <= _BEYOND * values[0]]

    def _calm(self) -> list[RunData]:
        return [data for data in self.runs if data.info.status != "diverged"]

    def _common(self, names: Iterable[str]) -> list[str]:
        held = [with_values(table, names) for table in self.tables]
        return [name for name in names if all(name in some for some in held)]


def compare(runs: Sequence[RunData]) -> Comparison:
    """Put two or three runs beside each other.

    Raises:
        WrongChoice: when a run is there twice, or the runs have no loss in common.
    """
    paths = [data.run.path.resolve() for data in runs]
    if twice := [path for number, path in enumerate(paths) if path in paths[:number]]:
        raise WrongChoice(f"{twice[0]} was given twice; side by side are two or three different runs")
    found = Comparison(runs, label_runs(runs))
    if not found.losses:
        had = [f"{name} has {_losses_of(data)}" for name, data in zip(found.names, runs, strict=True)]
        raise WrongChoice(
            f"the runs have no loss in common ({'; '.join(had)}): make a page of each, `featlearn report RUN`"
        )
    return found


def _losses_of(data: RunData) -> str:
    return " and ".join(label_of(name).words for name in with_values(data.metrics, LOSSES)) or "none"


def shared_stages(runs: Sequence[RunData]) -> list[StageSpan]:
    """The stages of the longest run, where those of every run have the same names and begin at the same steps."""
    longest = max((data.stages for data in runs), key=lambda stages: stages[-1].last)
    begun = [(stage.name, stage.first) for stage in longest]
    alike = all([(stage.name, stage.first) for stage in data.stages] == begun[: len(data.stages)] for data in runs)
    return longest if alike else []


def _one_teacher(first: RunData, other: RunData) -> bool:
    """Whether two runs with snapshots have one teacher, direction by direction."""
    assert first.snapshots is not None
    assert other.snapshots is not None
    own, theirs = first.snapshots.teacher_first_layer, other.snapshots.teacher_first_layer
    return own.shape == theirs.shape and bool(np.allclose(own, theirs, rtol=0, atol=_SAME))
