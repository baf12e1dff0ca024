"""``featlearn reproduce``: every claim's sweeps run, measured and judged, all of it in one directory."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from featlearn.claims.directory import ReproductionDirectory
from featlearn.claims.evidence import Evidence
from featlearn.claims.load import Claim, Paper
from featlearn.claims.records import ClaimRecord, ReproductionInfo
from featlearn.claims.sweep_files import sweep_files
from featlearn.claims.verdicts import verdict
from featlearn.config.complaints import did_you_mean
from featlearn.config.yaml_source import Complaint, ConfigError
from featlearn.runs.environment import provenance
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
    claim: Callable[[Claim], None] = lambda claim: None
    sweep: Watcher = lambda state: None
    measure: Callable[[Claim], None] = lambda claim: None
    verdict: Callable[[ClaimRecord], None] = lambda record: None


class Interrupted(Exception):
    """The reproduction was interrupted; it can be resumed."""


def begin(paper: Paper, names: Sequence[str], runs_dir: Path, *, quick: bool) -> ReproductionDirectory:
    """Make the directory of a reproduction of some claims of a paper; all of them when none is named.

    Raises:
        ConfigError: with everything that is wrong with the claims' sweep files.
        RunNotFound: when there is no such claim.
        RunError: when the directory cannot be made.
    """
    _refuse_unknown(paper, names)
    wanted = [name for name in paper.claims if name in names or not names]
    complaints: dict[Complaint, None] = {}
    for name in wanted:
        try:
            list(sweep_files(paper.claims[name], quick=quick))
        except ConfigError as error:
            complaints |= dict.fromkeys(error.complaints)
    if complaints:
        raise ConfigError(list(complaints))
    info = ReproductionInfo(
        paper=paper.id,
        status="running",
        quick=quick,
        wanted=tuple(wanted),
        seconds=0.0,
        claims=(),
        **provenance(),
    )
    return ReproductionDirectory.create(runs_dir, info)


def _refuse_unknown(paper: Paper, names: Sequence[str]) -> None:
    """Raises RunNotFound when one of them is no claim of the paper."""
    if unknown := [name for name in dict.fromkeys(names) if name not in paper.claims]:
        known = list(paper.claims)
        told = [f"there is no claim {name!r}{did_you_mean(name, known, 'the claims are')}" for name in unknown]
        raise RunNotFound("\n".join(told))


def resume_command(*directories: ReproductionDirectory) -> str:
    """What to type to go on."""
    return " ".join(["featlearn reproduce", *(f"--resume {directory.path}" for directory in directories)])


def reproduce(
    paper: Paper,
    directory: ReproductionDirectory,
    watch: Watch,
    make_executor: Callable[[], Executor] = SerialExecutor,
) -> ReproductionInfo:
    """Run what is missing of each claim's sweeps, and judge the claim; claims that were judged before stay judged.

    Returns:
        What ``claims.json`` says in the end.
    Raises:
        Interrupted: after a Ctrl-C; what has been computed is kept.
        ConfigError: when a sweep file of a claim was damaged meanwhile.
        RunError: when the directory is in use, broken or cannot be written, or asks for a claim that is none.
    """
    directory.lock()
    try:
        info = directory.read_info()
        _refuse_unknown(paper, info.wanted)
        for record in info.claims:
            watch.before(record)
        judged = {record.id for record in info.claims}
        for name in info.wanted:
            if name not in judged:
                record = _judged(directory, paper.claims[name], info.quick, watch, make_executor)
                info = info.changed(claims=(*info.claims, record), seconds=info.seconds + record.seconds)
                directory.write_info(info)
                watch.verdict(record)
        if info.status != "done":
            info = info.changed(status="done")
            directory.write_info(info)
        return info
    except OSError as error:
        text = f"{directory.path} cannot be written: {reason(error)}"
        raise RunError(f"{text}; go on with: {resume_command(directory)}") from None
    except KeyboardInterrupt:  # outside of a sweep, which sees to it itself
        raise Interrupted from None
    finally:
        directory.release()


def _judged(
    directory: ReproductionDirectory,
    claim: Claim,
    quick: bool,
    watch: Watch,
    make_executor: Callable[[], Executor],
) -> ClaimRecord:
    """The record of a claim, after its sweeps were run."""
    watch.claim(claim)
    began = time.perf_counter()
    found = {
        key: _finished(directory, file, text, watch.sweep, make_executor)
        for key, file, text in sweep_files(claim, quick=quick)
    }
    watch.measure(claim)
    record = verdict(claim, Evidence(found, claim.file.parameters, quick, published=claim.file.published))
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
