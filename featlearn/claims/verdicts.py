"""The verdict on a claim: its measurement carried out on the evidence, and held to the thresholds of its file."""

from __future__ import annotations

import traceback
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from featlearn.claims.directory import Record
from featlearn.claims.evidence import Evidence
from featlearn.claims.findings import Findings, Panel, Series
from featlearn.claims.load import Claim
from featlearn.runs.records import PanelRecord
from featlearn.sweeps.directory import SweepDirectory


def verdict(claim: Claim, evidence: Evidence) -> Record:
    """The record of a claim: what was measured, and whether it holds. A measurement that raises is a FAIL."""
    about = claim.file.model_dump(mode="json", include={"sentence", "origin", "source", "falsified_by", "edge"})
    about = {"id": claim.id, **about, "sweeps": [_sweep(claim, key, sweep) for key, sweep in evidence.sweeps.items()]}
    try:
        findings = claim.measure(evidence)
        if missing := [key for key in claim.file.checks if key not in findings.measured]:
            raise LookupError(f"nothing was measured for {', '.join(missing)}")
        checks = [_check(claim, key, findings) for key in claim.file.checks]
        found = {"edges": [str(edge) for edge in findings.edges], "panel": _panel(findings.panel)}
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        why = " ".join(f"{type(error).__name__}: {error}".split())
        message = f"could not be measured: {why} ({Path(last.filename).name}:{last.lineno})"
        checks = [_check(claim, key, None) for key in claim.file.checks]
        return {**about, "checks": checks, "passed": False, "message": message, "edges": [], "panel": None}
    return {**about, "checks": checks, "passed": all(check["passed"] for check in checks), "message": None, **found}


def _sweep(claim: Claim, key: str, sweep: SweepDirectory) -> Record:
    """What a claim rests on: its sweep file in the repository, and how many of its runs got done."""
    file, results = claim.file.sweeps[key].file, sweep.read_results().values()
    done = sum(result.status == "done" for result in results)
    return {"name": key, "file": file, "directory": sweep.name, "points": len(results), "done": done}


def _check(claim: Claim, key: str, findings: Findings | None) -> Record:
    check = claim.file.checks[key]
    about = {"id": key, "measures": check.measures, "threshold": check.threshold, "judged_by": check.judged_by}
    if findings is None:
        return about | {"value": None, "low": None, "high": None, "count": 0, "passed": False}
    return about | _plain(asdict(findings.measured[key])) | {"passed": bool(check.holds(findings.measured[key]))}


def _panel(panel: Panel) -> Record:
    """A figure as data; a mark that is nowhere is left out. Raises ValueError when it could not be drawn."""
    record: Record = _plain(asdict(panel))
    record["marks"] = {name: y for name, y in record["marks"].items() if y is not None}
    PanelRecord.model_validate(record)
    return record


def _plain(value: Any) -> Any:
    """The same for JSON: numbers that are not finite are null, and numpy's are Python's."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return value if isfinite(value) else None
    return value


def panel_of(record: Record) -> Panel | None:
    """The figure of a record, with NaN where it has null."""
    if record["panel"] is None:
        return None
    panel = record["panel"]
    series = [Series(**{key: _numbers(value) for key, value in one.items()}) for one in panel["series"]]
    return Panel(**(panel | {"series": series}))


def _numbers(value: Any) -> Any:
    return [float("nan") if x is None else float(x) for x in value] if isinstance(value, list) else value
