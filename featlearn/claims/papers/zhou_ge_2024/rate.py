"""The steps to a loss as a power of 1/loss, with a weight decay that is halved and with one chosen for the loss."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from featlearn.claims.curves import against, by_seed, median_curve
from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import exponent_of, median_of
from featlearn.claims.records import Panel, Series
from featlearn.claims.sentences import count_or_never, values_at
from featlearn.runs.metrics import Table, load_metrics

_DECAY, _STOP = "stages.local_convergence.weight_decay", "stages.local_convergence.stop.loss"
_EVERY = f"{_DECAY}.every"
_SEPARATION = "teacher.min_angle"


def measure(evidence: Evidence) -> Findings:
    losses = _decades(evidence.parameters["largest_loss"], evidence.parameters["smallest_loss"])
    by_angle = _arrivals(evidence, losses)
    halving = by_angle[max(by_angle)]
    wanted, constant = _stopped(evidence.table("constant"))
    return Findings(
        {"halving": exponent_of(1 / losses, halving), "constant": exponent_of(1 / wanted, constant)},
        [
            _per_decade(halving),
            *(_slowest(angle, steps, losses[-1]) for angle, steps in by_angle.items()),
            _epochs(evidence.table("epochs"), evidence.table("halving")),
            *_stalls(evidence.table("stall")),
        ],
        Panel(
            "1/ε",
            "steps to a loss of ε",
            [
                median_curve("λ halved every epoch", (1 / losses).tolist(), halving),
                median_curve("constant λ = 0.05 √ε", (1 / wanted).tolist(), constant),
                Series("∝ 1/ε", (1 / wanted).tolist(), (np.median(constant[:, 0]) * wanted[0] / wanted).tolist()),
            ],
            log_x=True,
            log_y=True,
        ),
    )


def _decades(largest: float, smallest: float) -> np.ndarray:
    """The powers of ten from the largest loss down to the smallest."""
    return 10.0 ** -np.arange(round(-np.log10(largest)), round(-np.log10(smallest)) + 1)


def _arrivals(evidence: Evidence, losses: np.ndarray) -> dict[float, np.ndarray]:
    """For each separation of the teachers, (seeds, losses): the steps to each loss, infinite in a run that failed."""
    found: dict[float, list[np.ndarray]] = {}
    for full, _ in evidence.runs("halving"):
        steps = np.full(len(losses), np.inf)
        if full.status == "done":
            rows = load_metrics(full.run.path)
            steps = first_steps(rows["loss"].astype(float), rows["step"].astype(float), losses)
        found.setdefault(float(full.values[_SEPARATION]), []).append(steps)
    return {angle: np.array(found[angle]) for angle in sorted(found, reverse=True)}


def first_steps(loss: np.ndarray, step: np.ndarray, losses: np.ndarray) -> np.ndarray:
    """The first logged step at which a run is at each of the losses or below; infinite where it never is."""
    return np.array([step[loss <= wanted].min(initial=np.inf) for wanted in losses])


def _stopped(table: Table) -> tuple[np.ndarray, np.ndarray]:
    """The losses at which runs were told to stop, falling, and (seeds, losses): the steps that each took."""
    wanted = np.sort(np.unique(table[_STOP]))[::-1]
    arrived = np.where(table["loss"] <= table[_STOP], table["step"], np.inf)
    return wanted, by_seed(table, arrived, [{_STOP: loss} for loss in wanted])


def _per_decade(halving: np.ndarray) -> str:
    with np.errstate(invalid="ignore"):  # a run that reaches neither loss
        steps = median_of((halving[:, -1] - halving[:, 0]) / (halving.shape[1] - 1))
    return f"with the decay halved every epoch, each decade of the loss takes {count_or_never(steps.value)} steps"


def _slowest(angle: float, steps: np.ndarray, loss: float) -> str:
    return (
        f"teachers at least {angle:g}° apart: {count_or_never(np.median(steps[:, -1]))} steps to a loss of {loss:g} at "
        f"the median, {count_or_never(steps[:, -1].max())} in the slowest run"
    )


def _epochs(shorter: Table, usual: Table) -> str:
    told = ", ".join(
        f"{loss.value:.1e} in epochs of {every:g} steps"
        for every, loss in zip(*against(shorter, _EVERY, shorter["loss"]), strict=True)
    )
    separated = usual[_SEPARATION] == usual[_SEPARATION].max()
    own = f"{median_of(usual['loss'][separated]).value:.1e} in those of the claim"
    return f"the loss after as many halvings, {told}, {own}"


def _stalls(table: Table) -> Iterator[str]:
    decays, losses = against(table, _DECAY, table["loss"])
    stalled = values_at("λ", decays, [m.value for m in losses], "{:.1e}".format)
    yield f"a decay that stays what it is stalls: loss {stalled}"
    for decay, alive in zip(*against(table, _DECAY, table["alive"]), strict=True):
        if alive.value == 0:
            yield f"no neuron survives λ = {decay:g}"
