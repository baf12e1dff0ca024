"""Judges of claims about scale: steps against loss, width against teachers, samples against dimension."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featlearn.claims.evidence import Columns, Evidence, recovered, start_of
from featlearn.claims.intervals import exponent_of, median_of, over_seeds, proportion_of, slope
from featlearn.claims.judges_of_runs import curve
from featlearn.claims.model import Findings
from featlearn.claims.records import Panel, Series
from featlearn.config.model import Config
from featlearn.runs.metrics import load_metrics
from featlearn.theory.span import dimension_of_span

_DECAY, _STOP = "stages.local_convergence.weight_decay", "stages.local_convergence.stop.loss"
_EVERY = f"{_DECAY}.every"


def by_seed(table: Columns, column: np.ndarray, cells: Sequence[dict[str, float]]) -> np.ndarray:
    """A column as (seeds, cells), NaN where a run is missing; a cell is the values of the axes that it fixes."""
    seeds = np.unique(table["seed"])
    found = np.full((len(seeds), len(cells)), np.nan)
    for i, cell in enumerate(cells):
        there = np.all([table[axis] == value for axis, value in cell.items()], axis=0)
        found[np.searchsorted(seeds, table["seed"][there]), i] = column[there]
    return found


# --- rate ---------------------------------------------------------------------------------------


def first_steps(loss: np.ndarray, step: np.ndarray, losses: np.ndarray) -> np.ndarray:
    """The first logged step at which a run is at each of the losses or below; infinite where it never is."""
    return np.array([step[loss <= wanted].min(initial=np.inf) for wanted in losses])


def _arrivals(evidence: Evidence, losses: np.ndarray) -> dict[float, np.ndarray]:
    """For each separation of the teachers, (seeds, losses): the steps to each loss, infinite in a run that failed."""
    found: dict[float, list[np.ndarray]] = {}
    for full, _ in evidence.runs("halving"):
        steps = np.full(len(losses), np.inf)
        if full.status == "done":
            rows = load_metrics(full.run.path)
            steps = first_steps(rows["loss"].astype(float), rows["step"].astype(float), losses)
        found.setdefault(float(full.values["teacher.min_angle"]), []).append(steps)
    return {angle: np.array(found[angle]) for angle in sorted(found, reverse=True)}


def rate(evidence: Evidence) -> Findings:
    """The steps to a loss as a power of 1/loss, with a weight decay that is halved and with one chosen for the loss."""
    largest, smallest = evidence.parameters["largest_loss"], evidence.parameters["smallest_loss"]
    losses = 10.0 ** -np.arange(round(-np.log10(largest)), round(-np.log10(smallest)) + 1)
    by_angle = _arrivals(evidence, losses)
    halving = by_angle[max(by_angle)]
    with np.errstate(invalid="ignore"):
        per_decade = median_of((halving[:, -1] - halving[:, 0]) / (len(losses) - 1))

    table = evidence.table("constant")
    wanted = np.sort(np.unique(table[_STOP]))[::-1]
    arrived = np.where(table["loss"] <= table[_STOP], table["step"], np.inf)
    constant = by_seed(table, arrived, [{_STOP: loss} for loss in wanted])
    return Findings(
        {"halving": exponent_of(1 / losses, halving), "constant": exponent_of(1 / wanted, constant)},
        [
            f"with the decay halved every epoch, each decade of the loss takes {_whole(per_decade.value)} steps",
            *(
                f"teachers at least {angle:g}° apart: {_whole(np.median(steps[:, -1]))} steps to a loss of "
                f"{losses[-1]:g} at the median, {_whole(steps[:, -1].max())} in the slowest run"
                for angle, steps in by_angle.items()
            ),
            _epochs(evidence.table("epochs"), evidence.table("halving")),
            *_stalls(evidence.table("stall")),
        ],
        Panel(
            "1/ε",
            "steps to a loss of ε",
            [
                curve("λ halved every epoch", (1 / losses).tolist(), list(map(median_of, halving.T))),
                curve("constant λ = 0.05 √ε", (1 / wanted).tolist(), list(map(median_of, constant.T))),
                Series("∝ 1/ε", (1 / wanted).tolist(), (np.median(constant[:, 0]) * wanted[0] / wanted).tolist()),
            ],
            log_x=True,
            log_y=True,
        ),
    )


def _epochs(shorter: Columns, usual: Columns) -> str:
    losses = {every: median_of(shorter["loss"][shorter[_EVERY] == every]) for every in np.unique(shorter[_EVERY])}
    separated = usual["teacher.min_angle"] == usual["teacher.min_angle"].max()
    return (
        "the loss after as many halvings, "
        + ", ".join(f"{loss.value:.1e} in epochs of {every:g} steps" for every, loss in losses.items())
        + f", {median_of(usual['loss'][separated]).value:.1e} in those of the claim"
    )


def _stalls(table: Columns) -> list[str]:
    decays = np.unique(table[_DECAY])
    stalled = [median_of(table["loss"][table[_DECAY] == decay]).value for decay in decays]
    alive = [median_of(table["alive"][table[_DECAY] == decay]).value for decay in decays]
    dead = [decay for decay, living in zip(decays, alive, strict=True) if living == 0]
    return [
        "a decay that stays what it is stalls: loss "
        + ", ".join(f"{loss:.1e} at λ = {decay:g}" for decay, loss in zip(decays, stalled, strict=True)),
        *(f"no neuron survives λ = {decay:g}" for decay in dead),
    ]


def _whole(value: float) -> str:
    return f"{value:.0f}" if np.isfinite(value) else "never"


# --- width --------------------------------------------------------------------------------------


def needed(widths: Sequence[float], shares: np.ndarray, enough: float) -> float:
    """The smallest of the widths (rising) from which on every share is enough; infinite where there is none."""
    last = np.flatnonzero(shares < enough)
    start = last[-1] + 1 if len(last) else 0
    return float(widths[start]) if start < len(widths) else float("inf")


def width(evidence: Evidence) -> Findings:
    """The share of starts that find every teacher, and the width that enough of them need, for each kind of teacher."""
    enough, at = evidence.parameters["success"], evidence.parameters["width"]
    tables = {name: evidence.table(name) for name in evidence.sweeps}
    axes = ("teacher.width", "teacher.min_angle", "student.width", "seed")
    joined = {axis: np.concatenate([table[axis] for table in tables.values()]) for axis in axes}
    found = np.concatenate([recovered(table, table["teacher.width"]) for table in tables.values()])
    kinds = set(zip(joined["teacher.width"].tolist(), joined["teacher.min_angle"].tolist(), strict=True))
    edges, lines = [], []
    for teachers, angle in sorted(kinds, key=lambda kind: (kind[0], -kind[1])):
        own = (joined["teacher.width"] == teachers) & (joined["teacher.min_angle"] == angle)
        name, cases = (
            f"m* = {teachers:g}, Δ = {angle:g}°",
            _cases({axis: joined[axis][own] for axis in axes}, found[own]),
        )
        edges.append(_edge(name, cases, enough))
        lines.append(curve(name, list(cases), [proportion_of(cases[w]) for w in cases]))

    reference = tables["reference"]
    cases = _cases(reference, recovered(reference, reference["teacher.width"]))
    smallest = over_seeds(
        np.stack(list(cases.values()), axis=1), lambda seeds: needed(list(cases), seeds.mean(axis=0), enough)
    )
    return Findings(
        {"share": proportion_of(cases[at]), "needed": smallest},
        edges + _missed(evidence, reference),
        Panel(
            "width of the student m",
            "share of starts that find every teacher",
            lines,
            log_x=True,
            marks={f"{enough:g}": enough},
        ),
    )


def _cases(table: Columns, found: np.ndarray) -> dict[float, np.ndarray]:
    """For each width, rising, which seeds found everything; a run that is missing did not."""
    widths = np.unique(table["student.width"]).tolist()
    return dict(zip(widths, by_seed(table, found, [{"student.width": w} for w in widths]).T == 1, strict=True))


def _edge(name: str, cases: dict[float, np.ndarray], enough: float) -> str:
    shares = {w: found.mean() for w, found in cases.items()}
    smallest = needed(list(shares), np.array(list(shares.values())), enough)
    verdict = f"from m = {smallest:g} on" if np.isfinite(smallest) else "no tested width suffices"
    starts = f"{len(cases[max(cases)])} starts, {(~np.any(list(cases.values()), axis=0)).sum()} fail at every width"
    return f"{name}: {verdict}; shares {', '.join(f'{s:.2f} at m = {w:g}' for w, s in shares.items())} ({starts})"


def _missed(evidence: Evidence, reference: Columns) -> list[str]:
    """What tells the teachers of the reference that are missed at every width from the others."""
    first = reference["student.width"] == reference["student.width"][0]
    ratios = np.array([second_moments(config) for config in evidence.configs("reference")])[first]
    found = recovered(reference, reference["teacher.width"])
    missed = np.array([not found[reference["seed"] == seed].any() for seed in reference["seed"][first]])
    if not missed.any():
        return []
    return [
        "the teachers that every width misses have second moments Σ a* w* w*ᵀ, all that the first step sees to leading "
        f"order, with a smallest over largest eigenvalue of {', '.join(f'{ratio:.2f}' for ratio in ratios[missed])}; "
        f"median of all {np.median(ratios):.2f}"
    ]


def second_moments(config: Config) -> float:
    """The smallest over the largest eigenvalue, in size, of H = Σ_k a*_k w*_k w*_kᵀ on the teacher's span."""
    problem, _ = start_of(config)
    rows, weights = problem.teacher_first_layer[0], problem.teacher_second_layer[0]
    sizes = np.sort(np.abs(np.linalg.eigvalsh((rows.T * weights) @ rows)))
    return float(sizes[-dimension_of_span(rows)] / sizes[-1])


