"""A small paper with claims of its own: their files, the sweeps below them, and judges that find this or that.

``python -m tests.claims.reproductions reproduce …`` is the command line with these judges.
"""

import re
import time
from pathlib import Path
from typing import Any

from featlearn.claims import reproduce as reproduction
from featlearn.claims.evidence import Evidence
from featlearn.claims.intervals import median_of
from featlearn.claims.judges import Judge
from featlearn.claims.model import Findings
from featlearn.claims.records import Panel, Series
from tests.sweeps.small import BASE

CLAIM = """\
sentence: The loss* falls | always.
origin: paper
source: its abstract
falsified_by: a loss that rises
edge: large steps
sweeps:
  few: {file: ../sweeps/few.yaml, quick: {seeds: 2, grid: {student.width: [8]}}}
checks:
  loss: {measures: "final loss, median over seeds", below: 1.0}
"""
FEW = BASE + "name: few\ngrid: {student.width: [8, 10]}\nseeds: 4\nstore: summary\n"
# runs of which none ends during a test
LONG = BASE.replace("steps: 60", "steps: 3000000") + "name: long\nseeds: 4\nstore: summary\n"
# what each of the claims is: they have names of the paper's
HOLDS, SHARES, TOO_HIGH, RAISES, HALF = "subspace", "local", "decay", "end", "beyond-ntk"
WAITS, SLOW = "optimum", "geometry"


def a_paper(place: Path) -> Path:
    """The directory of claims in a clone at ``place``; the last of the claims, which takes long, has no quick form."""
    claims, sweeps = place / "configs" / "paper" / "claims", place / "configs" / "paper" / "sweeps"
    claims.mkdir(parents=True)
    sweeps.mkdir()
    (sweeps / "few.yaml").write_text(FEW)
    (sweeps / "long.yaml").write_text(LONG)
    for name in (HOLDS, SHARES, TOO_HIGH, RAISES, HALF, WAITS):
        (claims / f"{name}.yaml").write_text(CLAIM)
    (claims / f"{TOO_HIGH}.yaml").write_text(CLAIM.replace("below: 1.0", "below: 1.0e-9, judged_by: value"))
    (claims / f"{HALF}.yaml").write_text(f"{CLAIM}  other: {{measures: something else, above: 0}}\n")
    slow = CLAIM.replace("few.yaml, quick: {seeds: 2, grid: {student.width: [8]}}", "long.yaml")
    (claims / f"{SLOW}.yaml").write_text(slow)
    return claims


def timeless(info: Any) -> Any:
    """A record without what depends on the time."""
    if isinstance(info, dict):
        return {key: timeless(part) for key, part in info.items() if key not in ("seconds", "created", "directory")}
    if isinstance(info, str):
        return re.sub(r"\d{8}-\d{6}", "", info)
    return [timeless(part) for part in info] if isinstance(info, list) else info


def loss(evidence: Evidence) -> Findings:
    table = evidence.table("few")
    measured = median_of(table["loss"])
    series = Series("median", [8.0, 10.0], [measured.value, float("nan")], [measured.low] * 2, [float("inf")] * 2)
    panel = Panel("width m", "loss", [series], log_y=True, marks={"threshold": 1.0, "nowhere": float("inf")})
    return Findings({"loss": measured}, ["it holds *everywhere*"], panel)


def raises(evidence: Evidence) -> Findings:
    raise ArithmeticError(f"no number in {evidence.sweeps['few'].path}\nat all")


def waits(evidence: Evidence) -> Findings:
    """As long as there is a file that says so."""
    while Path("wait").exists():
        Path("waiting").touch()
        time.sleep(0.05)
    return loss(evidence)


JUDGES: dict[str, Judge] = {HOLDS: loss, SHARES: loss, TOO_HIGH: loss, RAISES: raises, HALF: loss, WAITS: waits}

if __name__ == "__main__":
    from featlearn.cli.app import main

    reproduction.JUDGES = JUDGES
    main()
