"""Which backend and device a choice means, and what is refused."""

import pytest

from featlearn.training.backends import BackendError, make_backend, resolved_backend
from featlearn.training.backends.fused import FusedBackend


def test_auto_takes_the_fastest_that_can() -> None:
    assert isinstance(make_backend("auto", "auto", "float64"), FusedBackend)
    assert make_backend("auto", "auto", "float32").name == "torch"
    assert make_backend("auto", "auto", "float64", sampled=True).name == "torch"
    assert make_backend("torch", "auto", "float64").name == "torch"
    assert resolved_backend("auto", "auto", "float64") == ("fused", "cpu")
    assert resolved_backend("auto", "cuda", "float64") == ("torch", "cuda")
    assert resolved_backend("auto", "cpu", "float64", compilable=False) == ("torch", "cpu")


def test_a_backend_that_is_named_is_taken_or_refused() -> None:
    assert resolved_backend("fused", "auto", "float64", compilable=False) == ("fused", "cpu")
    for precision, sampled, words in (
        ("float32", False, "not on cpu in float32"),
        ("float64", True, "population data"),
    ):
        with pytest.raises(BackendError, match=words):
            make_backend("fused", "cpu", precision, sampled=sampled)
