"""``featlearn reproduce``: every claim's sweeps run, measured and judged, in one directory that can be resumed."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Any, Self

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
from featlearn.experiments.evidence import Evidence
from featlearn.experiments.executors import Executor, SerialExecutor
from featlearn.experiments.judges import JUDGES
from featlearn.experiments.records import ReproductionRecord, parse_object
from featlearn.experiments.runs import (
    RunError,
    RunNotFound,
    drafted_directory,
    rename_to_free_name,
    replace_file,
    stem_of,
)
from featlearn.experiments.sweep_directory import WHOLE, SweepDirectory
from featlearn.experiments.sweep_file import load_sweep

Record = dict[str, Any]  # what claims.json says of one claim


class ReproductionDirectory:
    """The only place that spells the names of a reproduction's files."""

    def __init__(self, path: Path) -> None:
        self.path = path

    claims_file = property(lambda self: self.path / "claims.json")
    table_file = property(lambda self: self.path / "claims.md")
    figures = property(lambda self: self.path / "figures")
    sweeps = property(lambda self: self.path / "sweeps")

    @classmethod
    def create(cls, runs_dir: Path, info: Record) -> Self:
        """A new directory ``<time>-reproduction-<kind>``. Raises RunError when it cannot be made."""
        try:
            with drafted_directory(runs_dir) as draft:
                self = cls(draft)
                self.sweeps.mkdir()
                self.write(info)
                self.path = rename_to_free_name(draft, stem_of("reproduction", "quick" if info["quick"] else "full"))
        except OSError as error:
            text = f"cannot make a directory in {runs_dir}: {error.strerror or error}"
            raise RunError(text) from None
        return self

    @classmethod
    def find(cls, name: str, runs_dir: Path) -> Self:
        """The reproduction that a user names: a path, or the name of a directory in ``runs_dir``."""
        for path in (runs_dir / name, Path(name)):
            if cls(path).claims_file.is_file():
                return cls(path.resolve())
        raise RunNotFound(f"there is no reproduction {name!r}, neither as a path nor in {runs_dir}")

    def read(self) -> Record:
        """What ``claims.json`` says. Raises RunError when it is missing or broken."""
        return read_claims(self.claims_file)

    def write(self, info: Record) -> None:
        content = json.dumps(info, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
        replace_file(self.claims_file, lambda out: out.write(content.encode()))


def read_claims(file: Path) -> Record:
    """A ``claims.json``. Raises RunError when it is missing or broken."""
    try:
        return parse_object(file.read_bytes(), ReproductionRecord)
    except OSError as error:
        raise RunError(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise RunError(f"{file} is broken: {error}") from None


@dataclass(frozen=True)
class Watch:
    """Who is told how a reproduction goes on."""

    claim: Callable[[str, Claim], None] = lambda name, claim: None
    sweep: sweeps.Watcher = lambda state: None
    verdict: Callable[[Record], None] = lambda record: None


class Interrupted(Exception):
    """The reproduction was interrupted; it can be resumed."""


def begin(names: Sequence[str], runs_dir: Path, *, quick: bool) -> ReproductionDirectory:
    """Make the directory of a reproduction of some claims; all of them when none is named.

    Raises:
        ConfigError: when a claim's file, or a sweep file of it, is broken.
        RunError: when the directory cannot be made.
    """
    wanted = [name for name in CLAIMS if name in names or not names]
    directory = claims_directory()
    for name in wanted:
        list(sweep_files(load_claim(name, directory), directory, quick=quick))
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


def reproduce(
    directory: ReproductionDirectory, watch: Watch, make_executor: Callable[[], Executor] = SerialExecutor
) -> Record:
    """Run what is missing of each claim's sweeps, and judge the claim; claims that were judged before stay judged.

    Returns:
        What ``claims.json`` says in the end.
    Raises:
        Interrupted: after a Ctrl-C; what has been computed is kept.
        ConfigError, RunError: as ``sweep.run_sweep``.
    """
    info = directory.read()
    judged = {record["id"]: record for record in info["claims"]}
    for name in info["wanted"]:
        if name in judged:
            continue
        claim = load_claim(name, claims_directory())
        watch.claim(name, claim)
        began = time.perf_counter()
        found = {
            key: _finished(directory, file, text, watch.sweep, make_executor)
            for key, file, text in sweep_files(claim, claims_directory(), quick=info["quick"])
        }
        evidence = Evidence(found, claim.parameters, info["quick"])
        record = verdict(name, claim, evidence) | {"seconds": time.perf_counter() - began}
        info["claims"].append(record)
        info["seconds"] += record["seconds"]
        directory.write(info)
        watch.verdict(record)
    info["status"] = "done"
    directory.write(info)
    return info


def _finished(
    directory: ReproductionDirectory,
    file: str,
    text: str,
    watch: sweeps.Watcher,
    make_executor: Callable[[], Executor],
) -> SweepDirectory:
    """The directory of a sweep, with every point ended. Claims that name the same sweep share it."""
    path = directory.sweeps / file
    replace_file(path, lambda out: out.write(text.encode()))
    found = sweeps.join(load_sweep(path), directory.sweeps, WHOLE)
    result = sweeps.run_sweep(found, make_executor, watch=watch)
    if result.status != "done":
        raise Interrupted
    return found


def verdict(name: str, claim: Claim, evidence: Evidence) -> Record:
    """The record of a claim: what was measured, and whether it holds. A judge that cannot measure is a FAIL."""
    findings, message = None, None
    try:
        findings = JUDGES[name](evidence)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        message = f"could not be measured: {type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"
    about = claim.model_dump(mode="json", include={"sentence", "origin", "source", "falsified_by", "edge"})
    checks = [_check(claim, key, findings) for key in claim.checks]
    return {
        "id": name,
        **about,
        "sweeps": {key: sweep.path.name for key, sweep in evidence.sweeps.items()},
        "checks": checks,
        "passed": findings is not None and all(check["passed"] for check in checks),
        "message": message,
        "edges": [] if findings is None else findings.edges,
        "panel": None if findings is None else _plain(asdict(findings.panel)),
    }


def _check(claim: Claim, key: str, findings: Findings | None) -> Record:
    check = claim.checks[key]
    about = {"id": key, "measures": check.measures, "threshold": check.threshold, "judged_by": check.judged_by}
    if findings is None:
        return about | {"value": None, "low": None, "high": None, "count": 0, "passed": False}
    return about | _plain(asdict(findings.measured[key])) | {"passed": check.holds(findings.measured[key])}


def _plain(value: Any) -> Any:
    """The same for JSON: numbers that are not finite are null."""
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
    return [float("nan") if x is None else x for x in value] if isinstance(value, list) else value
