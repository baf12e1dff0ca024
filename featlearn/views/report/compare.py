"""The page of two or three runs side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from featlearn.runs.metrics import with_values
from featlearn.storage.text import printable
from featlearn.theory.alignment import ALIGNED_WITHIN
from featlearn.views.data.comparison import Comparison
from featlearn.views.data.events import events_of
from featlearn.views.data.run import RunData
from featlearn.views.report.neurons import MOST_NEURONS, neurons_payload, neurons_text
from featlearn.views.report.page import called, environment, explained, filled, packed, text_of, told, typeset
from featlearn.views.words.glossary import OF_THE_POPULATION
from featlearn.views.words.labels import LOSSES, label_of
from featlearn.views.words.numbers import grouped
from featlearn.views.words.values import clipped

_FINAL = (*LOSSES, "objective", "gap", "weight_decay", "mean_angle", "max_angle", "aligned_mass", "subspace")
_IN_CHARTS = 28  # the most characters of a name in a legend
_FEW = 8  # so many settings stand at the top; more of them scroll
_WORDS = {2: "two", 3: "three"}


def comparison_page(comparison: Comparison) -> str:
    """One replay of all runs, their losses and angles in shared charts, the settings that differ, final numbers."""
    runs, names = comparison.runs, comparison.names
    some = bool(comparison.neurons)
    return filled(
        "compare.html",
        ("charts.js", "overlay.js", "space.js", "curves.js", "neurons.js", "replay.js", "compare.js"),
        _payload(comparison),
        glossary=explained(_held(comparison), ("mass", "teacher_line") if some else ()),
        title=f"{', '.join(names[:-1])} and {names[-1]}",
        subtitle=f"{_WORDS[len(runs)]} runs of featlearn side by side",
        message=None,
        status="",
        facts=(),
        facts_text="",
        names=names,
        directories=[data.run.name for data in runs],
        settings=comparison.settings,
        few=len(comparison.settings) <= _FEW,
        complaints=list(_complaints(comparison)),
        moments=len(_moments(comparison)),
        replayed=some,
        columns=_columns(comparison),
        kinds=[_kind(data) for data in runs],
        missing=[data.missing for data in runs],
        frames=_frames(comparison) if some else "",
        notes=" ".join(_notes(comparison)),
        neurons_texts=_neurons_texts(comparison),
        final_rows=list(_final_rows(comparison)),
        sources=[
            (name, text_of(data.run.config_file), environment(data.info))
            for name, data in zip(names, runs, strict=True)
        ],
    )


def _payload(comparison: Comparison) -> dict[str, Any]:
    losses, alignment = _columns(comparison)
    columns = [*losses, *alignment]
    names = clipped(comparison.names, _IN_CHARTS)
    parts = zip(comparison.runs, comparison.tables, names, strict=True)
    known = ["step", *columns, *({"mean_angle"} - {*columns})]
    return {
        "losses": comparison.losses,
        "loss_columns": losses,
        "alignment": alignment,
        "labels": {name: label_of(name).markup for name in known},
        "words": {name: called(name) for name in known},
        "ranges": {name: comparison.range_of(name) for name in columns},
        "aligned_within": ALIGNED_WITHIN,
        "stages": [stage.__dict__ for stage in comparison.stages],
        "moments": _moments(comparison),
        "one_frame": comparison.frames_differ is None if comparison.neurons else False,
        "runs": [
            {
                "name": name,
                "status": data.info.status,
                "metrics": {column: packed(table[column].astype(float), "f8") for column in known},
                "stages": [stage.__dict__ for stage in data.stages],
                "events": [{"step": event.step, "text": event.text} for event in events_of(data)],
                "neurons": _neurons(comparison, data),
            }
            for data, table, name in parts
        ],
    }


def _columns(comparison: Comparison) -> tuple[list[str], list[str]]:
    """The columns of the chart of losses, and those of the chart of angles and shares."""
    decays = ["weight_decay"] if comparison.range_of("weight_decay") else []
    return [*comparison.losses, *comparison.gap, *decays], comparison.alignment


def _neurons(comparison: Comparison, data: RunData) -> dict[str, Any] | None:
    """The neurons of a run on the scales that all pictures share."""
    if data.neurons is None:
        return None
    angles = [neurons.angle[neurons.angle > 0] for neurons in comparison.neurons]
    return {
        **neurons_payload(data.neurons, MOST_NEURONS // len(comparison.runs)),
        "heaviest": max(comparison.heaviest, np.finfo(float).tiny),
        "least_mass": min(neurons.least_mass for neurons in comparison.neurons),
        "smallest": min([1.0, *(float(found.min()) for found in angles if len(found))]),
    }


def _moments(comparison: Comparison) -> list[int]:
    """The steps at which some run has a snapshot."""
    return sorted({int(step) for neurons in comparison.neurons for step in neurons.steps})


def _kind(data: RunData) -> str:
    """How the neurons are drawn, which decides the shape of the picture."""
    if data.neurons is None:
        return "missing"
    return "half" if data.neurons.half_plane else {2: "plane", 3: "space"}.get(data.neurons.rank, "angles")


def _frames(comparison: Comparison) -> str:
    """What the pictures of the neurons have in common."""
    if len(comparison.neurons) < 2:
        return ""
    scale, why = "The area of a dot means the same mass in all pictures", comparison.frames_differ
    cut = " Masses of a run that diverged are drawn no larger than the largest of the others." if comparison.cut else ""
    if why is None:
        return f"{scale}, a place the same direction, and a colour the same teacher neuron.{cut}"
    return f"{scale}. {why}: a place and a colour mean something only within one picture.{cut}"


def _notes(comparison: Comparison) -> Iterator[str]:
    """What is to be known of the charts."""
    if any(data.info.status == "diverged" for data in comparison.runs):
        yield "The curves of a run that diverged leave the charts above a hundred times their first value."
    if sampled := [name for data, name in zip(comparison.runs, comparison.names, strict=True) if data.sampled]:
        yield f"{', '.join(sampled)}: {OF_THE_POPULATION}."


def _neurons_texts(comparison: Comparison) -> list[str]:
    """How to read the picture of each run; one text where that is the same for all that have one."""
    most = MOST_NEURONS // len(comparison.runs)
    texts = [
        neurons_text(data.neurons, data.polynomial, False, most) if data.neurons is not None else ""
        for data in comparison.runs
    ]
    alone = {text for text in texts if text}
    return [*alone] if len(alone) == 1 else texts


def _complaints(comparison: Comparison) -> Iterator[tuple[str, str, str]]:
    """What is wrong with runs: the number of the run, its status, and the text."""
    for number, (data, name) in enumerate(zip(comparison.runs, comparison.names, strict=True)):
        for text in filter(None, (typeset(printable(data.info.message or "")), data.lost)):
            yield str(number), data.info.status, f"{name}: {text}"


def _held(comparison: Comparison) -> list[str]:
    """The columns that some run has at its end."""
    held = [with_values(data.metrics, (*_FINAL, "recovered")) for data in comparison.runs]
    return [name for name in (*_FINAL, "recovered") if any(name in some for some in held)]


def _final_rows(comparison: Comparison) -> Iterator[tuple[str, str, list[str]]]:
    """Quantities at the end: the word of the glossary, what the page calls it, and the text for each run."""
    runs = comparison.runs
    yield "", "status", [data.info.status for data in runs]
    yield "", "steps", [grouped(int(data.final["step"])) for data in runs]
    for name in _held(comparison):
        if name != "recovered":
            yield name, called(name), [told(name, data.final[name]) for data in runs]
        elif any(data.teachers and data.polynomial is None for data in runs):
            yield name, called(name), [_recovered(data) for data in runs]
    yield "", "seconds", [told("seconds", data.final["seconds"]) for data in runs]


def _recovered(data: RunData) -> str:
    found = data.final["recovered"]
    return f"{found:.0f} of {data.teachers}" if data.teachers and found is not None and np.isfinite(found) else "–"
