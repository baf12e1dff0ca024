"""How many threads linear algebra takes: one, so that no number depends on how many there are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_AT_LOADING = ("OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS", "MKL_NUM_THREADS")  # what libraries read as they are loaded


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Within it, products and decompositions of matrices take one thread; afterwards as many as NumPy's took before.

    SciPy has a BLAS beside NumPy's, and takes long to load: where it is needed it is loaded within, with one thread.
    """
    import numpy.linalg  # noqa: F401 - only what is loaded can be limited
    from threadpoolctl import ThreadpoolController

    loaded = ThreadpoolController().select(user_api="blas")
    before = {library.filepath: library.num_threads for library in loaded.lib_controllers}
    with loaded.limit(limits=1), _environment(dict.fromkeys(_AT_LOADING, "1")):
        yield
    if before:
        for library in ThreadpoolController().select(user_api="blas").lib_controllers:
            if library.filepath not in before:
                library.set_num_threads(max(before.values()))


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Within it, the environment has these values, too."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
