"""What the end of a run is by its curvature, in words."""

from __future__ import annotations

from featlearn.runs.records import CurvatureRecord, ExplainedZeros
from featlearn.views.words.numbers import number

VERDICTS = {
    "minimum": "is a minimum",
    "saddle": "is a saddle",
    "flat": "is flat",
    "not stationary": "is not stationary",
    "not decided": "is not decided",
}
_REASONS = {
    "balance": "balance of living neurons",
    "rotation": "rotations",
    "coinciding": "coinciding neurons",
    "dead": "dead neurons",
}


def curvature_in_brief(curvature: CurvatureRecord | None) -> str | None:
    """One sentence; None where it is not known."""
    if curvature is None:
        return None
    verdict = VERDICTS[curvature.verdict]
    if not curvature.parameters:
        return f"the end {verdict}: all neurons have vanished{', and would grow' if curvature.grows else ''}"
    # one that counts as zero is none
    least = number(curvature.least if curvature.negative else max(0.0, curvature.least), 3)
    largest = number(curvature.largest, 3)
    if curvature.undecided:
        which = "1 neuron has" if curvature.undecided == 1 else f"{curvature.undecided} neurons have"
        verdict += f" ({which} a row near zero beside the output weight, where second derivatives do not decide)"
    told = f"the end {verdict}: the Hessian's {curvature.parameters} eigenvalues go from {least} to "
    told += f"{largest}, {_at_least(curvature)}{curvature.negative or 'none'} below zero"
    if curvature.zeros:
        told += f", {curvature.zeros} zero{zeros_in_words(curvature)}"
    elif curvature.verdict == "flat":
        told += ", some zero"
    if curvature.vanished:
        told += (
            f", without those of {curvature.vanished} vanished neurons{', which would grow' if curvature.grows else ''}"
        )
    elif curvature.grows:
        told += ", and dead neurons would grow"
    return f"{told}; gradient norm {number(curvature.grad_norm, 3)}"


def _at_least(curvature: CurvatureRecord) -> str:
    """Whether there may be more below zero than were found: all those at the lower end are."""
    all_found = curvature.zeros is not None
    return "" if all_found or 2 * curvature.negative < len(curvature.eigenvalues) else "at least "


def zeros_in_words(curvature: CurvatureRecord) -> str:
    """Of what the zeros are, in parentheses; nothing where there are none."""
    parts = [
        f"{count} {_REASONS[name]}"
        for name in ExplainedZeros.model_fields
        if (count := getattr(curvature.explained, name))
    ]
    flat = unexplained(curvature)
    parts += [f"{flat} flat"] if flat else []
    return f" ({', '.join(parts)})" if parts else ""


def unexplained(curvature: CurvatureRecord) -> int:
    """How many zeros have no reason; 0 where they were not counted."""
    explained = sum(getattr(curvature.explained, name) for name in ExplainedZeros.model_fields)
    return max(0, (curvature.zeros or 0) - explained) if curvature.zeros is not None else 0
