"""Which runs find the teacher once their loss is below a threshold, and how far their neurons are when it first is."""

from __future__ import annotations

import numpy as np

from featlearn.claims.curves import curve
from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import median_of, proportion_of
from featlearn.claims.papers.zhou_ge_2024.histories import Histories
from featlearn.claims.records import Panel, Series
from featlearn.claims.sentences import share_of

_LADDER = (0.3, 0.1, 0.03, 0.01, 0.001)  # thresholds, as shares of ‖f*‖²
_STARTS, _CONES = "random starts, in a plane", "starts around the lines"


def measure(evidence: Evidence) -> Findings:
    threshold = evidence.parameters["threshold"]
    histories = {
        _STARTS: Histories.of(evidence, "starts"),
        "random starts, in three dimensions": Histories.of(evidence, "rank_3"),
        "without the first stage": Histories.of(evidence, "without_first_step"),
        **_cones(evidence),
    }
    starts = histories[_STARTS]
    below, first = starts.first_below(threshold)
    far = starts.far[np.arange(len(first)), first]
    return Findings(
        {
            "success": proportion_of(starts.found[below]),
            "far": median_of(far[below]),
            "cones": proportion_of(_whole_teachers(next(v for k, v in histories.items() if _CONES in k), threshold)),
        },
        [*(_edge(name, runs) for name, runs in histories.items()), _stuck(starts)],
        Panel(
            "threshold: loss / ‖f*‖²",
            "share of the runs once below it that find the teacher",
            [_shares(name, runs) for name, runs in histories.items()],
            log_x=True,
            marks={"0.95": 0.95},
        ),
    )


def _cones(evidence: Evidence) -> dict[str, Histories]:
    """Starts around the teacher's lines, for each kind of teacher; the first kind is that of the check."""
    runs, table = Histories.of(evidence, "cones"), evidence.table("cones")
    kinds = dict.fromkeys(zip(table["teacher.width"].tolist(), table["teacher.min_angle"].tolist(), strict=True))
    return {
        f"{_CONES}, {lines:g} lines {separation:g}° apart": runs.of_those(
            (table["teacher.width"] == lines) & (table["teacher.min_angle"] == separation)
        )
        for lines, separation in kinds
    }


def _whole_teachers(runs: Histories, threshold: float) -> list[bool]:
    """At which teachers every run once below the threshold succeeds: starts around one are no independent cases.

    A teacher at which no run is ever below it is a failure.
    """
    below, _ = runs.first_below(threshold)
    own = [below & (runs.seeds == seed) for seed in np.unique(runs.seeds)]
    return [bool(cases.any() and runs.found[cases].all()) for cases in own]


def _edge(name: str, runs: Histories) -> str:
    """The shares down the ladder of thresholds."""
    told = [f"{share_of(runs.found[runs.first_below(level)[0]])} once below {level:g}" for level in _LADDER]
    nearly = (runs.recovered & ~runs.found).sum()
    others = f"; {nearly} others recover every line, but at the last λ masses or loss are not right" if nearly else ""
    return f"{name}, found: {', '.join(told)}; of all {share_of(runs.found)}{others}"


def _stuck(runs: Histories) -> str:
    missed = runs.final[~runs.found]
    if not len(missed):
        return "no random start in a plane misses the teacher"
    return f"random starts in a plane that miss the teacher end at {missed.min():.2g} … {missed.max():.2g} of ‖f*‖²"


def _shares(name: str, runs: Histories) -> Series:
    """The share that succeeds at each threshold that a run is below."""
    levels = [level for level in _LADDER if runs.first_below(level)[0].any()]
    return curve(name, levels, [proportion_of(runs.found[runs.first_below(level)[0]]) for level in levels])
