"""What a run was made with: versions, machine and commit, for ``run.json``."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from featlearn.runs.records import GitRecord

_PATIENCE = 2.0  # seconds that git has for an answer
_PACKAGES = ("featlearn", "numpy", "scipy", "numba", "torch")


def provenance() -> dict[str, Any]:
    """The fields of a ``Provenance`` of now and here."""
    created = datetime.now().astimezone().isoformat(timespec="seconds")
    return {"created": created, "versions": versions(), "machine": machine(), "git": git()}


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
    """Operating system, with its C library, and processor."""
    system = " ".join(part for part in (platform.system(), *platform.libc_ver()) if part)
    return {"system": system, "processor": platform.processor() or platform.machine()}


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
