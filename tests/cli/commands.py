"""The command line for the tests: in this process, which is fast, or as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from featlearn.cli.app import app
from tests.places import ROOT

FEATLEARN = [sys.executable, "-m", "featlearn"]
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "FEATLEARN_RUNS"} | {"PYTHONPATH": str(ROOT)}


def invoked(*arguments: object, env: Mapping[str, str | None] | None = None) -> Result:
    """A command that ran in this process, where the runs directory is ``runs`` unless it says otherwise."""
    return CliRunner().invoke(app, [*map(str, arguments)], env={"FEATLEARN_RUNS": None, **(env or {})})


def featlearn(*arguments: object, cwd: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """A command that ran as a process of its own."""
    command = [*FEATLEARN, *map(str, arguments)]
    usual: dict[str, Any] = {"env": ENVIRONMENT, "timeout": 120}
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, **(usual | options))