# --- samples ------------------------------------------------------------------------------------


def crossing(sizes: Sequence[float], angles: np.ndarray, wanted: float) -> float:
    """The size from which on the angle is at most what is wanted, interpolated in the logarithms.

    The smallest size where every angle is small enough, and infinite where the last is not.
    """
    last = np.flatnonzero(~(angles <= wanted))
    if not len(last):
        return float(sizes[0])
    i = int(last[-1])
    if i + 1 == len(sizes):
        return float("inf")
    if not np.isfinite(angles[i]):
        return float(sizes[i + 1])
    share = np.log(angles[i] / wanted) / np.log(angles[i] / angles[i + 1])
    return float(sizes[i] * (sizes[i + 1] / sizes[i]) ** share)


def samples(evidence: Evidence) -> Findings:
    """The samples at which the median angle is what is wanted, against the dimension."""
    wanted, wrong = evidence.parameters["angle"], evidence.parameters["wrong"]
    table, noise = evidence.table("dimension"), evidence.table("noise")
    pairs = sorted(set(zip(table["teacher.input_dim"].tolist(), table["data.samples"].tolist(), strict=True)))
    dims = sorted({d for d, _ in pairs})
    cells = [{"teacher.input_dim": d, "data.samples": n} for d, n in pairs]
    cases = by_seed(table, _angles(table), cells)

    def at_angle(seeds: np.ndarray, d: float) -> float:
        own = [i for i, pair in enumerate(pairs) if pair[0] == d]
        return crossing([pairs[i][1] for i in own], np.median(seeds[:, own], axis=0), wanted)

    reached = {d: over_seeds(cases, lambda seeds, d=d: at_angle(seeds, d)) for d in dims}  # type: ignore[misc]
    per_dimension = over_seeds(cases, lambda seeds: max(at_angle(seeds, d) / d for d in dims))
    exponent = over_seeds(cases, lambda seeds: slope(dims, [at_angle(seeds, d) for d in dims]))
    lines = [
        _angle_curve(f"d = {d:g}", [n for e, n in pairs if e == d], cases[:, [e == d for e, _ in pairs]]) for d in dims
    ]
    smallest, largest = ([pick(i for i, pair in enumerate(pairs) if pair[0] == d) for d in dims] for pick in (min, max))
    found = by_seed(table, table["recovered"].astype(float), cells)
    edges = [
        f"samples for {wanted:g}°: " + ", ".join(f"{_whole(n.value)} at d = {d:g}" for d, n in reached.items()),
        "teachers found with the smallest sample, mean over starts: "
        + ", ".join(f"{found[:, i].mean():.1f} at d = {pairs[i][0]:g}, n = {pairs[i][1]:g}" for i in smallest),
        f"starts that end more than {wrong:g}° off even with the largest sample: "
        + ", ".join(f"{(cases[:, i] > wrong).sum()} of {len(cases)} at d = {pairs[i][0]:g}" for i in largest),
    ]
    sizes, d = np.unique(noise["data.samples"]).tolist(), noise["teacher.input_dim"][0]
    for sigma in np.unique(noise["data.noise_std"]).tolist():
        noisy = by_seed(noise, _angles(noise), [{"data.noise_std": sigma, "data.samples": n} for n in sizes])
        medians = np.median(noisy, axis=0)
        n = crossing(sizes, medians, wanted)
        said = f"{n:.0f} samples for {wanted:g}°" if np.isfinite(n) else f"{wanted:g}° is not reached"
        edges.append(f"noise of {sigma:g} on the labels, d = {d:g}: {said}; {medians[-1]:.1f}° with {sizes[-1]:g}")
        lines.append(_angle_curve(f"d = {d:g}, noise {sigma:g}", sizes, noisy))
    return Findings(
        {"exponent": exponent, "per_dimension": per_dimension},
        edges,
        Panel(
            "samples n",
            "angle to the teacher in degrees (root mean square over the mass)",
            lines,
            log_x=True,
            log_y=True,
            marks={f"{wanted:g}°": wanted},
        ),
    )


def _angles(table: Columns) -> np.ndarray:
    """The angle of each run; 90 degrees for one that is not done or has no neuron left."""
    known = (table["status"] == "done") & np.isfinite(table["mean_angle"].astype(float))
    return np.where(known, table["mean_angle"].astype(float), 90.0)


def _angle_curve(name: str, sizes: list[float], cases: np.ndarray) -> Series:
    return curve(name, sizes, list(map(median_of, cases.T)))
