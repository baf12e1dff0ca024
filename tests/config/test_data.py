"""The data section: population, one sample, or a fresh batch at each step."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from featlearn.config.data import Data, EmpiricalData, OnlineData, PopulationData
from featlearn.config.data_columns import Wanted
from tests.config.broken import Broken, changed, must_be_refused

BROKEN = [
    changed(
        "typo_data",
        "seed: 0",
        "data: {kind: empiricl, samples: 10}",
        ("2:14", "data.kind", "did you mean 'empirical'?"),
    ),
    changed("samples_missing", "seed: 0", "data: {kind: empirical}", ("2:1", "data.samples", "or give the `path`")),
    changed(
        "too_large_a_batch",
        "seed: 0",
        "data: {kind: empirical, samples: 10, batch_size: 11}",
        ("2:50", "data.batch_size", "more than the 10 samples"),
    ),
    changed(
        "replacement_without_batches",
        "seed: 0",
        "data: {kind: empirical, samples: 10, with_replacement: true}",
        ("2:56", "data.with_replacement", "there is no `batch_size`"),
    ),
    changed(
        "reuse_of_a_sample",
        "seed: 0",
        "data: {kind: empirical, samples: 10, reuse: 2}",
        ("2:38", "data.reuse", "belongs to another kind"),
    ),
    changed("no_batch_size", "seed: 0", "data: {kind: online}", ("2:1", "data.batch_size", "missing")),
    changed(
        "negative_noise",
        "seed: 0",
        "data: {kind: online, batch_size: 2, noise_std: -1}",
        ("2:48", "data.noise_std", "at least 0"),
    ),
    changed("no_samples", "seed: 0", "data: {kind: empirical, samples: 0}", ("2:34", "data.samples", "at least 1")),
    changed(
        "samples_and_path",
        "seed: 0",
        "data: {kind: empirical, samples: 10, noise_std: 0.1, path: x.npz}",
        ("2:34", "data.samples", "come from `path`"),
        ("2:49", "data.noise_std", "come from `path`"),
    ),
    changed(
        "digest_without_path",
        "seed: 0",
        "data: {kind: empirical, samples: 10, sha256: abc}",
        ("2:46", "data.sha256", "belongs to a `path`"),
    ),
    changed(
        "columns_without_path",
        "seed: 0",
        "data: {kind: empirical, samples: 10, inputs: [a], label: 3}",
        ("2:46", "data.inputs", "belongs to a `path`"),
        ("2:58", "data.label", "belongs to a `path`"),
    ),
    changed(
        "held_out_without_path",
        "seed: 0",
        "data: {kind: empirical, samples: 10, test_fraction: 0.2, test_sha256: abc}",
        ("2:53", "data.test_fraction", "belongs to a `path`"),
        ("2:71", "data.test_sha256", "belongs to a `test_path`"),
    ),
    changed(
        "held_out_twice",
        "seed: 0",
        "data: {kind: empirical, path: a.csv, test_fraction: 0.2, test_path: b.csv}",
        ("2:53", "data.test_fraction", "come from `test_path`; leave it out"),
    ),
    changed(
        "columns_without_names",
        "seed: 0",
        "data: {kind: empirical, path: own.csv, inputs: [a, 1.5], label: {name: y}}",
        ("2:52", "data.inputs[1]", "expected text, got the number 1.5"),
        ("2:65", "data.label", "expected text, got a mapping"),
    ),
]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_broken_data_are_refused_with_their_place_and_key(case: Broken, tmp_path: Path) -> None:
    must_be_refused(case, tmp_path)


def data(**given: Any) -> PopulationData | EmpiricalData | OnlineData:
    read: PopulationData | EmpiricalData | OnlineData = TypeAdapter(Data).validate_python(given)
    return read


def test_the_kind_decides_what_the_section_is() -> None:
    assert isinstance(data(kind="population"), PopulationData)
    assert isinstance(data(kind="empirical", samples=3), EmpiricalData)
    assert isinstance(data(kind="online", batch_size=3), OnlineData)


def test_noise_that_is_left_out_is_written_as_zero() -> None:
    assert data(kind="empirical", samples=20).model_dump()["noise_std"] == 0.0
    assert data(kind="online", batch_size=20).model_dump()["noise_std"] == 0.0
    assert data(kind="empirical", samples=20, noise_std=0.5).model_dump()["noise_std"] == 0.5


def test_a_default_that_is_written_out_is_left_out() -> None:
    written = (
        data(kind="online", batch_size=3, reuse=1),
        data(kind="empirical", samples=3, batch_size=2, with_replacement=False),
    )
    assert [x.model_dump(exclude_none=True).keys() for x in written] == [
        {"kind", "batch_size", "noise_std"},
        {"kind", "samples", "noise_std", "batch_size"},
    ]


def test_data_of_ones_own_have_no_noise_to_be_written() -> None:
    assert data(kind="empirical", path="own.npz").model_dump(exclude_none=True) == {
        "kind": "empirical",
        "path": "own.npz",
    }


def test_columns_without_names_are_known_by_their_numbers() -> None:
    read = data(kind="empirical", path="own.csv", inputs=[1, 2], label=3)
    assert isinstance(read, EmpiricalData)
    assert read.wanted(2) == Wanted(2, ("1", "2"), "3")
    read = data(kind="empirical", path="own.csv", inputs="x*")
    assert isinstance(read, EmpiricalData)
    assert read.wanted(None) == Wanted(None, "x*", None)
