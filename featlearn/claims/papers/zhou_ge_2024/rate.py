"""The steps to a loss and the shortest epochs that suffice as the decay is halved; the steps with a constant decay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from featlearn.claims.curves import against, by_seed, crossing, median_curve, within
from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import exponent_of, median_of, slope
from featlearn.claims.records import Panel
from featlearn.claims.sentences import count_or_less, count_or_never, values_at
from featlearn.config.schedules import GeometricSchedule
from featlearn.runs.metrics import Table, load_metrics

_DECAY, _STOP = "stages.local_convergence.weight_decay", "stages.local_convergence.stop.loss"
_EVERY = f"{_DECAY}.every"
_FOR_EACH_DECADE = 4  # So many losses are looked at in each decade,
_LAST = 3  # and so many at the end of the constant decays: two decades.


def measure(evidence: Evidence) -> Findings:
    parameters = evidence.parameters
    decades = np.log10(parameters["largest_loss"] / parameters["smallest_loss"])
    losses = np.geomspace(
        parameters["largest_loss"], parameters["smallest_loss"], round(decades * _FOR_EACH_DECADE) + 1
    )
    epochs, close = _Epochs.of(evidence, "epochs"), _Epochs.of(evidence, "close")
    some = (epochs.decays <= parameters["largest_decay"]) & (epochs.decays >= parameters["smallest_decay"])
    decays, shortest = epochs.decays[some], epochs.shortest(some, parameters["excess"])
    arrivals = epochs.arrivals(losses)
    wanted, constant = _stopped(evidence.table("constant"))
    return Findings(
        {
            "affine": median_of([off_line(losses, steps) for steps in arrivals]),
            "square": exponent_of(decays, epochs.loss[:, -1, some]),
            "epoch": median_of([growth(decays, lengths) for lengths in within(epochs.lengths, shortest)]),
            "constant": exponent_of(1 / wanted[-_LAST:], constant[:, -_LAST:]),
        },
        [
            _reached("teachers at least 25° apart", losses, arrivals),
            _reached("teachers at least 5° apart", losses, close.arrivals(losses)),
            "the shortest epochs T that suffice, medians: "
            + values_at(
                "λ",
                [float(f"{decay:.1e}") for decay in decays],
                np.median(shortest, axis=0),
                lambda length: count_or_less(length, epochs.lengths[0]),
            )
            + f"; the shortest tested, {epochs.lengths[0]}, suffices in {(shortest <= epochs.lengths[0]).sum()} of "
            f"{shortest.size} cases, which are left out of the fits",
            "the loss after fifteen halvings, medians: "
            + values_at("T", epochs.lengths, np.median(epochs.loss[:, :, -1], axis=0), "{:.1e}".format),
            *_local_slopes(wanted, constant),
            *_stalls(evidence.table("stall")),
        ],
        Panel(
            "1/ε",
            "steps to a loss of ε",
            [
                median_curve("λ halved every 8000 steps", (1 / losses).tolist(), arrivals),
                median_curve("constant λ = 0.05 √ε", (1 / wanted).tolist(), constant),
            ],
            log_x=True,
            log_y=True,
        ),
    )


@dataclass(frozen=True)
class _Epochs:
    """Where the epochs of runs end.

    Attributes:
        lengths, decays: (T,), (K,) steps an epoch, rising, and the λ of each, falling.
        step, loss: (seeds, T, K); NaN for a run that is not done.
    """

    lengths: np.ndarray
    decays: np.ndarray
    step: np.ndarray
    loss: np.ndarray

    @classmethod
    def of(cls, evidence: Evidence, sweep: str) -> _Epochs:
        ends: dict[tuple[int, int], Table | None] = {}
        for full, config in evidence.runs(sweep):
            schedule = config.stages["local_convergence"].weight_decay
            assert isinstance(schedule, GeometricSchedule)
            ends[config.seed, schedule.every] = _ends(load_metrics(full.run.path)) if full.status == "done" else None
        known = next(table for table in ends.values() if table is not None)
        seeds, lengths = (sorted({key[i] for key in ends}) for i in (0, 1))
        shape = len(seeds), len(lengths), len(known["weight_decay"])
        step, loss = np.full(shape, np.nan), np.full(shape, np.nan)
        for (seed, every), table in ends.items():
            if table is not None:
                place = seeds.index(seed), lengths.index(every)
                step[place], loss[place] = table["step"], table["loss"]
        return cls(np.array(lengths), known["weight_decay"].astype(float), step, loss)

    def arrivals(self, losses: np.ndarray) -> np.ndarray:
        """(seeds, losses): the steps to each loss in the longest epochs, by the log of the loss at their ends."""
        return np.array(
            [arrival(loss, step, losses) for loss, step in zip(self.loss[:, -1], self.step[:, -1], strict=True)]
        )

    def shortest(self, some: np.ndarray, excess: float) -> np.ndarray:
        """(seeds, decays): the epochs from which on the loss is at most that many times c λ².

        c is that of the longest epochs at the largest of these decays. The shortest tested stand for all below them.
        """
        squares = self.loss[..., some] / self.decays[some] ** 2
        ratios = np.moveaxis(squares / squares[:, -1:, :1], 1, -1)  # (seeds, decays, T)
        return np.array([[crossing(self.lengths, ratio, excess) for ratio in seed] for seed in ratios])


def _ends(rows: Table) -> Table:
    """The last row of each epoch of the last stage."""
    late = {name: column[rows["stage"] == "local_convergence"] for name, column in rows.items()}
    last = np.flatnonzero(np.append(np.diff(late["weight_decay"].astype(float)) != 0, True))
    return {name: late[name][last] for name in ("step", "loss", "weight_decay")}


def arrival(loss: np.ndarray, step: np.ndarray, losses: np.ndarray) -> np.ndarray:
    """The steps at which a falling curve is at each of the losses, infinite where it never is."""
    lowest = np.minimum.accumulate(loss)
    found = np.interp(-np.log(losses), -np.log(lowest), step)
    return np.where(losses >= lowest[-1], found, np.inf)  # also for NaN


def off_line(losses: np.ndarray, steps: np.ndarray) -> float:
    """The largest distance of steps from their line in log 1/ε, over their range; NaN for infinite ones."""
    if not np.isfinite(steps).all():
        return float("nan")
    x = np.log(1 / losses)
    return float(np.abs(steps - np.polyval(np.polyfit(x, steps, 1), x)).max() / np.ptp(steps))


def growth(decays: np.ndarray, lengths: np.ndarray) -> float:
    """The exponent of lengths in 1/λ without those that are NaN; NaN where these are half of them or more."""
    known = ~np.isnan(lengths)
    return slope(1 / decays[known], lengths[known]) if 2 * known.sum() > len(known) else float("nan")


def _stopped(table: Table) -> tuple[np.ndarray, np.ndarray]:
    """The losses at which runs were told to stop, falling, and (seeds, losses): the steps that each took."""
    wanted = np.sort(np.unique(table[_STOP]))[::-1]
    arrived = np.where(table["loss"] <= table[_STOP], table["step"], np.inf)
    return wanted, by_seed(table, arrived, [{_STOP: loss} for loss in wanted])


def _reached(what: str, losses: np.ndarray, arrivals: np.ndarray) -> str:
    off = [off_line(losses, steps) for steps in arrivals]
    straight = sum(one < 0.05 for one in off)
    with np.errstate(invalid="ignore"):  # a run that reaches neither loss
        each = median_of((arrivals[:, -1] - arrivals[:, 0]) / np.log10(losses[0] / losses[-1]))
    return (
        f"{what}: {count_or_never(each.value)} steps a decade at the median (L = c λ² makes it 13288), {straight} of "
        f"{len(off)} runs off their line by less than 5 %; {count_or_never(np.median(arrivals[:, -1]))} steps to a "
        f"loss of {losses[-1]:.0e} at the median, {count_or_never(arrivals[:, -1].max())} in the slowest run"
    )


def _local_slopes(wanted: np.ndarray, steps: np.ndarray) -> Iterator[str]:
    pairs = [(i, exponent_of(1 / wanted[i : i + 2], steps[:, i : i + 2])) for i in range(len(wanted) - 1)]
    told = ", ".join(f"{p.value:.2f} [{p.low:.2f}, {p.high:.2f}] to ε = {wanted[i + 1]:.0e}" for i, p in pairs)
    yield f"the exponent of the constant decay, decade by decade: {told}"


def _stalls(table: Table) -> Iterator[str]:
    decays, losses = against(table, _DECAY, table["loss"])
    stalled = values_at("λ", decays, [m.value for m in losses], "{:.1e}".format)
    yield f"a decay that stays what it is stalls: loss {stalled}"
    for decay, alive in zip(*against(table, _DECAY, table["alive"]), strict=True):
        if alive.value == 0:
            yield f"no neuron survives λ = {decay:g}"
