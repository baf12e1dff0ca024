"""``featlearn report``: one HTML file that needs no network, Plotly inside, every text from users escaped."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup

from featlearn.experiments.results import load_metrics
from featlearn.experiments.runs import RunError, RunInfo, replace_file
from featlearn.theory.alignment import ALIVE_ABOVE
from featlearn.views.certificate_data import Certificates, read_certificates
from featlearn.views.certificate_report import TEXTS, certificate_payload
from featlearn.views.console import formats
from featlearn.views.labels import LABELS, label_of
from featlearn.views.packing import packed
from featlearn.views.palette import COLOURS
from featlearn.views.run_data import Neurons, RunData, alignment_table, folded
from featlearn.views.sweep_data import METRICS, SweepData, axis_of, numbers

MOST_NEURONS = 1000  # on a page; the heaviest of more
_CURVES = ("loss", "objective", "mean_angle", "max_angle", "aligned_mass", "grad_norm")  # of the runs of a sweep
_CURVE_POINTS = 150_000  # of all runs together, for each curve: some 3 MB
_SHOWN = ("loss", "max_angle", "mean_angle", "aligned_mass", "recovered")  # in the table of a sweep

_STAGE_COLUMNS = (
    ("weight_decay", "number"),
    ("loss", "number"),
    ("subspace", "percent"),
    ("mean_angle", "degrees"),
    ("max_angle", "degrees"),
)

_TEXTS = ("id", "status", "message")  # columns of the results that are no numbers

_templates = jinja2.Environment(
    loader=jinja2.PackageLoader("featlearn.views", "page"), autoescape=True, undefined=jinja2.StrictUndefined
)


# --- one run ------------------------------------------------------------------------------------


def run_page(data: RunData) -> str:
    """The page of a run: curves, neurons and certificate with a slider, stages, configuration, environment."""
    certificates, no_certificate = _certificates(data)
    metrics = {name: column for name, column in data.metrics.items() if name != "stage"}
    metrics |= {name: column for name, column in alignment_table(data).items() if name.startswith("angle_")}
    metrics["found"] = metrics["recovered"] / data.teachers
    payload = {
        "colours": COLOURS,
        "labels": {name: label.markup for name, label in LABELS.items()},
        "metrics": {name: packed(column.astype(float), "f8") for name, column in metrics.items()},
        "stages": [stage.__dict__ for stage in data.stages],
        "teachers": data.teachers,
        "neurons": _neurons(data.neurons) if data.neurons else None,
        "certificate": certificate_payload(certificates, _heaviest(data.neurons))
        if certificates and data.neurons
        else None,
    }
    status, last = data.info["status"], {name: column[-1] for name, column in data.metrics.items()}
    facts = [
        ("status", status),
        ("steps", f"{last['step']}"),
        ("loss", _told("number", last["loss"])),
        ("largest angle", _told("degrees", last["max_angle"])),
        ("mean angle", _told("degrees", last["mean_angle"])),
        ("recovered", f"{last['recovered']} of {data.teachers}"),
        ("seconds", _told("seconds", last["seconds"])),
    ]
    return _page(
        "run.html",
        ("charts.js", "certificate.js", "run.js"),
        payload,
        title=data.name,
        subtitle=f"a run of featlearn, {data.run.name}",
        message=data.info.get("message"),
        facts=facts,
        missing=data.missing,
        neurons_text=_neurons_text(data.neurons) if data.neurons else "",
        certificate_rank=certificates.rank if certificates else 0,
        certificate_text=TEXTS[certificates.rank] if certificates else "",
        no_certificate=no_certificate,
        snapshots=len(data.neurons.steps) if data.neurons else 0,
        stage_columns=["", "stage", "steps", "ended by", "λ", "loss", "in S*", "mean angle", "largest angle"],
        stage_rows=list(_stage_rows(data)),
        config_title="Configuration",
        config=_text_of(data.run.config_file),
        environment=_environment(data.info),
    )


def _certificates(data: RunData) -> tuple[Certificates | None, str]:
    """The certificates of a run, and what is wrong with those that cannot be read."""
    try:
        return read_certificates(data), ""
    except RunError as error:
        return None, str(error)


def _heaviest(neurons: Neurons) -> np.ndarray:
    """The neurons that a page shows: all, or the heaviest where they are many."""
    return np.sort(np.argsort(-np.nanmax(neurons.mass, axis=0), kind="stable")[:MOST_NEURONS])


def _neurons(neurons: Neurons) -> dict[str, Any]:
    """What the neurons' chart needs."""
    heaviest = _heaviest(neurons)
    flat = neurons.lines and neurons.rank == 2
    place = folded(neurons.place) if flat else neurons.place
    rays = folded(neurons.teacher_place) if flat else neurons.teacher_place
    in_span = neurons.rank in (2, 3)
    arrays = {name: getattr(neurons, name)[:, heaviest] for name in ("mass", "angle", "teacher")}
    return {
        "rank": neurons.rank,
        "lines": neurons.lines,
        "folded": flat,
        "alive_above": ALIVE_ABOVE * neurons.teacher_mass,
        "steps": packed(neurons.steps, "f8"),
        "place": packed(place[:, heaviest] if in_span else np.empty(0), "f4"),
        "teacher_place": packed(rays, "f4"),
        **{name: packed(values, "f4") for name, values in arrays.items()},
    }


