"""What stands under a figure in a paper: what it shows, its units, bands and counts, in LaTeX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from featlearn.claims.records import ClaimRecord
from featlearn.runs.records import CurvatureRecord
from featlearn.theory.alignment import ALIGNED_WITHIN
from featlearn.views.data.axis import Axis
from featlearn.views.data.certificate_view import CertificateView
from featlearn.views.data.edges import EdgesData
from featlearn.views.data.event import Event
from featlearn.views.data.neurons import Neurons
from featlearn.views.data.run import RunData, teacher_activation_record
from featlearn.views.data.slope import Slope
from featlearn.views.data.sweep import SweepData
from featlearn.views.data.theory import Theory
from featlearn.views.figures.event_marks import LETTERS
from featlearn.views.figures.training_caption import training_in_parts
from featlearn.views.words.certificate import decay_among, verdict
from featlearn.views.words.labels import label_of
from featlearn.views.words.latex import in_latex, in_signs
from featlearn.views.words.numbers import counts_in_words, number, runs_in_words
from featlearn.views.words.passing import passing_of

_STEPS = "The axis of steps is linear from 0 to 1 and logarithmic beyond."
_OF_POPULATION = " Certificate and optimum are of the population; the network was trained on samples alone."
_CURVES = {
    "loss": "population loss $L$",
    "train_loss": "training loss (mean over the samples trained on)",
    "test_loss": "test loss (mean over samples not trained on)",
    "objective": r"objective $L_\lambda = L + \frac{\lambda}{2}(\Vert a\Vert^2 + \Vert W\Vert_F^2)$",
}
_MASS = r"the mass $p_j = |a_j|\,\Vert w_j\Vert$"


# --- runs ---------------------------------------------------------------------------------------


def curves_caption(
    data: RunData, shown: Sequence[str], events: Sequence[Event], theory: Theory | None = None, *, gap: bool
) -> str:
    """Of losses and objective, those that are shown, of the gap and of weight decay, and of the events marked there."""
    of = " of the population" if data.sampled else ""
    between = rf", middle: the gap $L_\lambda - J^*_\lambda$ to the certified optimum{of}" if gap else ""
    told = [_CURVES[name] for name in shown] or ["no finite loss"]
    above = f"{', '.join(told[:-1])} and {told[-1]}" if len(told) > 1 else told[0]
    bottom = r"bottom: weight decay $\lambda$, against the step"
    marked = "; ".join(
        f"{letter}, {event.mark} (step {event.step})" for letter, event in zip(LETTERS, events, strict=False)
    )
    dotted = f"Dotted: {in_signs(marked)}. " if marked else ""
    return f"Top: {above}{between}, {bottom}. {_STEPS} {dotted}{_theory(theory)}{_of_run(data)}"


def alignment_caption(data: RunData, theory: Theory | None = None) -> str:
    """Of angles and shares."""
    if data.polynomial is not None:
        return (
            rf"Top: angles $\delta_j$ between neurons and {_nearest(data.teachers)} of the target: "
            rf"median and bands of 25--75\,\% and 5--95\,\% of {_MASS}. Bottom: share of the first layer in their span "
            rf"$S^*$. {_STEPS} {_theory(theory)}{_of_run(data)}"
        )
    return (
        r"Top: angles $\delta_j$ between neurons and their nearest teacher lines: median and bands of 25--75\,\% and "
        rf"5--95\,\% of {_MASS}, and the largest angle of a living neuron. Bottom: share of the first layer in the "
        rf"teacher's span $S^*$, of the mass within {ALIGNED_WITHIN:g}$^\circ$ of a teacher line, and of the "
        rf"{data.teachers} teacher lines with a living neuron that near. {_STEPS} {_theory(theory)}{_of_run(data)}"
    )


def _nearest(count: int) -> str:
    return "the direction" if count == 1 else f"the nearest of the {count} directions"


def _theory(theory: Theory | None) -> str:
    """Which form of the theory is drawn behind a run."""
    if theory is None:
        return ""
    of = r"Wide light lines: the order-parameter flow, "
    if theory.drift_alone is None:
        return rf"{of}the population drift with the $\eta^2$ term of fresh batches. "
    return f"{of}its population drift alone ({in_latex(theory.drift_alone)}). "


def neurons_caption(data: RunData, neurons: Neurons) -> str:
    """Of the neurons at the last snapshot."""
    if neurons.rank == 2:
        half = " $w$ and $-w$ are one neuron and lie in the upper half." if neurons.lines else ""
        shown = (
            r"The neurons' directions $w_j/\Vert w_j\Vert$, projected on the teacher's plane; on the circle where the "
            f"row lies in the plane.{half} Rays: teacher directions."
        )
    else:
        shown = (
            rf"Angle $\delta_j$ of each neuron to its nearest teacher line against {_MASS}. Dotted: below "
            rf"which mass a neuron counts as vanished, and within which angle ({ALIGNED_WITHIN:g}$^\circ$) as aligned."
        )
    if data.polynomial is not None:
        shown += " The teacher lines are the directions of the polynomial."
    looks = "Areas of dots: masses; colours and shapes: nearest teacher"
    looks += "; grey rings: vanished neurons" if np.any(neurons.mass[-1] <= neurons.alive_above) else ""
    looks += "; thin lines: their paths." if len(neurons.steps) > 1 else "."
    return f"{shown} {looks} At step {int(neurons.steps[-1])}. {_of_run(data)}"


def certificate_caption(data: RunData, view: CertificateView) -> str:
    """Of the dual certificate."""
    where = (
        "in the teacher's plane"
        if view.frame is None
        else "on the sphere of the teacher's space (Lambert's projection; hatched where it is negative)"
    )
    return (
        rf"Dual certificate $\eta(w) = -\frac{{2}}{{\lambda}}\,\mathrm{{E}}[(f - f^*)\,\tilde\varphi(w\cdot x)]$ for "
        rf"directions $w$ {where}, of the optimum and of the network. A function is the best of every width if and "
        rf"only if $|\eta| \le 1$, with $\eta = \pm 1$ at its own neurons. Areas of dots: masses of the "
        rf"atoms of the optimum{_also_on_circle(view)}. {_verdict(view)}."
        f"{_OF_POPULATION if data.sampled else ''} {_of_run(data)}"
    )


def _also_on_circle(view: CertificateView) -> str:
    """What else a circle shows: atoms at an earlier λ, and where the network exceeds the bound."""
    if view.frame is not None:
        return ""
    decays = " and ".join(decay_among(decay, view.decays) for decay in view.earlier_decays)
    light = rf"; thin line and open circles: optimum and atoms at $\lambda = {decays}$" if decays else ""
    return light + (r"; shaded: where $|\eta|$ of the network exceeds 1" if view.network_exceeds else "")


def _verdict(view: CertificateView) -> str:
    return verdict(view.optimum, view.decays).replace("|η|", r"$|\eta|$").replace("λ", r"$\lambda$")


def overlaps_caption(data: RunData, count: int, *, alone: bool, by_samples: bool = False) -> str:
    """Of overlaps against steps, or against samples seen per dimension."""
    which = f"each of the {count} {_directions(data)}" if count > 1 else _directions(data, one=True)
    told = "" if alone else " Thin: each direction; over all of them the mean and, dashed, the least."
    against = f"the samples seen per dimension, $t/d$.{told} " if by_samples else f"the step.{told} {_STEPS} "
    return rf"Largest $|\cos(w_j, \cdot)|$ of a living neuron with {which}, against {against}{_of_run(data)}"


def cosines_caption(data: RunData, count: int, *, lines: bool) -> str:
    """Of the cosines with two directions."""
    side = " $w$ and $-w$ are one neuron, shown on the side of the first direction." if lines else ""
    return (
        f"Cosines of {count} living neurons with the first two {_directions(data)}, coloured by the step; the last "
        f"step has dark edges.{side} {_of_run(data)}"
    )


def offsets_caption(data: RunData) -> str:
    """Of offsets against angles."""
    return (
        r"Offsets $b_j/\|w_j\|$ of the living neurons $\varphi(w_j\cdot x + b_j)$ at the last snapshot against the "
        r"angle $\delta_j$ of $w_j$ to the nearest teacher neuron, whose colour they have. Areas: their masses. "
        f"{_of_run(data)}"
    )


def degrees_caption(data: RunData) -> str:
    """Of the loss by degrees."""
    return (
        r"Population loss $L$ (grey) and its parts $\mathrm{E}[(f_k - f^*_k)^2]$ by Hermite degree $k$, which add up "
        rf"to it, against the step. Parts below the rounding of the sums are left out. {_STEPS} {_of_run(data)}"
    )


def curvature_caption(data: RunData, curvature: CurvatureRecord) -> str:
    """Of the spectrum of the Hessian, or of its ends."""
    found = len(curvature.eigenvalues) // 2
    ends = "" if curvature.zeros is not None else f"Of {curvature.parameters} the {found} at either end were found. "
    return (
        r"Eigenvalues of the Hessian of the objective of the last stage over its trained weights, at the end, in "
        rf"rising order. {ends}The axis is linear within $\pm 10^{{-8}}$ of the largest, logarithmic beyond. "
        f"{_of_run(data)}"
    )


def _directions(data: RunData, *, one: bool = False) -> str:
    """What the directions of a target are."""
    if data.polynomial is not None:
        return "the direction of the target" if one else "directions of the target"
    return "the teacher neuron" if one else "teacher neurons"


def overlay_caption(runs: Sequence[RunData], names: Sequence[str], metrics: Sequence[str]) -> str:
    """Of columns of several runs."""
    shown = ", ".join(in_latex(label_of(metric).words) for metric in metrics)
    told = "; ".join(f"{in_latex(name)} ({_status(data)})" for name, data in zip(names, runs, strict=True))
    return f"From top to bottom: {shown}, against the step, of {runs_in_words(len(runs))}: {told}. {_STEPS}"


def _of_run(data: RunData) -> str:
    """The sizes of a run, where it ended, and its name."""
    parts = []
    if data.snapshots is not None:
        _, width, input_dim = data.snapshots.first_layer.shape
        parts.append(rf"Student of width $m = {width}$, {_target(data)}$d = {input_dim}$ dimensions{_rank(data)}")
    phi = data.info.activation
    if phi is not None:
        dropped = f", Hermite degrees below {phi.drop_hermite_below} dropped" if phi.drop_hermite_below else ""
        own = teacher_activation_record(data.run, phi)
        whose = f" of the student and {in_latex(own.label)} of the teacher" if own and own.label != phi.label else ""
        parts.append(f"activation {in_latex(phi.label)}{whose}{dropped}")
    if data.info.seed is not None:
        parts.append(f"seed {data.info.seed}")
    parts += training_in_parts(data.settings)
    told = "; ".join(parts)
    return f"{told[:1].upper()}{told[1:]}{'. ' if told else ''}Run {in_latex(data.name)} ({_status(data)})."


def _target(data: RunData) -> str:
    """What the student learns, up to the number of dimensions."""
    if data.polynomial is not None:
        return f"target {in_latex(data.polynomial)} in "
    if not data.teachers:
        return "labels without a teacher, inputs of "
    return rf"teacher of $m^* = {data.teachers}$ {'neuron' if data.teachers == 1 else 'neurons'} in "


def _rank(data: RunData) -> str:
    return f", rank $r = {data.neurons.rank}$" if data.neurons else ""


def _status(data: RunData) -> str:
    return f"{data.info.status} at step {int(data.metrics['step'][-1])}"


# --- sweeps -------------------------------------------------------------------------------------


def medians_caption(
    data: SweepData,
    metric: str,
    across: Axis,
    lines: Sequence[Axis],
    counted: tuple[str, str],
    slopes: Mapping[str, Slope | None],
) -> str:
    """Of medians against an axis; ``counted``: over how many runs each, and what is shown of their spread."""
    runs, spread = counted
    each = f", a line for each {' and '.join(_called(axis) for axis in lines)}" if lines else ""
    told = [f"{in_latex(name)}{': ' if name else ''}{in_latex(str(slope))}" for name, slope in slopes.items() if slope]
    fitted = rf" Slopes of the medians (least squares, 95\,\% interval): {'; '.join(told)}." if told else ""
    return (
        f"Median over $n$ = {in_latex(runs)} runs of the {_words(metric)} against {_called(across)}{each}, with "
        f"{in_latex(spread)}.{fitted}{_never(metric)} {_of_sweep(data)}"
    )


def heat_map_caption(data: SweepData, metric: str, across: Axis, up: Axis, runs: str) -> str:
    """Of a map over two axes."""
    return (
        f"Median over $n$ = {in_latex(runs)} runs of the {_words(metric)}, by {_called(across)} and {_called(up)}."
        f"{_never(metric)} {_of_sweep(data)}"
    )


def distribution_caption(data: SweepData, metric: str, count: int) -> str:
    """Of a distribution over seeds."""
    return (
        f"Share of $n$ = {count} runs, which differ by their seeds alone, with a {_words(metric)} at or below each "
        f"value; dotted: their median.{_never(metric)} {_of_sweep(data)}"
    )


def seen_caption(data: EdgesData) -> str:
    """Of what a search saw along its axis."""
    find, test = data.searches.find, data.searches.statistic
    each = f", for each {' and '.join(_called(axis) for axis in data.axes)}" if data.axes else ""
    counts = counts_in_words([len(seen.outcomes) for edge in data.edges for seen in edge.seen])
    return (
        f"Share of runs with {in_latex(test.words)}, over $n$ = {in_latex(counts)} seeds, against "
        f"{in_latex(label_of(find.key).words)}{each}. Bars: {_percent(find.confidence)} intervals that hold at "
        "any number of seeds. "
        f"Shaded: where the edge of {in_latex(find.where)} lies, with a confidence of {_percent(find.confidence)}. "
        f"Sweep {in_latex(data.name)}."
    )


def edges_caption(data: EdgesData, across: Axis) -> str:
    """Of edges by another axis."""
    find = data.searches.find
    return (
        f"Edge of {in_latex(find.where)} along {in_latex(label_of(find.key).words)}, by {_called(across)}; bars: its "
        f"interval, each with a confidence of {_percent(find.confidence)}. Sweep {in_latex(data.name)}."
    )


def _percent(share: float) -> str:
    return rf"{100 * share:g}\,\%"


def _never(metric: str) -> str:
    """How runs count that do not fulfil a condition."""
    return " Runs that never get there count as later than all that do." if passing_of(metric) else ""


def _words(metric: str) -> str:
    label = label_of(metric)
    symbol = f" ${label.symbol}$" if label.symbol else ""
    return f"{in_latex(label.words)}{symbol}{f' (in {in_latex(label.unit)})' if label.unit else ''}"


def _called(axis: Axis) -> str:
    symbol = f" ${axis.label.symbol}$" if axis.label.symbol else ""
    return f"{in_latex(axis.label.words)}{symbol}"


def _of_sweep(data: SweepData) -> str:
    lost = int((~data.done).sum())
    told = f"; {runs_in_words(lost)} of {len(data.done)} not done" if lost else ""
    return f"Sweep {in_latex(data.name)}{told}."


# --- claims -------------------------------------------------------------------------------------


def claim_caption(record: ClaimRecord) -> str:
    """Of the figure of a claim: its sentence, whether it holds, and what each number is held to."""
    checks = [
        f"{check.measures}: {number(check.value, 3)} (wanted {check.threshold}, n = {check.count})"
        for check in record.checks
    ]
    held = "holds" if record.passed else "does not hold"
    intervals = r" Bands and bars: 95\,\% intervals." if has_intervals(record) else ""
    return f"{in_latex(record.sentence)} Measured, this {held}: {in_latex('; '.join(checks))}.{intervals}"


def claim_heading(record: ClaimRecord) -> str:
    """What stands above the figure of a claim: whether it holds, over how many cases, and what the bands are."""
    counts = [check.count for check in record.checks if check.count]
    parts = ["PASS" if record.passed else "FAIL"]
    parts += [f"n = {counts_in_words(counts)}"] if counts else []
    parts += ["bands and bars: 95 % intervals"] if has_intervals(record) else []
    return " · ".join(parts)


def has_intervals(record: ClaimRecord) -> bool:
    """Whether the figure of a claim shows intervals."""
    return record.panel is not None and any(series.low is not None for series in record.panel.series)
