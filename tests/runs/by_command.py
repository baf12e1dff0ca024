"""What ``featlearn train`` logs of a configuration."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from featlearn.cli.app import app


def rows_by_command(config: str, directory: Path) -> list[dict[str, Any]]:
    """The rows of the run that the command line makes of a configuration in YAML, in a directory."""
    path = directory / "config.yaml"
    path.write_text(config)
    told = CliRunner().invoke(app, ["train", "--config", str(path), "--runs-dir", str(directory / "runs")])
    assert told.exit_code == 0, told.output
    (log,) = (directory / "runs").glob("2*/metrics.jsonl")
    return [json.loads(line) for line in log.read_text().splitlines()]