def _neurons_text(neurons: Neurons) -> str:
    """How to read the chart of the neurons."""
    seen = "w and −w are one neuron and lie in the upper half. " if neurons.lines and neurons.rank == 2 else ""
    told = {
        2: f"Projections of wⱼ/‖wⱼ‖ on the teacher's plane: on the circle when the row lies in the plane. {seen}",
        3: "Projections of wⱼ/‖wⱼ‖ on the teacher's space: on the sphere when the row lies in it. Drag to turn. ",
    }.get(
        neurons.rank, "Angle to the nearest teacher line against mass; left of the dotted line a neuron has vanished. "
    )
    many = neurons.mass.shape[1]
    only = f" Of {many} neurons, the {MOST_NEURONS} heaviest." if many > MOST_NEURONS else ""
    return f"{told}The area of a dot is its mass |aⱼ|‖wⱼ‖, its colour the nearest teacher.{only}"


def _stage_rows(data: RunData) -> Iterable[list[str]]:
    ended = list(data.info.get("stages") or [])
    for number, stage in enumerate(data.stages, start=1):
        row = int(np.flatnonzero(data.metrics["step"] <= stage.last)[-1])
        at = {name: column[row] for name, column in data.metrics.items()}
        record = ended[number - 1] if number <= len(ended) else {}
        cells = [_told(form, at[name]) for name, form in _STAGE_COLUMNS]
        yield [str(number), stage.name, str(stage.last - stage.first), str(record.get("stop_reason", "–")), *cells]


# --- a sweep ------------------------------------------------------------------------------------


def sweep_page(data: SweepData, watch: Callable[[int, int], None]) -> str:
    """The page of a sweep: a map of its results, the curves of its runs, a table that can be sorted.

    Args:
        watch: told how many runs of how many have been read.
    """
    axes = {axis.key: {"values": axis.texts(), "index": axis.index.tolist()} for axis in data.axes}
    seed = axis_of("seed", data.columns["seed"])
    axes["seed"] = {"values": seed.texts(), "index": seed.index.tolist()}
    curves = _curves(data, watch)
    metrics = [name for name in METRICS if np.any(np.isfinite(numbers(data.columns[name])))]
    metrics.sort(key=lambda name: (name not in _SHOWN, METRICS.index(name)))
    columns: dict[str, Any] = {name: packed(numbers(data.columns[name]), "f4") for name in metrics}
    columns |= {name: [v if isinstance(v, str) else "" for v in data.columns[name]] for name in _TEXTS}
    named = [*axes, *METRICS]
    payload = {
        "colours": COLOURS,
        "columns": columns,
        "axes": axes,
        "metrics": metrics,
        "shown": [name for name in _SHOWN if name in metrics],
        "log": [name for name, label in LABELS.items() if label.log],
        "names": {name: label_of(name).words for name in named},
        "titles": {name: label_of(name).markup for name in named},
        "curves": curves or None,
        "curve_names": _CURVES,
        "no_curves": "this sweep keeps no logs (store: summary)",
    }
    found, counts = np.unique(data.columns["status"].astype(str), return_counts=True)
    left = data.info["points"] - len(data.columns["id"])
    facts = [("points", str(data.info["points"]))]
    facts += [(status, str(count)) for status, count in zip(found, counts, strict=True)]
    facts += [("not ended yet", str(left))] if left else []
    best = numbers(data.columns["loss"])[data.done]
    facts.append(("least loss", _told("number", np.nanmin(best)) if np.any(np.isfinite(best)) else "–"))
    return _page(
        "sweep.html",
        ("charts.js", "sweep.js"),
        payload,
        title=data.name,
        subtitle=f"a sweep of featlearn, {data.sweep.name}",
        message=None,
        facts=facts,
        has_curves=bool(curves),
        curves_text="Choose a cell above, or a run below.",
        table_text="Press a heading to sort, a run to see its curves."
        + (" Of more than 2000 runs, the first 2000 in the chosen order." if len(data.columns["id"]) > 2000 else ""),
        config_title="Sweep",
        config=_text_of(data.sweep.sweep_file),
        environment=_environment(data.info),
    )


