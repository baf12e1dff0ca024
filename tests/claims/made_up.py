"""A made-up paper: a package written to a temporary folder, with claims that hold, and others that do not.

``python -m tests.claims.made_up reproduce …`` is the command line with the made-up paper below the current directory.
"""

import importlib
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from featlearn.claims import load, papers
from tests.sweeps.small import BASE

PAPER = "made-up-2025"
PACKAGE = "featlearn.claims.papers.made_up_2025"
HOLDS, SHARES, TOO_HIGH, RAISES, HALF, WAITS, SLOW = "holds", "shares", "too-high", "raises", "half", "waits", "slow"

ABOUT = """\
title: How Losses Fall
authors: [A. Nobody, B. Somebody]
year: 2025
source: nowhere
setting: A small network on a small target.
shows: A loss that falls.
"""
CLAIM = """\
order: 1
sentence: The loss* falls | always.
origin: paper
source: its abstract
falsified_by: a loss that rises
edge: large steps
sweeps:
  few: {file: sweeps/few.yaml, quick: {seeds: 2, grid: {student.width: [8]}}}
checks:
  loss: {measures: "final loss, median over seeds", below: 1.0}
"""
FEW = BASE + "name: few\ngrid: {student.width: [8, 10]}\nseeds: 4\nstore: summary\n"
# runs of which none ends during a test
LONG = BASE.replace("steps: 60", "steps: 3000000") + "name: long\nseeds: 4\nstore: summary\n"

LOSS = """\
from featlearn.claims.evidence import Findings
from featlearn.claims.records import Panel, Series
from featlearn.claims.intervals import median_of


def measure(evidence):
    measured = median_of(evidence.table("few")["loss"])
    series = Series("median", [8.0, 10.0], [measured.value, float("nan")], [measured.low] * 2, [float("inf")] * 2)
    panel = Panel("width m", "loss", [series], log_y=True, marks={"threshold": 1.0, "nowhere": float("inf")})
    return Findings({"loss": measured}, ["it holds *everywhere*"], panel)
"""
SAME = f"from {PACKAGE}.holds import measure\n"
NO_NUMBER = """\
def measure(evidence):
    raise ArithmeticError(f"no number in {evidence.sweeps['few'].path}\\nat all")
"""
# is interrupted when there is a file that says so
INTERRUPTED = f"""\
from pathlib import Path

from {PACKAGE} import holds


def measure(evidence):
    if Path("interrupt").exists():
        raise KeyboardInterrupt
    return holds.measure(evidence)
"""
# takes as long as there is a file that says so
WAITING = f"""\
import time
from pathlib import Path

from {PACKAGE} import holds


def measure(evidence):
    while Path("wait").exists():
        Path("waiting").touch()
        time.sleep(0.05)
    return holds.measure(evidence)
"""


def write_paper(place: Path) -> Path:
    """The folder of the paper's package below ``place``; its last claim takes long, and has no quick form."""
    folder = place / "papers" / "made_up_2025"
    (folder / "sweeps").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "paper.yaml").write_text(ABOUT)
    (folder / "sweeps" / "few.yaml").write_text(FEW)
    (folder / "sweeps" / "long.yaml").write_text(LONG)
    claims = {
        HOLDS: (CLAIM, LOSS),
        SHARES: (CLAIM, SAME),
        TOO_HIGH: (CLAIM.replace("below: 1.0", "below: 1.0e-9, judged_by: value"), INTERRUPTED),
        RAISES: (CLAIM, NO_NUMBER),
        HALF: (f"{CLAIM}  other: {{measures: something else, above: 0}}\n", SAME),
        WAITS: (CLAIM, WAITING),
        SLOW: (CLAIM.replace("few.yaml, quick: {seeds: 2, grid: {student.width: [8]}}", "long.yaml"), SAME),
    }
    for order, (name, (text, module)) in enumerate(claims.items(), start=1):
        add_claim(folder, name, text.replace("order: 1", f"order: {order}"), module)
    return folder


def add_paper(folder: Path, name: str) -> Path:
    """Write another paper beside that of ``folder``, with one claim that holds; returns its folder."""
    other = folder.parent / name
    (other / "sweeps").mkdir(parents=True)
    (other / "__init__.py").touch()
    (other / "paper.yaml").write_text(ABOUT.replace("2025", "2020"))
    (other / "sweeps" / "few.yaml").write_text(FEW)
    add_claim(other, HOLDS, CLAIM.replace("The loss* falls | always.", "An older loss falls."), LOSS)
    return other


def add_claim(folder: Path, name: str, text: str, module: str) -> None:
    """Write the two files of a claim."""
    stem = name.replace("-", "_")
    (folder / f"{stem}.yaml").write_text(text)
    (folder / f"{stem}.py").write_text(module)


def use_paper(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the paper; until the end of the test it is the only one, and the one that is reproduced."""
    folder = write_paper(place)
    for name in [name for name in sys.modules if name.startswith(f"{papers.__name__}.made_up")]:  # of another test
        del sys.modules[name]
    importlib.invalidate_caches()
    monkeypatch.setattr(papers, "__path__", [str(folder.parent)])
    monkeypatch.setattr(load, "SEED_PAPER", PAPER)
    return folder


def timeless(info: Any) -> Any:
    """A record without what depends on the time."""
    if isinstance(info, dict):
        return {key: timeless(part) for key, part in info.items() if key not in ("seconds", "created", "directory")}
    if isinstance(info, str):
        return re.sub(r"\d{8}-\d{6}", "", info)
    return [timeless(part) for part in info] if isinstance(info, list) else info


if __name__ == "__main__":
    from featlearn.cli.app import main

    papers.__path__ = [str(Path("papers").resolve())]
    load.SEED_PAPER = PAPER
    main()
