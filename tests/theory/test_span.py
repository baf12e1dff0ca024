"""The span of rows: orthonormal, of the right dimension, and the same for all who ask."""

import numpy as np
import pytest

from featlearn.theory.activations import activation
from featlearn.theory.alignment import alignment_metrics
from featlearn.theory.measures import Target
from featlearn.theory.span import bases_of_spans, basis_of_span, dimension_of_span
from featlearn.views.data.neurons import span_basis


def _rows(rank: int, count: int = 5, input_dim: int = 7, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((count, rank)) @ rng.standard_normal((rank, input_dim))
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True))


@pytest.mark.parametrize("rank", [1, 2, 3, 5])
def test_the_basis_is_orthonormal_and_holds_the_rows(rank: int) -> None:
    rows = _rows(rank)
    basis = basis_of_span(rows)
    assert basis.shape == (rank, 7)
    assert dimension_of_span(rows) == rank
    np.testing.assert_allclose(basis @ basis.T, np.eye(rank), atol=1e-14)
    np.testing.assert_allclose(rows @ basis.T @ basis, rows, atol=1e-14)


def test_spans_of_a_batch_are_those_of_each_alone() -> None:
    batch = np.stack([_rows(rank, seed=rank) for rank in (1, 3, 5)])
    bases = bases_of_spans(batch)
    assert bases.shape == (3, 5, 7)
    for rows, basis in zip(batch, bases, strict=True):
        np.testing.assert_array_equal(basis[basis.any(-1)], basis_of_span(rows))


@pytest.mark.parametrize("length", [1e-320, 1e-200, 1e-14, 3.0, 1e14, 1e200, 1.7e308])
def test_the_length_of_a_row_says_nothing(length: float) -> None:
    rows = np.array([[1.0, 0.0, 0.0], [0.0, length, 0.0]])
    assert dimension_of_span(rows) == 2
    np.testing.assert_allclose(np.abs(np.sort(np.abs(basis_of_span(rows)), axis=0)), [[0, 0, 0], [1, 1, 0]], atol=1e-15)


def test_rows_of_norm_1_reach_the_basis_with_all_their_bits() -> None:
    rows = _rows(3, count=3, input_dim=3)
    np.testing.assert_array_equal(basis_of_span(rows), np.linalg.svd(rows)[2])


def test_zero_rows_span_nothing() -> None:
    rows = _rows(2)
    np.testing.assert_allclose(
        np.abs(basis_of_span(np.concatenate([rows, np.zeros((2, 7))])) @ basis_of_span(rows).T),
        np.eye(2),
        atol=1e-14,
    )
    assert dimension_of_span(np.zeros((2, 3))) == 0


@pytest.mark.parametrize(("apart", "rank"), [(1e-12, 1), (1e-8, 2)])
def test_all_agree_on_directions_that_are_nearly_one(apart: float, rank: int) -> None:
    """Where each part of the program had a tolerance of its own, they differed at 1e-12."""
    rows = np.array([[1.0, 0.0, 0.0], [1.0, apart, 0.0]])
    second = np.array([1.0, -0.5])
    assert dimension_of_span(rows) == rank
    assert Target(activation("relu"), second, rows, 0.1).rank == rank
    assert len(span_basis(rows, lines=True)) == rank
    sideways = np.array([[[0.0, 1.0, 0.0]]])
    metrics = alignment_metrics("even", np.ones((1, 1)), sideways, second[None], rows[None], sideways)
    assert metrics["subspace"][0] == pytest.approx(rank - 1, abs=1e-9)