def _curves(data: SweepData, watch: Callable[[int, int], None]) -> dict[str, Any]:
    """The logs of the runs that have one, thinned out evenly where they are many."""
    data.sweep.check_runs()
    runs = {}
    for point in map(str, data.columns["id"]):
        with suppress(RunError):  # something else is in its place: its line in the table of results is left
            if (found := data.sweep.run(point)).metrics_file.is_file():
                runs[point] = found
    most = int(np.clip(_CURVE_POINTS / max(len(runs), 1), 30, 300))
    curves = {}
    for number, (point, run) in enumerate(runs.items(), start=1):
        try:
            metrics = load_metrics(run.path)
        except RunError:  # a broken log, as above
            continue
        if "step" in metrics:
            kept = np.unique(np.linspace(0, len(metrics["step"]) - 1, most).round().astype(int))
            thinned = {name: packed(metrics[name][kept].astype(float), "f4") for name in _CURVES}
            curves[point] = {"step": packed(metrics["step"][kept], "f8"), **thinned}
        watch(number, len(runs))
    return curves


# --- pages --------------------------------------------------------------------------------------


def _page(template: str, scripts: Iterable[str], payload: Mapping[str, Any], **values: Any) -> str:
    """A template filled in. Only the scripts written here may run: the page's policy knows them by their digests."""
    from plotly.offline import get_plotlyjs

    sources = [_script(get_plotlyjs()), *(_script(_source(name)) for name in scripts)]
    starter = _source("starter.js")
    digests = " ".join(f"'sha256-{_digest(source)}'" for source in (*sources, starter))
    policy = f"default-src 'none'; script-src {digests}; style-src 'unsafe-inline'; img-src data: blob:"
    return _templates.get_template(template).render(
        policy=policy,
        version=version("featlearn"),
        css=Markup(_source("report.css")),
        scripts=[Markup(source) for source in sources],
        starter=Markup(starter),
        data=Markup(_as_json(payload)),
        **values,
    )


def _source(name: str) -> str:
    loader = _templates.loader
    assert loader is not None
    return loader.get_source(_templates, name)[0]


def _script(source: str) -> str:
    """A script that no text in it can end."""
    return source.replace("</script", "<\\/script").replace("\r\n", "\n")


def _digest(source: str) -> str:
    return base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


def _as_json(payload: Mapping[str, Any]) -> str:
    """JSON in which nothing can be read as HTML."""
    text = json.dumps(payload, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _told(form: str, value: Any) -> str:
    return formats[form](float(value) if np.isfinite(value) else None)


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        return f"{file.name} cannot be read: {error.strerror}"


def _environment(info: RunInfo) -> list[tuple[str, str]]:
    """What a run or a sweep was made with."""
    keys = ("created", "config_hash", "digest", "seed", "backend", "device", "threads", "precision", "resumed")
    rows = [(key, str(info[key])) for key in keys if info.get(key) is not None]
    git = info.get("git") or {}
    if git.get("commit"):
        rows.append(("commit", f"{git['commit']}{' (changed since)' if git.get('dirty') else ''}"))
    rows += [(key, str(value)) for part in ("versions", "machine") for key, value in (info.get(part) or {}).items()]
    return rows


def write_page(page: str, file: Path) -> None:
    """Write a page, replacing what is there whole. Raises RunError when it cannot be written."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, lambda out: out.write(page.encode()))
    except OSError as error:
        raise RunError(f"{file} cannot be written: {error.strerror}; choose another place with --out") from None
