"""One thread for every numerical library, before any of them is loaded; explicit seeds; no gap below zero anywhere."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_variable] = "1"

LEAST_GAP = -1e-12
# What is tried of every activation, and takes long for all of them, is tried of these among the fast tests.
AMONG_THE_FAST = {"relu", "leaky_relu", "abs", "erf", "quadratic", "gelu", "tanh"}
OF_ACTIVATIONS = ("tests/theory/", "tests/training/", "tests/runs/")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    from featlearn.theory.activations import activation_names

    others = set(activation_names()) - AMONG_THE_FAST
    for item in items:
        given = item.callspec.params.values() if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ()
        if item.nodeid.startswith(OF_ACTIVATIONS) and any(getattr(x, "name", x) in others for x in given if _hashes(x)):
            item.add_marker(pytest.mark.slow)


def _hashes(value: object) -> bool:
    return isinstance(value, str) or hasattr(value, "name")


@pytest.fixture(autouse=True)
def _no_run_is_below_its_optimum(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every row that any test logs in this process has a gap of at least −1e-12, or none."""
    from featlearn.training import descent

    rows_of = descent.rows_of
    below: list[dict[str, Any]] = []

    def watched(*args: Any, **keywords: Any) -> Any:
        rows, floors = rows_of(*args, **keywords)
        below.extend(row for row in rows if row["gap"] is not None and row["gap"] < LEAST_GAP)
        return rows, floors

    monkeypatch.setattr(descent, "rows_of", watched)
    yield
    assert not below, f"a network below the certified optimum: {below[0]}"
