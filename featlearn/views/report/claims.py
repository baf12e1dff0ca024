"""A reproduction as Markdown: the page beside it, and the generated part of docs/reproduction.md."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from featlearn.claims.load import SEED_PAPER
from featlearn.claims.records import CheckRecord, ClaimRecord, ClaimSweepRecord, ReproductionInfo
from featlearn.views.words.numbers import MINUS, duration, interval, value

ORIGINS = {"paper": "the paper's own", "reading": "our reading of the paper"}


def page(info: ReproductionInfo, figures: str, sweeps: str) -> str:
    """The whole page; ``figures`` and ``sweeps`` are the folders of figures and sweep files as seen from it."""
    return f"# The claims of {escaped(info.paper)}, reproduced\n\n{body(info, figures, sweeps)}\n"


def body(info: ReproductionInfo, figures: str, sweeps: str) -> str:
    """The page without its title; see ``page``."""
    parts = [_verdict(info), _circumstances(info), _overview(info)]
    for record in info.claims:
        parts += _section(record, figures, sweeps)
    return "\n\n".join(parts)


def verdict(info: ReproductionInfo) -> str:
    """How many claims hold, and which do not."""
    wanted, failed = len(info.wanted), [record.id for record in info.claims if not record.passed]
    if wanted == 1 and info.claims:
        return f"The claim {'does not hold' if failed else 'holds'}"
    told = f"{info.held} of {wanted} {'claim holds' if wanted == 1 else 'claims hold'}"
    if failed:
        told += f"; {'this one does' if len(failed) == 1 else 'these do'} not: {', '.join(failed)}"
    if left := [name for name in info.wanted if name not in {record.id for record in info.claims}]:
        told += f"; not judged yet: {', '.join(left)}"
    return told


def _verdict(info: ReproductionInfo) -> str:
    quick = " This was a quick reproduction, with fewer runs than the full one." if info.quick else ""
    return f"**{escaped(verdict(info))}.**{quick}"


def _circumstances(info: ReproductionInfo) -> str:
    """When, where and with what."""
    told = [f"Made by `{command(info)}` on {info.created[:10]} in {duration(info.seconds)}"]
    if info.git.commit:
        told.append(f"commit `{info.git.commit[:12]}`{' with changes' if info.git.dirty else ''}")
    told.append(", ".join(escaped(text) for text in info.machine.values() if text))
    told.append(", ".join(f"{name} {escaped(text)}" for name, text in info.versions.items() if text))
    return "; ".join(part for part in told if part) + "."


def command(info: ReproductionInfo) -> str:
    """The command that makes such a reproduction of all claims."""
    paper = "" if info.paper == SEED_PAPER else f" --paper {info.paper}"
    return f"featlearn reproduce{paper}{' --quick' if info.quick else ''}"


def _overview(info: ReproductionInfo) -> str:
    """The table of all claims: a row for each number."""
    lines = ["| claim | measured | value | 95 % interval | threshold | cases | |", "|---|---|---|---|---|---|---|"]
    for record in info.claims:
        for number, check in enumerate(record.checks):
            name = "" if number else f"[{record.id}](#{record.id})"
            lines.append(f"| {name} | {_row(check)} |")
    return "\n".join(lines)


def _section(record: ClaimRecord, figures: str, sweeps: str) -> Iterator[str]:
    yield f"## {record.id}"
    yield f"**{_word(record.passed)}** · {escaped(record.sentence)}"
    if record.message is not None:
        yield f"The claim {escaped(record.message)}."
    head = ["| measured | value | 95 % interval | threshold | cases | |", "|---|---|---|---|---|---|"]
    yield "\n".join([*head, *(f"| {_row(check)} |" for check in record.checks)])
    if any(check.judged_by == "value" for check in record.checks):
        yield "Where the threshold says “value”, the value is held to it; elsewhere the whole interval is."
    if record.panel is not None:
        yield f"![{escaped(record.panel.y)}]({figures}/{record.id}.png)"
    told = [
        f"*Whose claim:* {ORIGINS[record.origin]} ({escaped(record.source)}).",
        f"*What would falsify it:* {escaped(record.falsified_by)}.",
        f"*Where it stops holding:* {escaped(record.edge)}.",
    ]
    told += [f"  * {escaped(edge)}" for edge in record.edges]
    told += [f"*Published numbers:* {escaped(text)}." for text in record.published]
    if record.sweeps:
        told.append(f"*Runs:* {'; '.join(_runs(sweep, sweeps) for sweep in record.sweeps)}.")
    yield "\n".join(line if line.startswith("  ") else f"* {line}" for line in told)


def _runs(sweep: ClaimSweepRecord, folder: str) -> str:
    name = posixpath.basename(sweep.file)  # where the file lay beside the claim may have changed since
    shown = f"[`{name}`]({folder}/{name})"
    lost = sweep.points - sweep.done
    return f"{shown} ({sweep.points} runs{f', {lost} of them failed or diverged' if lost else ''})"


def _row(check: CheckRecord) -> str:
    by_value = " (value)" if check.judged_by == "value" else ""
    cells: list[Any] = [escaped(check.measures), value(check), interval(check)]
    cells += [check.threshold.replace("-", MINUS) + by_value, check.count or "–", f"**{_word(check.passed)}**"]
    return " | ".join(map(str, cells))


def _word(passed: bool) -> str:
    return "PASS" if passed else "FAIL"


def escaped(text: str) -> str:
    """A text that Markdown shows letter by letter, in a table too."""
    return re.sub(r"([\\*_<|\[\]`$~])", r"\\\1", " ".join(text.split()))
