"""Where runs live."""

from __future__ import annotations

import os
from pathlib import Path

DEFAULT_RUNS_DIR = Path("runs")
_VARIABLE = "FEATLEARN_RUNS"  # of the environment, which may name another


def runs_directory(given: str | Path | None = None) -> Path:
    """Where runs live: as given, as the environment says, or in ``runs`` here."""
    return Path(given or os.environ.get(_VARIABLE) or DEFAULT_RUNS_DIR)
