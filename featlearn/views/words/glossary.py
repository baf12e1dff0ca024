"""The words of the console, the report and the figures, each in a sentence; docs/glossary.md is made from them."""

from __future__ import annotations

from collections.abc import Sequence

from featlearn.theory.alignment import (
    ALIGNED_WITHIN,
    ALIVE_ABOVE,
    FOUND_ALIGNED,
    FOUND_LOSS,
    FOUND_MASS_ERROR,
)
from featlearn.views.words.labels import LOSSES, heading_of, label_of

GLOSSARY = {
    "student": "the wide two-layer network f(x) = Σ a_j φ(w_j·x) that is trained; m is its number of neurons",
    "teacher": "the narrow network f* of m* neurons whose labels the student is trained on",
    "teacher line": "the line through the origin along a teacher neuron w*_k; its two ends are one neuron if φ is even",
    "S*": "the span of the teacher's neurons: the subspace that the target depends on; its dimension is the rank r",
    "in S*": "the share of the first layer, ‖P W‖² / ‖W‖², that lies in S*; for a random start about r/d",
    "λ": "the weight decay: the objective is the loss plus (λ/2) times the squared norm of the trained weights",
    "η": "the step size",
    "loss": "the population loss E[(f − f*)²] over all Gaussian inputs, exact and without a factor ½",
    "train loss": "the mean square error on the sample that is trained on (online: on the batch of the last step)",
    "test loss": "the same on data that are not trained on",
    "objective": "the population loss plus the weight-decay term, which is what training lowers; a run on samples "
    "lowers the train loss plus that term instead",
    "gap": "the objective minus the least objective of any network of any width, as far as that is certified (of close "
    "lines it can be too large by the distance of the bounds, which run.json has); near 0 the run has found the best "
    "network for its λ; always of the population, also where training sees samples",
    "mass": "of a neuron, p_j = |a_j|‖w_j‖: what it contributes to the function; a homogeneous neuron can trade |a_j| "
    "against ‖w_j‖ without changing the function",
    "mean angle": "the angle between neurons and their nearest teacher lines: the root mean square, weighted by mass",
    "max angle": "the largest angle of a living neuron to its nearest teacher line, however small its mass",
    "aligned mass": f"the share of all mass that lies within {ALIGNED_WITHIN:g}° of a teacher line",
    "bias": "b_j of a neuron φ(w_j·x + b_j); angles and masses are those of w_j alone, whatever its bias",
    "offset": "b_j/‖w_j‖: how far from the origin, along w_j, a neuron has its kink or its middle",
    "alive": f"neurons whose mass is above {ALIVE_ABOVE:g} of the teacher's; the others have vanished",
    "vanished": "of a neuron: its mass is too small to count as living",
    "recovered": f"teacher lines with a living neuron within {ALIGNED_WITHIN:g}°",
    "to find the teacher": f"of a run: every teacher line is recovered, at least {FOUND_ALIGNED:.0%} of the mass is "
    f"aligned, the masses are right to {FOUND_MASS_ERROR:.0%} of the least |a*_k|, and the loss is at most "
    f"{FOUND_LOSS:g} of ‖f*‖²",
    "floor": "of the loss: the value below which rounding errors leave it without meaning",
    "floors": "the least losses that predictors reach which are linear in fixed features of the start: random features "
    "(only the second layer moves) and the NTK; a run below them has learned features",
    "NTK": "the neural tangent kernel: the network linearised in its weights at the start",
    "‖f*‖²": "E[f*(x)²], the loss of predicting zero",
    "stage": "a part of training with its own method, step size and weight decay",
    "certificate": "the function η(w) on all directions that proves a network optimal when it never leaves [−1, 1]; "
    "where it does, a new neuron would lower the objective; always of the population, as the gap is",
    "atom": "a direction on which the optimum has mass",
    "snapshot": "the weights of the network at one logged step",
    "lazy training": "training in which the function changes while the features hardly move",
    "diverged": "the loss or a weight grew out of all bounds; the step size is too large",
}


def of_the_population(names: Sequence[str]) -> str:
    """Of a run on samples: what its numbers that know no sample are about, by the names that are shown."""
    told = f"{', '.join(names[:-1])} and {names[-1]} are" if len(names) > 1 else f"{names[0]} is"
    return f"{told} of the population; training used the samples only"


OF_THE_POPULATION = of_the_population(["loss", "gap", "certificate", "floors"])  # on a page, which has them all

# the same in few words, for the line under a table on the console
SHORT = {
    "in S*": "share of the first layer in the teacher's span",
    "mean angle": "to the nearest teacher line, by mass",
    "max angle": "of any living neuron, however small",
    "aligned mass": f"within {ALIGNED_WITHIN:g}° of a line",
    "alive": "neurons that have not vanished",
    "recovered": f"lines with a neuron within {ALIGNED_WITHIN:g}°",
    "gap": "above the best network of any width",
}


# what a page explains: columns, by their names, and other words with how they are written there
_OF_THE_TEACHER = ("objective", "gap", "subspace", "mean_angle", "max_angle", "aligned_mass", "alive", "recovered")
EXPLAINED = (*LOSSES, *_OF_THE_TEACHER)
_WORDS = {"mass": "mass p_j", "teacher line": "teacher line", "vanished": "vanished", "certificate": "certificate η(w)"}


def glossary(names: Sequence[str]) -> list[tuple[str, str, str]]:
    """For pages: what names each word in an address, how it is written, what it means.

    Args:
        names: those of the columns ``EXPLAINED`` that hold values; without a loss, nothing knows of a teacher.
    """
    columns = [(name, label_of(name).markup, GLOSSARY[heading_of(name)]) for name in names]
    words = _WORDS.items() if "loss" in names else ()
    return columns + [(word.replace(" ", "_"), written, GLOSSARY[word]) for word, written in words]
