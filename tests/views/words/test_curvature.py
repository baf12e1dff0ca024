"""The curvature of a run in one sentence."""

from typing import Any

import pytest

from featlearn.runs.records import CurvatureRecord, ExplainedZeros
from featlearn.views.words.curvature import curvature_in_brief, unexplained, zeros_in_words

RECORD = CurvatureRecord(
    verdict="minimum",
    grad_norm=2e-15,
    least=0.002,
    largest=3.29,
    parameters=56,
    negative=0,
    zeros=0,
    explained=ExplainedZeros(),
    eigenvalues=(0.002, 3.29),
)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "the end is a minimum: the Hessian's 56 eigenvalues go from 0.002 to 3.29, none below zero"),
        ({"least": -2e-16}, "eigenvalues go from 0 to 3.29, none below zero"),
        ({"verdict": "not decided", "undecided": 1}, "is not decided (1 neuron has a row near zero beside the output"),
        (
            {"verdict": "saddle", "least": -0.1, "negative": 2},
            "is a saddle: the Hessian's 56 eigenvalues go from -0.1 to 3.29, 2 below",
        ),
        (
            {"zeros": 5, "explained": ExplainedZeros(balance=3, dead=2)},
            "none below zero, 5 zero (3 balance of living neurons, 2 dead neurons); gradient norm 2e-15",
        ),
        ({"verdict": "flat", "zeros": 3, "explained": ExplainedZeros(rotation=2)}, "3 zero (2 rotations, 1 flat)"),
        (
            {"verdict": "saddle", "vanished": 2, "grows": True},
            "none below zero, without those of 2 vanished neurons, which would grow; gradient",
        ),
        (
            {"verdict": "saddle", "parameters": 0, "grows": True},
            "is a saddle: all neurons have vanished, and would grow",
        ),
        (
            {"verdict": "saddle", "zeros": None, "negative": 2, "eigenvalues": (-2.0, -1.0, 3.0, 3.29)},
            "at least 2 below zero",
        ),
        (
            {"verdict": "saddle", "zeros": None, "negative": 1, "eigenvalues": (-2.0, 1.0, 3.0, 3.29)},
            "3.29, 1 below zero",
        ),
        ({"verdict": "saddle", "grows": True}, "none below zero, and dead neurons would grow; gradient"),
        ({"verdict": "flat", "zeros": None}, "none below zero, some zero; gradient"),
        ({"verdict": "not stationary", "grad_norm": 0.1}, "the end is not stationary: "),
    ],
)
def test_the_verdict_is_told_with_its_reasons(changes: dict[str, Any], told: str) -> None:
    assert told in str(curvature_in_brief(RECORD.changed(**changes)))


def test_where_it_is_not_known_nothing_is_told() -> None:
    assert curvature_in_brief(None) is None
    assert zeros_in_words(RECORD) == ""
    assert unexplained(RECORD.changed(zeros=4, explained=ExplainedZeros(coinciding=1))) == 3
