"""The laboratory: a page in which a network is trained, without Plotly so that it is small."""

from __future__ import annotations

from featlearn.views.report.page import filled

SCRIPTS = ("charts.js", "random.js", "engine.js", "experiment.js", "pictures.js", "lab.js")
_SUBTITLE = (
    "A wide network learns what a few teacher neurons in a plane compute: gradient descent on the exact loss over "
    "Gaussian inputs, with weight decay λ, in this page. Early, neurons turn into the teacher's plane; late, "
    "weight decay turns each to one of the teacher's lines or lets it vanish."
)


def lab_page() -> str:
    """The page of the laboratory; always the same bytes."""
    return filled(
        "lab.html",
        SCRIPTS,
        {},
        charts=False,
        title="The laboratory",
        subtitle=_SUBTITLE,
        facts=[],
        facts_text="",
        message="",
        status="",
    )
