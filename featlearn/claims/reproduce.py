"""``featlearn reproduce``: every claim's sweeps run, measured and judged, all of it in one directory."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from math import nan
from pathlib import Path

from featlearn.claims.directory import ReproductionDirectory
from featlearn.claims.evidence import Evidence
from featlearn.claims.intervals import Measured
from featlearn.claims.judges import JUDGES
from featlearn.claims.model import (
    CLAIMS,
    Claim,
    Findings,
    claims_directory,
    load_claim,
    sweep_files,
)
from featlearn.claims.records import CheckRecord, ClaimRecord, ClaimSweepRecord, ReproductionInfo
from featlearn.config.complaints import did_you_mean
from featlearn.config.yaml_source import Complaint, ConfigError
from featlearn.runs import environment
from featlearn.storage.errors import RunError, RunNotFound, reason
from featlearn.sweeps.begin import join
from featlearn.sweeps.directory import WHOLE, SweepDirectory
from featlearn.sweeps.executors import Executor, SerialExecutor
from featlearn.sweeps.load import load_sweep
from featlearn.sweeps.run import run_sweep
from featlearn.sweeps.state import Watcher


@dataclass(frozen=True)
class Watch:
    """Who is told how a reproduction goes on; ``before`` of claims that were judged before it was resumed."""

    before: Callable[[ClaimRecord], None] = lambda record: None
    claim: Callable[[str, Claim], None] = lambda name, claim: None
    sweep: Watcher = lambda state: None
    measure: Callable[[str], None] = lambda name: None
    verdict: Callable[[ClaimRecord], None] = lambda record: None


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
    info = ReproductionInfo(
        status="running",
        created=datetime.now().astimezone().isoformat(timespec="seconds"),
        quick=quick,
        wanted=tuple(wanted),
        seconds=0.0,
        claims=(),
        versions=environment.versions(),
        machine=environment.machine(),
        git=environment.git(),
    )
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
) -> ReproductionInfo:
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
            info = directory.read_info()
            _refuse_unknown(info.wanted)
            for record in info.claims:
                watch.before(record)
            judged = {record.id for record in info.claims}
            for name in info.wanted:
                if name not in judged:
                    record = _judged(directory, name, info.quick, watch, make_executor)
                    info = info.changed(claims=(*info.claims, record), seconds=info.seconds + record.seconds)
                    directory.write_info(info)
                    watch.verdict(record)
            if info.status != "done":
                info = info.changed(status="done")
                directory.write_info(info)
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
        text = f"{directory.path} cannot be written: {reason(error)}"
        raise RunError(f"{text}; go on with: {resume_command(directory)}") from None


def _judged(
    directory: ReproductionDirectory,
    name: str,
    quick: bool,
    watch: Watch,
    make_executor: Callable[[], Executor],
) -> ClaimRecord:
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
    if record.message is not None:  # nobody else has this path
        record = record.changed(message=record.message.replace(f"{directory.path}/", ""))
    return record.changed(seconds=time.perf_counter() - began)


def _finished(
    directory: ReproductionDirectory,
    file: str,
    text: str,
    watch: Watcher,
    make_executor: Callable[[], Executor],
) -> SweepDirectory:
    """The directory of a sweep, with every point ended. Claims that name the same sweep share it."""
    path = directory.write_sweep_file(file, text)
    found = join(load_sweep(path), directory.sweeps, WHOLE)
    result = run_sweep(found, make_executor, watch=watch, go_on=resume_command(directory))
    if result.status != "done":
        raise Interrupted
    return found


# --- verdicts -----------------------------------------------------------------------------------


def verdict(name: str, claim: Claim, evidence: Evidence) -> ClaimRecord:
    """The record of a claim: what was measured, and whether it holds. A judge that raises is a FAIL."""
    edges: tuple[str, ...] = ()
    panel, message = None, None
    try:
        findings = JUDGES[name](evidence)
        if missing := [key for key in claim.checks if key not in findings.measured]:
            raise LookupError(f"nothing was measured for {', '.join(missing)}")
        checks = tuple(_check(claim, key, findings) for key in claim.checks)
        edges, panel = tuple(map(str, findings.edges)), findings.panel
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        why = " ".join(f"{type(error).__name__}: {error}".split())
        message = f"could not be measured: {why} ({Path(last.filename).name}:{last.lineno})"
        checks = tuple(_check(claim, key, None) for key in claim.checks)
    return ClaimRecord(
        id=name,
        sentence=claim.sentence,
        origin=claim.origin,
        source=claim.source,
        falsified_by=claim.falsified_by,
        edge=claim.edge,
        sweeps=tuple(_sweep(claim, key, sweep) for key, sweep in evidence.sweeps.items()),
        checks=checks,
        passed=all(check.passed for check in checks),
        message=message,
        edges=edges,
        panel=panel,
        seconds=0.0,  # not known here
    )


def _sweep(claim: Claim, key: str, sweep: SweepDirectory) -> ClaimSweepRecord:
    """What a claim rests on: its sweep file in the repository, and how many of its runs got done."""
    results = sweep.read_results().values()
    return ClaimSweepRecord(
        name=key,
        file=claim.sweeps[key].file,
        directory=sweep.name,
        points=len(results),
        done=sum(result.status == "done" for result in results),
    )


def _check(claim: Claim, key: str, findings: Findings | None) -> CheckRecord:
    check = claim.checks[key]
    measured = Measured(nan, nan, nan, 0) if findings is None else findings.measured[key]
    return CheckRecord(
        id=key,
        measures=check.measures,
        threshold=check.threshold,
        judged_by=check.judged_by,
        value=measured.value,
        low=measured.low,
        high=measured.high,
        count=measured.count,
        passed=findings is not None and bool(check.holds(measured)),
    )
