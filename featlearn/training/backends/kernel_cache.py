"""Where compiled kernels are kept: with the package, in the user's cache, or for this process alone."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import warnings
from importlib import import_module
from types import ModuleType

import numba

from featlearn.storage.errors import Caution


def cached_kernels() -> ModuleType:
    """The module of the compiled kernels; where nothing can be written, they are kept in a temporary directory."""
    name = "featlearn.training.backends.fused_kernels"
    try:
        return import_module(name)
    except RuntimeError as error:
        if "no locator available" not in str(error):
            raise
    place = tempfile.mkdtemp(prefix="featlearn-kernels-")
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    numba.config.CACHE_DIR = place  # type: ignore[attr-defined]
    warnings.warn(
        Caution("compiled kernels can be kept nowhere, and each process compiles its own: set NUMBA_CACHE_DIR"),
        stacklevel=2,
    )
    return import_module(name)
