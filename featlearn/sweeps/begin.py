"""Begin a sweep, or find the directory of one that was begun: by name, or by what it computes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

from featlearn.config.yaml_source import Complaint, ConfigError, dump_yaml
from featlearn.runs.environment import provenance
from featlearn.storage.errors import RunError, reason
from featlearn.sweeps.directory import WHOLE, Shard, SweepDirectory, one_at_a_time
from featlearn.sweeps.load import stored_sweep
from featlearn.sweeps.records import SweepInfo
from featlearn.sweeps.sweep import PREFIX, Sweep

_MOST_REASONS = 20  # so many reasons are told when no point can run


def begin(sweep: Sweep, runs_dir: Path, shards: int = 1) -> SweepDirectory:
    """Make the directory of a sweep, with all its points in the manifest.

    Raises:
        ConfigError: when no point at all can run.
        RunError: when the directory cannot be made.
    """
    _require_feasible(sweep)
    info = SweepInfo(
        name=sweep.config.name,
        shards=shards,
        points=len(sweep),
        most_points=sweep.most,
        searching=sweep.config.find is not None,
        axes=(*(key for key in sweep.keys if key != "seed"), "seed"),
        digest=sweep.digest(),
        prefix=PREFIX,
        sweep=sweep.plain(),
        files=sweep.files(),
        **provenance(),
    )
    try:
        return SweepDirectory.create(runs_dir, sweep, sweep.points(), info)
    except OSError as error:
        raise RunError(f"cannot make a sweep directory in {runs_dir}: {reason(error)}") from None


def _require_feasible(sweep: Sweep) -> None:
    """Raises ConfigError when no point has a configuration."""
    reasons: dict[str, None] = {}
    for point in sweep.points():
        if point.infeasible is None:
            return
        reasons.setdefault(point.infeasible)
    raise infeasible(sweep, list(reasons)[:_MOST_REASONS])


def infeasible(sweep: Sweep, reasons: Iterable[str]) -> ConfigError:
    """The error that says why no point of a sweep can run."""
    return ConfigError([Complaint(sweep.place, "(every point)", why) for why in reasons])


def join(sweep: Sweep, runs_dir: Path, shard: Shard) -> SweepDirectory:
    """The directory in which the shares of a sweep meet: the newest where this share is not done, or a new one.

    A share that was killed is resumed; for one that is done, a new sweep begins. The whole of a sweep is resumed even
    when it is done: the claims of a reproduction that name the same sweep share its runs.

    Raises:
        As ``begin``.
    """
    refuse_shares(sweep, shard)
    with one_at_a_time(runs_dir):
        for directory in reversed(SweepDirectory.all_in(runs_dir)):
            try:
                info = directory.read_info()
            except RunError:  # some other directory is broken
                continue
            if info.shards != shard.count or not sweep.answers_to(info.digest):
                continue
            if shard == WHOLE or not directory.has_begun(shard) or not _is_done(directory, shard):
                return directory
            break
        return begin(sweep, runs_dir, shard.count)


def refuse_shares(sweep: Sweep, shard: Shard) -> None:
    """Raises RunError where a share of a sweep that searches is asked for: what is next depends on all results."""
    if sweep.config.find is not None and shard != WHOLE:
        text = "a sweep with find has no shares: which points are next depends on all results"
        raise RunError(f"{text}; compute it in one process, with --jobs or --scheduler for more workers")


def _is_done(directory: SweepDirectory, shard: Shard) -> bool:
    results = directory.read_results()
    return all(entry.id in results for place, entry in enumerate(directory.read_manifest()) if shard.holds(place))


def sweep_of(begun: SweepDirectory | None, asked: Sweep | None) -> Sweep:
    """The sweep of a directory where there is one, or the one that is asked for."""
    if begun is not None:
        return stored_sweep(begun)
    assert asked is not None
    return asked


def directory_of(begun: SweepDirectory | None, asked: Sweep | None, runs_dir: Path, shard: Shard) -> SweepDirectory:
    """The directory to work in: one that was begun, if the sweep that is asked for is the same, or a new one.

    Raises:
        As ``begin`` and ``check_same``.
    """
    if begun is None:
        assert asked is not None
        return begin(asked, runs_dir) if shard.count == 1 else join(asked, runs_dir, shard)
    if asked is not None:
        check_same(begun, asked)
    return begun


def check_same(directory: SweepDirectory, sweep: Sweep) -> None:
    """Refuse to resume a sweep whose file has changed.

    Raises:
        RunError: with the difference.
    """
    info = directory.read_info()
    if not sweep.answers_to(info.digest):
        known = (info.sweep, info.files), (sweep.plain(), sweep.files())
        before, after = (dump_yaml(plain | {"SHA-256": files}).splitlines() for plain, files in known)
        lines = difflib.unified_diff(before, after, "the sweep as it began", "the sweep file now", lineterm="", n=1)
        text = f"the sweep file has changed since {directory.path} was begun; start a new sweep without --resume"
        raise RunError("\n".join([text, *lines]))


def resume_command(directory: SweepDirectory, shard: Shard = WHOLE) -> str:
    """What to type to go on."""
    part = "" if shard.count == 1 else f" --shard {shard.number}/{shard.count}"
    return f"featlearn sweep --resume {directory.path}{part}"
