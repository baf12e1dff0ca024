"""Events of a run: its stages, its end, and what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from featlearn.storage.text import printable
from featlearn.views.data.event import Event, event_at
from featlearn.views.data.plateaus import as_floats
from featlearn.views.data.run import RunData
from featlearn.views.words.cells import cell
from featlearn.views.words.curvature import VERDICTS
from featlearn.views.words.labels import LOSSES, heading_of
from featlearn.views.words.numbers import number, steps_in_words

OVERFITS = 1.1  # times its least, above which a loss on what is not trained on has risen


def overfitting(data: RunData) -> Iterator[Event]:
    """Where the loss on what is not trained on is least, if it rises from there while the train loss falls."""
    train, test = as_floats(data.metrics["train_loss"]), as_floats(data.metrics["test_loss"])
    held_out = test if np.isfinite(test).any() else as_floats(data.metrics["loss"])
    rows = np.flatnonzero(np.isfinite(train) & np.isfinite(held_out))
    if data.settings.get("data.kind") != "empirical" or not len(rows):
        return
    least, end = rows[np.argmin(held_out[rows])], rows[-1]
    if held_out[end] > OVERFITS * held_out[least] and train[end] < train[least]:
        what = "test loss" if held_out is test else "loss on the population"
        rises, falls = (
            f"from {number(float(loss[least]), 3)} to {number(float(loss[end]), 3)}" for loss in (held_out, train)
        )
        text = f"The network begins to overfit: until the end the {what} rises {rises} while the train loss falls "
        text += f"{falls}, so that it learns the sample rather than what is behind it."
        yield event_at(data, int(least), "overfitting", text, mark="overfits")


def divergence(data: RunData) -> Iterator[Event]:
    """The last row of a run that diverged."""
    if data.info.status != "diverged":
        return
    text, last = "The run diverges", len(data.metrics["step"]) - 1
    losses = {name: as_floats(data.metrics[name]) for name in ("loss", "train_loss")}
    for name in [name for name, loss in losses.items() if np.isfinite(loss).any()][:1]:
        least = int(np.nanargmin(losses[name]))
        end = number(float(losses[name][last]), 3) if np.isfinite(losses[name][last]) else "beyond all numbers"
        if least < last:
            text += f": the {heading_of(name)} grows from {number(float(losses[name][least]), 3)} at step "
            text += f"{data.metrics['step'][least]} to {end}"
    yield event_at(data, last, "divergence", f"{text}.", mark="diverges")


def end(data: RunData) -> Iterator[Event]:
    """The last row of a run that has ended otherwise."""
    info, last = data.info, len(data.metrics["step"]) - 1
    if info.status in ("running", "diverged"):
        return
    text = f"The run is {info.status} after {steps_in_words(int(data.metrics['step'][last]))}"
    if info.status == "done" and info.stages and info.stages[-1].stop_reason != "steps":
        text += f", stopped by {printable(info.stages[-1].stop_reason)}"
    values = {name: float(as_floats(data.metrics[name])[last]) for name in (*LOSSES, "gap")}
    told = [f"{heading_of(name)} {cell(name, value)}" for name, value in values.items() if np.isfinite(value)]
    text += f": {', '.join(told)}" if told else ""
    if info.curvature is not None:
        text += f"; by its curvature the end {VERDICTS[info.curvature.verdict]}"
    yield event_at(data, last, "end", f"{text}.")


def stage_ends(data: RunData) -> Iterator[Event]:
    """The last row of each stage but the last."""
    for stage, later in pairwise(data.stages):
        text = f"Stage {stage.name} ends after {steps_in_words(stage.last - stage.first)}, and {later.name} begins."
        yield Event("stage", stage.last, text)
