"""The share of random starts that end at the teacher, against its conditioning."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from featlearn.claims.curves import curve
from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import proportion_of
from featlearn.claims.papers.zhou_ge_2024.histories import Histories
from featlearn.claims.papers.zhou_ge_2024.teachers import conditionings
from featlearn.claims.records import Panel, Series
from featlearn.claims.sentences import share_of

_BINS = (0.0, 0.05, 0.1, 0.25, 0.5, 1.0)  # of the conditioning, in the figure
_STRAYS = 0.999  # with a smaller aligned mass, a run that found the teacher has a neuron elsewhere that counts


def measure(evidence: Evidence) -> Findings:
    least = evidence.parameters["conditioning"]
    plane, space = Histories.of(evidence, "starts"), Histories.of(evidence, "rank_3")
    ratios = conditionings(evidence, "starts")
    good = ratios >= least
    return Findings(
        {
            "share": proportion_of(plane.found[good]),
            "rank_3": proportion_of(space.found),
            "ill_conditioned": proportion_of(plane.found[~good]),
        },
        [
            f"three lines in a plane, whatever the conditioning: {share_of(plane.found)}",
            _missed(plane, ratios),
            f"of the runs that find the teacher, {_strays(plane)} in a plane and {_strays(space)} in three dimensions "
            "keep more than a thousandth of the mass elsewhere",
            *_activations(evidence),
        ],
        Panel(
            "conditioning of the teacher",
            "share of starts that find the teacher",
            [_rates("three lines in a plane", ratios, plane.found)],
            marks={"0.95": 0.95},
        ),
    )


def _missed(runs: Histories, ratios: np.ndarray) -> str:
    """Where those runs end that miss the teacher."""
    if runs.found.all():
        return "none of them misses it"
    missed, q = runs.final[~runs.found], ratios[~runs.found]
    return (
        f"those that miss it end at {missed.min():.2g} … {missed.max():.2g} of ‖f*‖²; the conditioning of their "
        f"teachers is {q.min():.2f} … {q.max():.2f}"
    )


def _strays(runs: Histories) -> str:
    return f"{(runs.found & (1 - runs.far_at_end < _STRAYS)).sum()} of {runs.found.sum()}"


def _activations(evidence: Evidence) -> Iterator[str]:
    """Other activations: how often the teacher is found, and how often its function is."""
    table, found = evidence.table("activations"), evidence.found("activations")
    for name in dict.fromkeys(table["activation.name"]):
        own = table["activation.name"] == name
        fitted = (table["loss"][own] <= 1e-6).sum()
        yield f"{'plain relu' if name == 'relu' else name}: {share_of(found[own])}; {fitted} have a loss below 1e-6"


def _rates(name: str, ratios: np.ndarray, found: np.ndarray) -> Series:
    """The share that is found in each bin of the conditioning that holds a teacher."""
    bins = [(ratios >= low) & (ratios < high) for low, high in zip(_BINS, (*_BINS[1:-1], np.inf), strict=False)]
    bins = [chosen for chosen in bins if chosen.any()]
    return curve(name, [float(np.median(ratios[b])) for b in bins], [proportion_of(found[b]) for b in bins])
