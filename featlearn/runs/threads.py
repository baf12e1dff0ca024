"""How many threads linear algebra takes: one, so that no number depends on how many there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Within it, products and decompositions of matrices take one thread."""
    import scipy.linalg  # noqa: F401 - only what is loaded can be limited, and SciPy has a BLAS beside NumPy's
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield
