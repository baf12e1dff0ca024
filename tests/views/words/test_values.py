"""Which values of a setting are one, and that those that are not are never written alike."""

import json
from typing import Any

import pytest

from featlearn.config.identity import identity
from featlearn.views.words.values import clipped, distinct, labels


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, 1.0), (0.0, -0.0), ([0.9, 1], [0.9, 1.0]), ({"a": 1, "b": [2]}, {"b": [2.0], "a": 1.0}), (None, None)],
)
def test_values_that_are_equal_are_one(one: Any, other: Any) -> None:
    assert identity(one) == identity(other)
    assert list(distinct([one, other]).values()) == [one]
    assert len(set(labels([one, other]))) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (0.9995, 0.9999),
        (0.1 + 0.2, 0.3),
        (2**53, 2**53 + 1),
        (1, True),
        (0, False),
        (1, "1"),
        (0.5, "0.5"),
        (None, "null"),
        (None, 0),
        (True, "true"),
        ([1], [True]),
        ({"a": 1}, {"a": True}),
        ({"a": 1}, '{"a": 1}'),
        ([1, 2], [2, 1]),
        ([], {}),
        (1000, 1000.4),
        (1, 1 + 2**-52),
    ],
)
def test_values_that_differ_are_two_and_are_told_apart(one: Any, other: Any) -> None:
    assert identity(one) != identity(other)
    assert list(distinct([one, other]).values()) == [one, other]
    assert len(set(labels([one, other]))) == 2


@pytest.mark.parametrize(
    ("values", "digits", "told"),
    [
        ([0.12345, 0.2], 3, ["0.123", "0.2"]),
        ([0.12345, 0.2], 4, ["0.1235", "0.2"]),
        ([0.9, 0.9995, 0.9999], 3, ["0.9", "0.9995", "0.9999"]),
        ([0.050001, 0.050004], 3, ["0.050001", "0.050004"]),
        ([1e-5, 1.00001e-5], 3, ["1e-05", "1.00001e-05"]),
        ([4096, 4097], 3, ["4096", "4097"]),
        ([1, 1.0001], 3, ["1", "1.0001"]),
        (["relu", "abs"], 3, ["relu", "abs"]),
        (
            [{"start": 0.01, "factor": 0.5, "every": 20}, {"start": 0.010001, "factor": 0.5, "every": 20}],
            3,
            ["0.01 × 0.5 every 20", "0.010001 × 0.5 every 20"],
        ),
        ([0.01, {"start": 0.01}, None, True, [1]], 3, ["0.01", "start 0.01", "none", "true", "[1]"]),
        ([None, "none", 0.5], 3, ["null", '"none"', "0.5"]),
        ([{}, {"a": {}}, {"a": [[1]]}], 3, ["{}", "a {}", "a [1]"]),
        (
            ["identity", {"spike": {"strength": 2}}, {"spike": {"strength": 2, "along": "random"}}, {"power_law": 1}],
            3,
            ["identity", "spike 2", "spike 2 along random", "power law 1"],
        ),
        (
            [
                {"first_layer": 0.1, "second_layer": 0.01},
                {"first_layer": {"start": 0.1, "factor": 0.5, "every": 9}, "second_layer": {"cosine": [0.1, 0]}},
                {"cosine": [0.1, 0]},
            ],
            3,
            ["layers 0.1, 0.01", "layers 0.1 × 0.5 every 9, cosine 0.1, 0", "cosine 0.1, 0"],
        ),
        (
            [{"kind": "gaussian", "first_layer_std": 0.1, "mirrored": True}],
            3,
            ["gaussian, first layer std 0.1, mirrored true"],
        ),
        ([0.5, "0.5"], 3, ["0.5", '"0.5"']),
        ([], 3, []),
    ],
)
def test_values_have_as_many_digits_as_tell_them_apart(values: list[Any], digits: int, told: list[str]) -> None:
    assert labels(values, digits) == told


def test_long_texts_are_cut_where_they_are_alike() -> None:
    assert clipped(["short", "a long beginning"], 10) == ["short", "a long be…"]
    assert clipped(["weights/student-1", "weights/student-2"], 10) == ["…student-1", "…student-2"]
    both = [json.dumps([[k, 0.0] if n == 5 else [0.0, 0.0] for n in range(10)]) for k in (1, 2)]
    cut = clipped([*both, both[0]], 24)
    assert cut == ["[[0.0, 0.0], [0.0, … (1)", "[[0.0, 0.0], [0.0, … (2)", "[[0.0, 0.0], [0.0, … (1)"]
    assert max(map(len, cut)) == 24
