"""Claims of the gallery hold on few runs of the code as it is, and not of code with a fault that they ought to notice.

Some faults do not matter to some claims. Steps that go uphill find the directions of leaps from the other side: link
and unit have even and odd degrees. Steps of another length leave powers of d and T what they are: in leaps, samples,
subspace and scaling.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from featlearn.claims.load import SEED_PAPER, load_paper, load_papers
from tests.claims.papers.faults import FAULTS
from tests.claims.papers.small import Small, by_values, failed, judged

# A claim, a fault, and the checks that do not hold with it.
NOTICED = [
    ("abbe-2022 leaps", "a unit without its degree 1", {"staircase", "two"}),
    ("ben-arous-2021 samples", "steps go uphill", {"linear", "logarithmic", "quadratic", "search"}),
    ("chizat-2022 log-accuracy", "no weight decay", {"reached", "affine", "needed"}),
    ("chizat-oyallon-bach-2019 lazy", "steps go uphill", {"rich", "lazy", "motion"}),
    ("chizat-oyallon-bach-2019 lazy", "steps of the first layer go uphill", {"rich", "lazy", "motion"}),
    ("chizat-oyallon-bach-2019 lazy", "steps of the second layer go uphill", {"rich", "lazy", "motion"}),
    ("dandi-2023 giant-steps", "no weight decay", {"leap_1", "leap_2", "second", "staircase", "joined"}),
    ("ghorbani-2019 risks", "wrong sign of the gradient by the first layer", {"trained", "zero", "gap"}),
    ("goldt-2019 final-error", "the same batch at every step", {"simulated"}),
    ("goldt-2019 final-error", "no noise in the recursion of order parameters", {"rises", "slope"}),
    ("mousavi-hosseini-2022 subspace", "no weight decay", {"inputs", "dimension"}),
    ("ren-2025 scaling", "degrees 2 and 3 are not dropped", {"scaling"}),
    ("saad-solla-1995 order-parameters", "the same batch at every step", {"course", "escape", "specialised"}),
    ("saad-solla-1995 plateau", "a gradient by the first layer that is a fifth too small", {"rate"}),
    ("safran-shamir-2018 bad-ends", "degrees 0 and 1 are dropped", {"equal", "together", "rising", "rarer"}),
    ("simsek-2023 ends", "wrong sign of the gradient by the second layer", {"ends", "loss"}),
    ("xu-du-2023 tail", "small losses are plain sums", {"longer"}),
]


def zipped(seeds: int, **columns: list[int] | list[float]) -> dict[str, object]:
    """The quick form of a sweep with one group of axes; ``__`` stands for a dot."""
    return {"seeds": seeds, "zip": [_dotted(columns)]}


def gridded(seeds: int, **axes: list[int] | list[float]) -> dict[str, object]:
    """That of a grid."""
    return {"seeds": seeds, "grid": _dotted(axes)}


def edges(key: str, ends: list[int], where: str, **axes: list[int] | list[str]) -> dict[str, object]:
    """That of a search, whose answers are rough and need not be right very often."""
    find = {key: ends, "where": where, "tolerance": "60 %", "confidence": 0.8, "seeds": 20, "first_seed": 9000}
    return {"find": find, "grid": _dotted(axes)}


def _dotted(axes: Mapping[str, Sequence[int] | Sequence[float] | Sequence[str]]) -> dict[str, object]:
    return {key.replace("__", "."): list(values) for key, values in axes.items()}


def searches(seeds: int, dims: list[int], steps: list[int], sizes: list[float]) -> dict[str, object]:
    return zipped(seeds, teacher__input_dim=dims, stages__search__steps=steps, stages__search__step_size=sizes)


def students(seeds: int, more: int, ks: list[int]) -> dict[str, object]:
    """k teachers in k dimensions, k students or more of norm about 1."""
    width, std = [k + more for k in ks], [k**-0.5 for k in ks]
    teacher = {"teacher__width": ks, "teacher__input_dim": ks}
    return zipped(seeds, **teacher, student__width=width, student__init__first_layer_std=std)


SMALL: dict[str, Small] = {
    "abbe-2022 leaps": {"leaps": gridded(2, teacher__input_dim=[1024, 16384])},
    "ben-arous-2021 samples": {
        "k1": searches(4, [16, 64], [32, 128], [0.025, 0.00625]),
        "k2": searches(8, [16, 64], [64, 256], [0.025, 0.00625]),
        "k3": searches(6, [12, 34], [288, 2312], [0.00962, 0.00202]),
    },
    "chizat-2022 log-accuracy": {
        "widths": gridded(6, student__width=[5, 50], stages__descent__steps=[9000]),
        "decays": gridded(1, stages__descent__weight_decay=[0.03], stages__descent__steps=[1000]),
        "needed": edges("student.width", [5, 20], "share(gap <= 1e-10) >= 0.5", stages__descent__steps=[9000]),
    },
    "chizat-oyallon-bach-2019 lazy": {
        "scale": zipped(
            3,
            student__init__second_layer_std=[0.03, 2, 8],
            student__init__first_layer_std=[0.003, 0.2, 0.8],
            stages__train__step_size__second_layer=[6.25, 0.007812, 0.0004883],
            stages__train__step_size__first_layer=[0.0625, 7.812e-05, 4.883e-06],
        )
    },
    "dandi-2023 giant-steps": {
        "leap_1": edges("data.batch_size", [64, 4096], "share(subspace >= 0.5) >= 0.5", teacher__input_dim=[32, 128]),
        "leap_2": edges(
            "data.batch_size",
            [512, 65536],
            "share(subspace >= 0.5) >= 0.5",
            teacher__polynomial=["He2(x1)"],
            teacher__input_dim=[16, 48],
        ),
        "second": edges(
            "data.batch_size", [256, 8192], "share(overlap_min >= 0.5) >= 0.5", teacher__input_dim=[96, 384]
        ),
        "targets": zipped(2, teacher__input_dim=[64, 512], data__batch_size=[2048, 16384]),
    },
    "ghorbani-2019 risks": {"widths": gridded(3, student__width=[12, 36, 44])},
    "goldt-2019 final-error": {
        "first_layer": gridded(1, student__width=[2, 3], stages__learn__steps=[1000]),
        "both_layers": gridded(1, student__width=[3, 4], stages__learn__steps=[1000]),
    },
    "mousavi-hosseini-2022 subspace": {
        "decay": gridded(2, teacher__input_dim=[20, 80], stages__learn__steps=[1500]),
        "without": gridded(1, stages__learn__steps=[300]),
    },
    "ren-2025 scaling": {"powers": gridded(1, student__width=[100])},
    "saad-solla-1995 order-parameters": {
        "online": zipped(
            3,
            teacher__input_dim=[40],
            stages__learn__steps=[4000],
            stages__learn__step_size=[0.0125],
            student__init__first_layer_std=[0.0791],
        )
    },
    "saad-solla-1995 plateau": {
        "flow": zipped(1, teacher__width=[2], student__width=[2])
        | gridded(1, student__init__first_layer_std=[1e-2, 1e-4, 1e-6])
    },
    "safran-shamir-2018 bad-ends": {
        "equal": students(40, 0, [6, 14]),
        "one_more": students(40, 1, [14]),
        "larger": students(2, 0, [18]),
    },
    "simsek-2023 ends": {"ends": zipped(4, student__width=[2, 5], teacher__width=[6, 6], teacher__input_dim=[6, 6])},
    "xu-du-2023 tail": {
        "students": gridded(2, student__width=[1, 2], stages__descent__steps=[200000]),
        "longer": gridded(1, student__width=[2], stages__descent__steps=[1000000]),
    },
}
PARAMETERS = {"goldt-2019 final-error": {"final_steps": 120000.0}}  # of the measurement, in place of the claim's own


def failing(name: str, place: Path) -> set[str]:
    """The checks of a claim whose values are not what they must be; intervals of so few runs are wide."""
    paper, claim = name.split()
    own = by_values(load_paper(paper).claims[claim])
    return failed(judged(own, SMALL[name], place, **PARAMETERS.get(name, {})))


def test_every_claim_of_the_gallery_has_a_fault_that_it_notices() -> None:
    gallery = {f"{paper.id} {claim}" for paper in load_papers() if paper.id != SEED_PAPER for claim in paper.claims}
    assert {name for name, _, _ in NOTICED} == SMALL.keys() == gallery
    assert {fault for _, fault, _ in NOTICED} == FAULTS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_a_claim_holds_without_a_fault(name: str, tmp_path: Path) -> None:
    assert failing(name, tmp_path) == set()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "fault", "noticed"), NOTICED)
def test_a_claim_notices_a_fault(
    name: str, fault: str, noticed: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FAULTS[fault](monkeypatch)
    assert failing(name, tmp_path) == noticed
