"""The sweep files of a claim as they are run: in full, or with fewer runs for a quick reproduction."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from featlearn.claims.load import Claim
from featlearn.config.yaml_source import Complaint, ConfigError, Mark, dump_yaml
from featlearn.sweeps.load import load_sweep


def sweep_files(claim: Claim, *, quick: bool) -> Iterator[tuple[str, str, str]]:
    """For each sweep of a claim: its name there, a file name for it, and the sweep file as it is run (YAML).

    Raises:
        ConfigError: with everything that is wrong with a sweep file, or with what ``quick`` makes of it.
    """
    for name, sweep in claim.file.sweeps.items():
        path = claim.folder / sweep.file
        plain = load_sweep(path).plain()
        text = dump_yaml(plain)
        if quick and sweep.quick:
            text = dump_yaml(_with(plain, sweep.quick))
            _check_quick(text, path, name)
        yield name, path.name, text


def _check_quick(text: str, path: Path, name: str) -> None:
    """Raises ConfigError when a sweep is none once the keys of ``quick`` are in it."""
    with TemporaryDirectory() as place:
        file = Path(place, path.name)
        file.write_text(text, encoding="utf-8")
        try:
            load_sweep(file)
        except ConfigError as error:
            found = [
                Complaint(Mark(str(path)), f"{c.key} (as sweeps.{name}.quick has it)", c.message)
                for c in error.complaints
            ]
            raise ConfigError(found) from None


def _with(plain: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A sweep with some keys replaced, and axes of its grid one by one; an axis that is null goes."""
    changed = copy.deepcopy(plain)
    for key, value in changes.items():
        if key == "grid":
            changed["grid"] = {k: v for k, v in {**changed.get("grid", {}), **value}.items() if v is not None}
        else:
            changed[key] = value
    return changed
