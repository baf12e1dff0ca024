"""Pages: one HTML file that needs no network, Plotly inside, every text from users escaped."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup, escape

from featlearn.runs.records import RunInfo, changes
from featlearn.storage.errors import RunError, reason
from featlearn.storage.opening import read_regular
from featlearn.storage.replacement import write_file
from featlearn.sweeps.records import SweepInfo
from featlearn.views.words.cells import cell
from featlearn.views.words.glossary import glossary
from featlearn.views.words.labels import label_of
from featlearn.views.words.numbers import MINUS
from featlearn.views.words.palette import BLUE, COLOURS, DARK_PAPER, PAPER, SKY, text_colour

_templates = jinja2.Environment(
    loader=jinja2.PackageLoader("featlearn.views.report", "files"), autoescape=True, undefined=jinja2.StrictUndefined
)


def filled(
    template: str,
    scripts: Iterable[str],
    payload: Mapping[str, Any],
    *,
    charts: bool = True,
    asks_its_server: bool = False,
    **values: Any,
) -> str:
    """A template filled in. Only the scripts written here may run: the page's policy knows them by their digests.

    Args:
        charts: whether Plotly is in the page, too.
        asks_its_server: whether the page may ask the server that it came from for more.
    """
    sources = [*([_script(_plotly())] if charts else []), *(_script(_source(name)) for name in scripts)]
    starter = _source("starter.js")
    digests = " ".join(f"'sha256-{_digest(source)}'" for source in (*sources, starter))
    policy = f"default-src 'none'; script-src {digests}; style-src 'unsafe-inline'; img-src data: blob:"
    policy += "; connect-src 'self'" if asks_its_server else ""
    return _templates.get_template(template).render(
        policy=policy,
        version=version("featlearn"),
        css=Markup(_templates.get_template("report.css").render(accent=BLUE, accent_in_the_dark=SKY, dark=DARK_PAPER)),
        scripts=[Markup(source) for source in sources],
        starter=Markup(starter),
        data=Markup(_as_json({**colours(), **payload})),
        **values,
    )


def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def colours() -> dict[str, Any]:
    """The colours of lines and dots, and those of text beside them on light and on dark paper."""
    texts = {name: [text_colour(c, paper) for c in COLOURS] for name, paper in (("light", PAPER), ("dark", DARK_PAPER))}
    return {"colours": COLOURS, "text_colours": texts}


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


def packed(values: np.ndarray, kind: str) -> dict[str, str]:
    """Floats as base64, in eight ("f8") or four bytes: what ``numbers`` in charts.js reads."""
    with np.errstate(over="ignore"):
        return {kind: base64.b64encode(np.ascontiguousarray(values, dtype=f"<{kind}").tobytes()).decode()}


def text_of(file: Path) -> str:
    """What stands in a file, or why that cannot be read."""
    try:
        return read_regular(file).decode(errors="replace")
    except RunError as error:
        return str(error)


def environment(info: RunInfo | SweepInfo) -> list[tuple[str, str]]:
    """What a run or a sweep was made with."""
    keys = ("created", "config_hash", "digest", "seed", "backend", "device", "threads", "precision", "resumed")
    found = {key: getattr(info, key, None) for key in keys}
    rows = [(key, str(value)) for key, value in found.items() if value is not None]
    if info.git.commit:
        rows.append(("commit", f"{info.git.commit}{' (changed since)' if info.git.dirty else ''}"))
    rows += [(key, str(value)) for part in (info.versions, info.machine) for key, value in part.items()]
    later = [(other.name or f"from step {other.step}", ", ".join(changes(info, other))) for other in info.continued_by]
    return rows + later


def write_page(page: str, file: Path) -> None:
    """Write a page, replacing what is there whole. Raises RunError when it cannot be written."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_file(file, page.encode(errors="backslashreplace"))  # a path need not be Unicode
    except OSError as error:
        raise RunError(f"{file} cannot be written: {reason(error)}; choose another place with --out") from None


def told(column: str, value: Any) -> str:
    """A value of a column as the tables of a page show it; a dash for what is not finite."""
    return typeset(cell(column, None if value is None or not np.isfinite(value) else float(value))).replace("-", MINUS)


def typeset(text: str) -> str:
    """A text with the exponents of its numbers as shownNumber in charts.js writes them: 6.32e18, 1.31e−6."""
    return re.sub(r"(?<=\d)e([+-])0*(\d+)\b", lambda found: f"e{MINUS if found[1] == '-' else ''}{found[2]}", text)


def called(column: str) -> str:
    """What a page calls a column, everywhere; with its symbol where the words say nothing without."""
    label = label_of(column)
    return label.markup if label.words.endswith(" in") else label.words


def explained(columns: Iterable[str], words: Iterable[str]) -> list[tuple[str, Markup, Markup]]:
    """The part of the glossary that a page shows: columns that hold values, and words (by their names there)."""
    columns = list(columns)
    kept = {*columns, *words}
    return [
        (name, Markup(written), _subscripted(meaning)) for name, written, meaning in _glossary(columns) if name in kept
    ]


def _glossary(columns: list[str]) -> Iterable[tuple[str, Markup, str]]:
    for name, written, meaning in glossary(columns):
        yield name, Markup(written) if name in columns else _subscripted(written), meaning


def _subscripted(text: str) -> Markup:
    """A text with its indices below the line: p_j, w*_k."""
    return Markup(re.sub(r"\b([a-z]\*?)_([a-z])\b", r"\1<sub>\2</sub>", str(escape(text))))
