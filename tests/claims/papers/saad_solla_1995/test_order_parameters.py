"""The judge of online runs against the recursion of their order parameters."""

import numpy as np

from featlearn.claims.papers.saad_solla_1995.order_parameters import Course, judged
from featlearn.claims.papers.saad_solla_1995.plateau import loss_of
from tests.claims.papers.judging import claim_of, failed

CLAIM = claim_of("saad-solla-1995", "order-parameters")


def courses(*, factor: float = 1.0, later: float = 1.0, specialised: bool = True) -> list[Course]:
    """Ten runs on a plateau, which they leave some later than the recursion."""
    examples = np.linspace(0, 200, 401)

    def loss(leaves: float) -> np.ndarray:
        return loss_of(2) / (1 + np.exp(np.clip(0.5 * (examples - leaves), -50, 50)))

    return [Course(examples, factor * loss(later * (60 + i)), loss(60 + i), specialised) for i in range(10)]


def test_it_holds_on_the_recursion() -> None:
    assert failed(CLAIM, judged(courses())) == set()


def test_it_does_not_hold_off_it() -> None:
    assert failed(CLAIM, judged(courses(factor=1.3))) == {"course"}
    assert failed(CLAIM, judged(courses(later=2.0))) == {"escape"}
    assert failed(CLAIM, judged(courses(later=np.inf))) == {"escape"}
    assert failed(CLAIM, judged(courses(specialised=False))) == {"specialised"}
