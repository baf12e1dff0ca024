"""The page of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from featlearn.runs.metrics import with_values
from featlearn.storage.errors import RunError
from featlearn.theory.alignment import ALIGNED_WITHIN
from featlearn.training.columns import COLUMNS
from featlearn.views.data.certificate import Certificates, read_certificates, why_no_certificate
from featlearn.views.data.events import chapters_of, events_of
from featlearn.views.data.run import RunData
from featlearn.views.data.run_tables import QUANTILE_BANDS, QUANTILES, alignment_table, quantile_shares
from featlearn.views.report.certificate import TEXTS, certificate_payload
from featlearn.views.report.neurons import heaviest, neurons_payload, neurons_text
from featlearn.views.report.opening import opening
from featlearn.views.report.page import called, environment, explained, filled, packed, text_of, told, typeset
from featlearn.views.report.path import path_of
from featlearn.views.words.curvature import curvature_in_brief
from featlearn.views.words.floors import floors_in_brief
from featlearn.views.words.glossary import EXPLAINED, OF_THE_POPULATION
from featlearn.views.words.labels import LOSSES, labels, losses_in_brief
from featlearn.views.words.numbers import grouped
from featlearn.views.words.palette import BLUE, faded
from featlearn.views.words.series import series_in_brief

_STAGE_COLUMNS = (*LOSSES, "mean_angle", "max_angle", "subspace", "weight_decay")
_PARTS = ("charts", "overlay", "certificate", "space", "curves", "neurons", "neuron", "replay", "path", "run")
_SCRIPTS = tuple(f"{part}.js" for part in _PARTS)
_FOLLOWING = (*LOSSES, "mean_angle", "max_angle", "recovered", "subspace")  # numbers at the top that follow the slider
_EXPLAINED = [name for name in EXPLAINED if name != "alive"]  # it is in the CSV file alone
_SAMPLED = f"{OF_THE_POPULATION[:1].upper()}{OF_THE_POPULATION[1:]}."
_CERTIFICATE_OF = " Certificate and optimum are of the population, not of the samples that were trained on."

_MASS = (
    "The mass of a neuron is what it contributes: its output weight times the length of its input weights. Neurons at "
    "the same place look like one dot."
)
_ATOMS = (
    "The gap is how far the objective, loss and weight decay together, is above that of the best network at this λ, "
    "whose neurons are called atoms (open circles)."
)
_PLANE = (
    "The certificate η tells whether a further neuron would pay: where it leaves the grey band between −1 and 1, one "
    "in that direction would lower the objective; the atoms sit where the optimum’s touches 1 or −1, by the sign of "
    "their output weight. Beyond the band the axis is compressed."
)
_SPHERE = (
    "The certificate η, the colour, tells whether a further neuron would pay: where it is above 1 or below −1, one in "
    "that direction would lower the objective."
)


def run_page(data: RunData) -> str:
    """The page of a run: curves, neurons and certificate with a slider, stages, configuration, environment."""
    certificates, no_certificate = _certificates(data)
    path, path_text = _path(data)
    events = events_of(data)
    metrics = {name: column for name, column in data.metrics.items() if COLUMNS[name].kind != "text"}
    metrics |= {name: column for name, column in alignment_table(data).items() if name in QUANTILES}
    metrics["found"] = metrics["recovered"] / max(data.teachers, 1)
    payload = {
        "labels": {name: label.markup for name, label in labels().items()},
        "words": {name: called(name) for name in labels()},
        "metrics": {name: packed(column.astype(float), "f8") for name, column in metrics.items()},
        "stages": [stage.__dict__ for stage in data.stages],
        "events": [event.__dict__ for event in events],
        "aligned_within": ALIGNED_WITHIN,
        "bands": [
            {"low": low, "high": high, "label": f"{quantile_shares(low, high)}{more}", "fill": _fills(opacity)}
            for (low, high, opacity), more in zip(QUANTILE_BANDS, (" of the mass", ""), strict=True)
        ],
        "losses": losses_in_brief(with_values(data.metrics, (*LOSSES, "objective"))),
        "teachers": data.teachers,
        "of_population": " of the population" if data.sampled else "",
        "neurons": neurons_payload(data.neurons) if data.neurons else None,
        "path": path,
        "certificate": certificate_payload(certificates, heaviest(data.neurons))
        if certificates and data.neurons
        else None,
    }
    last = data.final
    facts = [
        ("status", data.info.status, ""),
        ("steps", grouped(int(last["step"])), ""),
        *((called(name), told(name, last[name]), name) for name in with_values(data.metrics, LOSSES)),
        *(_alignment_facts(data, last) if data.teachers else ()),
        ("seconds", told("seconds", last["seconds"]), ""),
    ]
    stage_columns = with_values(data.metrics, _STAGE_COLUMNS)
    return filled(
        "run.html",
        _SCRIPTS,
        payload,
        glossary=explained(with_values(data.metrics, _EXPLAINED), _words(data, certificates)),
        title=data.name,
        subtitle=f"a run of featlearn, {data.run.name}",
        message="; ".join(text for text in (typeset(data.info.message or ""), data.lost) if text) or None,
        status=data.info.status,
        facts=facts,
        following=_FOLLOWING if data.neurons else (),
        opening=opening(data),
        events=events,
        chapters=chapters_of(events),
        beside=list(_beside(certificates)),
        width=data.neurons.mass.shape[1] if data.neurons else 0,
        facts_text=". ".join(filter(None, (*map(typeset, _in_brief(data)), _SAMPLED if data.sampled else None))),
        missing=data.missing,
        teachers=data.teachers,
        neurons_text=neurons_text(data.neurons, data.polynomial, certificates is not None) if data.neurons else "",
        certificate_rank=certificates.rank if certificates else 0,
        certificate_text=f"{TEXTS[certificates.rank]}{_CERTIFICATE_OF if data.sampled else ''}" if certificates else "",
        no_certificate=no_certificate,
        path_text=path_text,
        snapshots=len(data.neurons.steps) if data.neurons else 0,
        stage_columns=[
            "",
            "stage",
            *("λ" if name == "weight_decay" else called(name) for name in stage_columns),
            "steps",
            "why it ended",
        ],
        stage_rows=list(_stage_rows(data, stage_columns)),
        config_title="Configuration",
        config=text_of(data.run.config_file),
        environment=environment(data.info),
    )


def _beside(certificates: Certificates | None) -> Iterable[str]:
    """What has to be known to read the charts, beside them."""
    yield _MASS
    if certificates is not None:
        yield f"{_ATOMS} {_PLANE if certificates.rank == 2 else _SPHERE}"


def _in_brief(data: RunData) -> Iterable[str]:
    """Floors, series and curvature, each in a sentence, where they are known."""
    info = data.info
    yield from filter(None, (floors_in_brief(info.floors), series_in_brief(info.series)))
    if told := curvature_in_brief(info.curvature):
        yield f"{told[0].upper()}{told[1:]}"


def _fills(opacity: float) -> dict[str, str]:
    """The colour of a band on light and on dark paper, from which the blue stands out less."""
    return {"light": faded(BLUE, opacity), "dark": faded(BLUE, opacity + 0.2)}


def _words(data: RunData, certificates: Certificates | None) -> Iterable[str]:
    """The words that the page of a run shows, besides columns."""
    if data.neurons is not None:
        yield from ("mass", "teacher_line")
        yield from () if data.neurons.rank in (2, 3) else ("vanished",)
    if certificates is not None:
        yield "certificate"


def _alignment_facts(data: RunData, last: Mapping[str, Any]) -> Iterable[tuple[str, str, str]]:
    if data.polynomial is not None:
        yield "target", data.polynomial, ""
        yield called("subspace"), told("subspace", last["subspace"]), "subspace"
        return
    yield called("mean_angle"), told("mean_angle", last["mean_angle"]), "mean_angle"
    yield called("max_angle"), told("max_angle", last["max_angle"]), "max_angle"
    yield called("recovered"), f"{last['recovered']} of {data.teachers}", "recovered"


def _certificates(data: RunData) -> tuple[Certificates | None, str]:
    """The certificates of a run, or why there are none that can be drawn."""
    try:
        found = read_certificates(data)
        return found, "" if found or data.neurons is None else why_no_certificate(data)
    except RunError as error:
        return None, str(error)


def _path(data: RunData) -> tuple[dict[str, Any] | None, str]:
    """The λ-path and how to read it; a broken record of optima costs it."""
    try:
        return path_of(data)
    except RunError:
        return None, ""


def _stage_rows(data: RunData, columns: Sequence[str]) -> Iterable[list[str]]:
    ended = data.info.stages
    for number, stage in enumerate(data.stages, start=1):
        row = int(np.flatnonzero(data.metrics["step"] <= stage.last)[-1])
        at = {name: column[row] for name, column in data.metrics.items()}
        reason = ended[number - 1].stop_reason if number <= len(ended) else "–"
        cells = [told(name, at[name]) for name in columns]
        steps = grouped(stage.last - stage.first)
        yield [str(number), stage.name, *cells, steps, "all steps done" if reason == "steps" else reason]
