"""``featlearn reproduce``: every claim's sweeps run, measured and judged, all of it in one directory."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from featlearn.experiments import environment
from featlearn.experiments import sweep as sweeps
from featlearn.experiments.claims import (
    CLAIMS,
    Claim,
    Findings,
    Panel,
    Series,
    claims_directory,
    load_claim,
    sweep_files,
)
from featlearn.experiments.complaints import did_you_mean
from featlearn.experiments.evidence import Evidence
from featlearn.experiments.executors import Executor, SerialExecutor
from featlearn.experiments.judges import JUDGES
from featlearn.experiments.records import PanelRecord
from featlearn.experiments.reproduction_directory import Record, ReproductionDirectory
from featlearn.experiments.runs import RunError, RunNotFound, replace_file
from featlearn.experiments.sweep_directory import WHOLE, SweepDirectory
from featlearn.experiments.sweep_file import load_sweep
from featlearn.experiments.yaml_source import Complaint, ConfigError


@dataclass(frozen=True)
class Watch:
    """Who is told how a reproduction goes on; ``before`` of claims that were judged before it was resumed."""

    before: Callable[[Record], None] = lambda record: None
    claim: Callable[[str, Claim], None] = lambda name, claim: None
    sweep: sweeps.Watcher = lambda state: None
    measure: Callable[[str], None] = lambda name: None
    verdict: Callable[[Record], None] = lambda record: None


class Interrupted(Exception):
    """The reproduction was interrupted; it can be resumed."""


def begin(names: Sequence[str], runs_dir: Path, *, quick: bool) -> ReproductionDirectory:
    """Make the directory of a reproduction of some claims; all of them when none is named.

    Raises:
        ConfigError: with everything that is wrong with the claims' files and their sweep files.
        RunNotFound: when there is no such claim.
        RunError: when the directory cannot be made.
    """
    _refuse_unknown(names)
    wanted = [name for name in CLAIMS if name in names or not names]
    directory = claims_directory()
    complaints: dict[Complaint, None] = {}
    for name in wanted:
        try:
            list(sweep_files(load_claim(name, directory), directory, quick=quick))
        except ConfigError as error:
            complaints |= dict.fromkeys(error.complaints)
    if complaints:
        raise ConfigError(list(complaints))
    info = {
        "status": "running",
        "created": datetime.now().astimezone().isoformat(timespec="seconds"),
        "quick": quick,
        "wanted": wanted,
        "seconds": 0.0,
        "versions": environment.versions(),
        "machine": environment.machine(),
        "git": environment.git(),
        "claims": [],
    }
    return ReproductionDirectory.create(runs_dir, info)


def _refuse_unknown(names: Sequence[str]) -> None:
    """Raises RunNotFound when one of them is no claim."""
    if unknown := [name for name in dict.fromkeys(names) if name not in CLAIMS]:
        told = [f"there is no claim {name!r}{did_you_mean(name, CLAIMS, 'the claims are')}" for name in unknown]
        raise RunNotFound("\n".join(told))


def resume_command(directory: ReproductionDirectory) -> str:
    """What to type to go on."""
    return f"featlearn reproduce --resume {directory.path}"


def reproduce(
    directory: ReproductionDirectory, watch: Watch, make_executor: Callable[[], Executor] = SerialExecutor
) -> Record:
    """Run what is missing of each claim's sweeps, and judge the claim; claims that were judged before stay judged.

    Returns:
        What ``claims.json`` says in the end.
    Raises:
        Interrupted: after a Ctrl-C; what has been computed is kept.
        ConfigError: when a file of a claim was damaged meanwhile.
        RunError: when the directory is in use, broken or cannot be written, or asks for a claim that is none.
    """
    directory.lock()
    try:
        with _written_in(directory):
            info = directory.read()
            _refuse_unknown(info["wanted"])
            for record in info["claims"]:
                watch.before(record)
            judged = {record["id"] for record in info["claims"]}
            for name in info["wanted"]:
                if name not in judged:
                    record = _judged(directory, name, info["quick"], watch, make_executor)
                    info["claims"].append(record)
                    info["seconds"] += record["seconds"]
                    directory.write(info)
                    watch.verdict(record)
            if info["status"] != "done":
                info["status"] = "done"
                directory.write(info)
            return info
    except KeyboardInterrupt:  # outside of a sweep, which sees to it itself
        raise Interrupted from None
    finally:
        directory.release()


@contextmanager
def _written_in(directory: ReproductionDirectory) -> Iterator[None]:
    """Within it, what cannot be written ends the reproduction with what to do once it can."""
    try:
        yield
    except OSError as error:
        text = f"{directory.path} cannot be written: {error.strerror or error}"
        raise RunError(f"{text}; go on with: {resume_command(directory)}") from None


def _judged(
    directory: ReproductionDirectory,
    name: str,
    quick: bool,
    watch: Watch,
    make_executor: Callable[[], Executor],
) -> Record:
    """The record of a claim, after its sweeps were run."""
    claim = load_claim(name, claims_directory())
    watch.claim(name, claim)
    began = time.perf_counter()
    found = {
        key: _finished(directory, file, text, watch.sweep, make_executor)
        for key, file, text in sweep_files(claim, claims_directory(), quick=quick)
    }
    watch.measure(name)
    record = verdict(name, claim, Evidence(found, claim.parameters, quick))
    if record["message"] is not None:  # nobody else has this path
        record["message"] = record["message"].replace(f"{directory.path}/", "")
    return record | {"seconds": time.perf_counter() - began}


def _finished(
    directory: ReproductionDirectory,
    file: str,
    text: str,
    watch: sweeps.Watcher,
    make_executor: Callable[[], Executor],
) -> SweepDirectory:
    """The directory of a sweep, with every point ended. Claims that name the same sweep share it."""
    path = directory.sweep_file(file)
    replace_file(path, lambda out: out.write(text.encode()))
    found = sweeps.join(load_sweep(path), directory.sweeps, WHOLE)
    result = sweeps.run_sweep(found, make_executor, watch=watch, go_on=resume_command(directory))
    if result.status != "done":
        raise Interrupted
    return found


# --- verdicts -----------------------------------------------------------------------------------


def verdict(name: str, claim: Claim, evidence: Evidence) -> Record:
    """The record of a claim: what was measured, and whether it holds. A judge that raises is a FAIL."""
    about = claim.model_dump(mode="json", include={"sentence", "origin", "source", "falsified_by", "edge"})
    about = {"id": name, **about, "sweeps": [_sweep(claim, key, sweep) for key, sweep in evidence.sweeps.items()]}
    try:
        findings = JUDGES[name](evidence)
        if missing := [key for key in claim.checks if key not in findings.measured]:
            raise LookupError(f"nothing was measured for {', '.join(missing)}")
        checks = [_check(claim, key, findings) for key in claim.checks]
        found = {"edges": [str(edge) for edge in findings.edges], "panel": _panel(findings.panel)}
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        why = " ".join(f"{type(error).__name__}: {error}".split())
        message = f"could not be measured: {why} ({Path(last.filename).name}:{last.lineno})"
        checks = [_check(claim, key, None) for key in claim.checks]
        return {**about, "checks": checks, "passed": False, "message": message, "edges": [], "panel": None}
    return {**about, "checks": checks, "passed": all(check["passed"] for check in checks), "message": None, **found}


def _sweep(claim: Claim, key: str, sweep: SweepDirectory) -> Record:
    """What a claim rests on: its sweep file in the repository, and how many of its runs got done."""
    file, results = claim.sweeps[key].file, sweep.read_results().values()
    done = sum(result.status == "done" for result in results)
    return {"name": key, "file": file, "directory": sweep.name, "points": len(results), "done": done}


def _check(claim: Claim, key: str, findings: Findings | None) -> Record:
    check = claim.checks[key]
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
