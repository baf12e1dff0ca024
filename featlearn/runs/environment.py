"""What a run was made with: versions, machine and commit, for ``run.json``."""

from __future__ import annotations

import os
import platform
import subprocess
import warnings
from contextlib import suppress
from datetime import datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from featlearn.runs.records import Environment, GitRecord, RunInfo, changes
from featlearn.storage.errors import Caution

_PATIENCE = 2.0  # seconds that git has for an answer
_CPU_FILE = Path("/proc/cpuinfo")
_PACKAGES = ("featlearn", "numpy", "scipy", "numba", "torch")


def provenance() -> dict[str, Any]:
    """The fields of a ``Provenance`` of now and here."""
    created = datetime.now().astimezone().isoformat(timespec="seconds")
    return {"created": created, "versions": versions(), "machine": machine(), "git": git()}


def environment(**given: Any) -> Environment:
    """The environment of now and here."""
    return Environment(**provenance(), **given)


def continued(info: RunInfo, step: int) -> RunInfo:
    """What ``run.json`` says of a run with which this environment goes on; none before it has computed later steps."""
    before = tuple(other for other in info.continued_by if other.step is None or other.step < step)
    now = environment(step=step)
    return info.changed(continued_by=(*before, now) if changes(before[-1] if before else info, now) else before)


def warn_of(changed: list[str], path: Path, file: Path) -> None:
    """Say that something goes on in another environment, if it does."""
    if changed:
        told = "the last digits may differ from those of one environment"
        text = f"{path} goes on with {', '.join(changed)}: {told}, and {file.name} keeps both"
        warnings.warn(text, Caution, stacklevel=3)


@cache
def versions() -> dict[str, str | None]:
    """Versions of Python and of the packages that decide the bits of a result."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    return found


@cache
def machine() -> dict[str, str]:
    """Operating system, with its C library, and processor, with its model where Linux says it."""
    system = " ".join(part for part in (platform.system(), *platform.libc_ver()) if part)
    found = {"system": system, "processor": platform.processor() or platform.machine()}
    with suppress(OSError):
        for line in _CPU_FILE.read_text(errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name" and value.strip():
                return found | {"model": value.strip()}
    return found


@cache
def git() -> GitRecord:
    """Commit of the code that runs and whether it was changed since; both None when it is not a git checkout."""
    root, unknown = Path(__file__).resolve().parents[2], GitRecord()
    if not (root / ".git").exists():
        return unknown
    try:
        commit = _git(root, "rev-parse", "HEAD").strip()
        return GitRecord(commit=commit, dirty=bool(_git(root, "status", "--porcelain", "--", "featlearn").strip()))
    except (OSError, subprocess.SubprocessError):
        return unknown


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    # within a hook, variables name another repository; on a network file system, git may never answer
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=_PATIENCE, env=own).stdout
