"""The inputs section: which covariances there are, and what they cannot be combined with."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.config.build import build
from featlearn.config.load import load_config
from tests.config.broken import MINIMAL, Broken, changed, must_be_refused, write

SPIKE = "inputs: {covariance: {spike: {strength: 2}}}"
BROKEN = [
    changed("no_mapping", "seed: 0", "inputs: spiked", ("2:9", "inputs", "{covariance: {spike: {strength: 4}}}")),
    changed(
        "unknown",
        "seed: 0",
        "inputs: {covariance: spiked}",
        ("2:22", "inputs.covariance", "write {spike: {strength: 4}} or {power_law: 1}"),
    ),
    changed(
        "negative",
        "seed: 0",
        "inputs: {covariance: {spike: {strength: -1}}}",
        ("2:41", "inputs.covariance.spike.strength", "at least 0"),
    ),
    changed(
        "along",
        "seed: 0",
        "inputs: {covariance: {spike: {strength: 1, along: axis}}}",
        ("2:51", "inputs.covariance.spike.along", "one of: teacher, random"),
    ),
    changed(
        "zero_variance",
        "seed: 0",
        "inputs: {covariance: [1, 0, 1]}",
        ("2:26", "inputs.covariance[1]", "at least 1e-06"),
    ),
    changed(
        "two_variances",
        "seed: 0",
        "inputs: {covariance: [1, 2]}",
        ("2:22", "inputs.covariance", "has 2 variances for inputs of 3 dimensions"),
    ),
    changed(
        "both",
        "seed: 0",
        "inputs: {covariance: {power_law: 1, spike: {strength: 1}}}",
        ("2:37", "inputs.covariance.spike", "does not go with power_law: leave one of them out"),
    ),
    changed(
        "number",
        "seed: 0",
        "inputs: {covariance: 3}",
        ("2:22", "inputs.covariance", "expected identity, a mapping or the list of the d variances, got the number 3"),
    ),
    changed("fused", "seed: 0", f"backend: fused\n{SPIKE}", ("2:10", "backend", "computes for inputs N(0, I)")),
    changed(
        "own_data",
        "seed: 0",
        f"{SPIKE}\ndata: {{kind: empirical, path: own.csv}}",
        ("2:22", "inputs.covariance", "the data come from `data.path`"),
    ),
    Broken(
        "polynomial",
        lambda d: write(d, MINIMAL.replace("seed: 0", SPIKE).replace("width: 2", 'polynomial: "x1"', 1)),
        [("2:22", "inputs.covariance", "polynomials are known for inputs N(0, I) alone")],
    ),
    Broken(
        "stops",
        lambda d: write(
            d,
            MINIMAL.replace("seed: 0", SPIKE).replace(
                "steps: 20", "stop: {gap: 1, kernel_motion: {above: 1}}, steps: 20"
            ),
        ),
        [
            ("6:56", "stages.go.stop.gap", "the gap is known for inputs N(0, I)"),
            ("6:74", "stages.go.stop.kernel_motion", "is null with an inputs.covariance"),
        ],
    ),
]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_broken_inputs_are_refused_with_their_place_and_key(case: Broken, tmp_path: Path) -> None:
    must_be_refused(case, tmp_path)


@pytest.mark.parametrize(
    ("given", "variances"),
    [
        ("[1, 4, 0.25]", [1, 4, 0.25]),
        ("{power_law: 2}", [1, 1 / 4, 1 / 9]),
        ("{spike: {strength: 3}}", None),
        ("{spike: {strength: 3, along: random}}", None),
    ],
)
def test_the_root_is_that_of_the_covariance(given: str, variances: list[float] | None, tmp_path: Path) -> None:
    config = load_config(write(tmp_path, MINIMAL), [f"inputs.covariance={given}"])
    assert config.backend == "torch"
    problem, _, _ = build(config)
    assert problem.root is not None
    sigma = problem.images(problem.images(np.eye(3)[None]))[0]
    if variances is None:
        v = problem.teacher_first_layer[0, 0]
        if "random" in given:
            values, vectors = np.linalg.eigh(sigma)
            assert abs(v @ vectors[:, 2]) < 0.99
            np.testing.assert_allclose(values, [1, 1, 4], rtol=1e-14)
            other, _, _ = build(config.model_copy(update={"student": config.student, "seed": 1}))
            assert not np.allclose(other.images(np.eye(3)[None]), problem.images(np.eye(3)[None]))
        else:
            np.testing.assert_allclose(sigma, np.eye(3) + 3 * np.outer(v, v), atol=1e-14)
    else:
        np.testing.assert_allclose(sigma, np.diag(variances), atol=1e-15)


def test_a_covariance_moves_neither_teacher_nor_start(tmp_path: Path) -> None:
    path = write(tmp_path, MINIMAL)
    (one, _, start), (other, _, there) = (
        build(load_config(path, more)) for more in ([], ["inputs.covariance={spike: {strength: 1, along: random}}"])
    )
    np.testing.assert_array_equal(one.teacher_first_layer, other.teacher_first_layer)
    np.testing.assert_array_equal(start.state.first_layer, there.state.first_layer)
    assert one.root is None
