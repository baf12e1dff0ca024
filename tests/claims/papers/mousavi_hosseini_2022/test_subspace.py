"""The judge of the way to the principal subspace on shares whose laws are known."""

import numpy as np

from featlearn.claims.evidence import Findings
from featlearn.claims.papers.mousavi_hosseini_2022.subspace import Course, judged
from tests.claims.papers.judging import claim_of, failed

CLAIM = claim_of("mousavi-hosseini-2022", "subspace")


def found(*, of_inputs: float = -1.0, of_dimension: float = 1.0, without: float = 0.7) -> Findings:
    inputs = np.geomspace(100, 10000, 30)
    decay = [
        Course(d, inputs, (1 + 0.01 * seed) * d**of_dimension * inputs**of_inputs)
        for d in (10, 40)
        for seed in range(6)
    ]
    return judged(decay, [Course(40, inputs, without + 0 * inputs)] * 4, 20)


def test_it_holds_for_dimension_over_inputs() -> None:
    assert failed(CLAIM, found()) == set()


def test_it_does_not_hold_for_others() -> None:
    assert failed(CLAIM, found(of_inputs=-0.5)) == {"inputs"}
    assert failed(CLAIM, found(of_inputs=0.0)) == {"inputs"}
    assert failed(CLAIM, found(of_dimension=0.5)) == {"dimension"}
    assert failed(CLAIM, found(without=0.01)) == {"without"}
