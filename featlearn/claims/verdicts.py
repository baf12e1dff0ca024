"""The verdict on a claim: its measurement carried out on the evidence, and held to the thresholds of its file."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import replace
from math import nan
from pathlib import Path

from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import Measured
from featlearn.claims.load import Claim
from featlearn.claims.model import Published
from featlearn.claims.records import CheckRecord, ClaimRecord, ClaimSweepRecord, Panel, Series
from featlearn.sweeps.directory import SweepDirectory


def verdict(claim: Claim, evidence: Evidence) -> ClaimRecord:
    """The record of a claim: what was measured, and whether it holds. A measurement that raises is a FAIL."""
    edges: tuple[str, ...] = ()
    panel, message = None, None
    try:
        findings = claim.measure(evidence)
        if missing := [key for key in claim.file.checks if key not in findings.measured]:
            raise LookupError(f"nothing was measured for {', '.join(missing)}")
        checks = tuple(_check(claim, key, findings) for key in claim.file.checks)
        edges, panel = tuple(map(str, findings.edges)), _with_published(findings.panel, claim.file.published)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        why = " ".join(f"{type(error).__name__}: {error}".split())
        message = f"could not be measured: {why} ({Path(last.filename).name}:{last.lineno})"
        checks = tuple(_check(claim, key, None) for key in claim.file.checks)
    return ClaimRecord.made_of(
        claim.file,
        id=claim.id,
        published=tuple(f"{name}: {numbers.source}" for name, numbers in claim.file.published.items()),
        sweeps=tuple(_sweep(claim, key, sweep) for key, sweep in evidence.sweeps.items()),
        checks=checks,
        passed=all(check.passed for check in checks),
        message=message,
        edges=edges,
        panel=panel,
        seconds=0.0,  # not known here
    )


def _with_published(panel: Panel, published: Mapping[str, Published]) -> Panel:
    """A figure with the published numbers as points."""
    points = [
        Series("published" if len(published) == 1 else f"published: {name}", known.x, known.y, style="published")
        for name, known in published.items()
    ]
    return replace(panel, series=[*panel.series, *points])


def _sweep(claim: Claim, key: str, sweep: SweepDirectory) -> ClaimSweepRecord:
    """What a claim rests on: its sweep file, and how many of its runs got done."""
    results = sweep.read_results().values()
    return ClaimSweepRecord(
        name=key,
        file=claim.file.sweeps[key].file,
        directory=sweep.name,
        points=len(results),
        done=sum(result.status == "done" for result in results),
    )


def _check(claim: Claim, key: str, findings: Findings | None) -> CheckRecord:
    check = claim.file.checks[key]
    measured = Measured(nan, nan, nan, 0) if findings is None else findings.measured[key]
    passed = findings is not None and bool(check.holds(measured))
    return CheckRecord.made_of(check, measured, id=key, passed=passed)
