"""A constant weight decay against none: alignment, and the loss that stays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from featlearn.claims.curves import against, by_seed, curve
from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import exponent_of, median_of
from featlearn.claims.records import Panel, Series
from featlearn.claims.sentences import values_at
from featlearn.runs.metrics import Table

_DECAY, _SEPARATION = "stages.local_convergence.weight_decay", "teacher.min_angle"


def measure(evidence: Evidence) -> Findings:
    small, largest = evidence.parameters["weight_decay"], evidence.parameters["largest_fitted"]
    parts = _by_separation(evidence.table("constant"))
    main = parts[max(parts)]
    loss = dict(zip(*against(main, _DECAY, main["loss"]), strict=True))
    aligned = dict(zip(*against(main, _DECAY, main["aligned_mass"]), strict=True))
    decays, losses = _losses(main)
    away = median_of(main["max_angle"][main[_DECAY] == 0.0])
    return Findings(
        {
            "fits": loss[0.0],
            "without": aligned[0.0],
            "aligned": aligned[small],
            "exponent": exponent_of(decays[decays <= largest], losses[:, decays <= largest]),
        },
        [
            *(edge for separation, part in parts.items() for edge in _edges(f"Δ = {separation:g}°", part, largest)),
            f"without weight decay single neurons stay {away.value:.0f}° away [{away.low:.0f}, {away.high:.0f}], "
            "medians",
            *_elsewhere(evidence.table("elsewhere")),
        ],
        Panel(
            "weight decay λ, constant",
            "final loss",
            [_loss_curve(f"Δ = {separation:g}°", part) for separation, part in parts.items()],
            log_x=True,
            log_y=True,
            marks={"without weight decay": loss[0.0].value},
        ),
    )


def _by_separation(table: Table) -> dict[float, Table]:
    """The runs of each separation of the teacher lines, widest first."""
    separations = sorted(set(table[_SEPARATION].tolist()), reverse=True)
    return {x: {key: column[table[_SEPARATION] == x] for key, column in table.items()} for x in separations}


def _losses(table: Table) -> tuple[np.ndarray, np.ndarray]:
    """The decays above 0, and the final losses (seeds, decays)."""
    decays = np.unique(table[_DECAY][table[_DECAY] > 0])
    return decays, by_seed(table, table["loss"], [{_DECAY: decay} for decay in decays])


def _edges(name: str, table: Table, largest: float) -> Iterator[str]:
    """Alignment at each decay, and the exponent of the loss up to the largest decay that is fitted and from it on."""
    at, shares = against(table, _DECAY, table["aligned_mass"])
    told = values_at("λ", at, [m.value for m in shares], "{:.2f}".format)
    yield f"{name}: share of the mass within 5° of a teacher line, medians: {told}"
    decays, losses = _losses(table)
    for words, some in (("up to", decays <= largest), ("from", decays >= largest)):
        if some.sum() > 1:
            p = exponent_of(decays[some], losses[:, some])
            yield f"{name}: exponent {words} λ = {largest:g}: {p.value:.2f} [{p.low:.2f}, {p.high:.2f}]"


def _elsewhere(table: Table) -> Iterator[str]:
    """The same shares in three dimensions, and with other activations."""
    kinds = zip(
        table["teacher.rank"].tolist(), table["activation.name"], table["activation.drop_hermite_below"], strict=True
    )
    for rank, name, dropped in dict.fromkeys(kinds):
        own = (table["teacher.rank"] == rank) & (table["activation.name"] == name)
        own &= table["activation.drop_hermite_below"] == dropped
        at, shares = against({_DECAY: table[_DECAY][own]}, _DECAY, table["aligned_mass"][own])
        told = values_at("λ", at, [m.value for m in shares], "{:.2f}".format)
        what = "four lines in three dimensions" if rank == 3 else name if dropped else f"plain {name}"
        yield f"{what}: share of the mass within 5° of a teacher line, medians: {told}"


def _loss_curve(name: str, table: Table) -> Series:
    decays = table[_DECAY] > 0
    return curve(name, *against({_DECAY: table[_DECAY][decays]}, _DECAY, table["loss"][decays]))
