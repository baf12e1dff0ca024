"""What is compiled for kernels is all there, and numba itself is as it was."""

import gc
from typing import Any

import numba
import numpy as np
import pytest
from llvmlite import binding
from numba import types
from numba.core.errors import NumbaError

from featlearn.training.backends.compilation import compiled, config, in_llvm
from featlearn.training.backends.vectors import ROWS, load, store

COUNTS = types.CPointer(types.int64)


def twice(known: bool) -> Any:
    @compiled
    def doubled(x):  # type: ignore[no-untyped-def]
        return x + x

    def rows_twice(n, rows):  # type: ignore[no-untyped-def]
        for row in range(min(n[0], int(10.5))):
            if known:
                store(rows, row, doubled(load(rows, row)))
            else:
                store(rows, row, "what has no meaning")

    return rows_twice


def test_code_comes_with_all_that_it_calls_and_leaves_numba_alone() -> None:
    level, collects = config.OPT, gc.isenabled()
    symbol, code = in_llvm(twice(True), (COUNTS, ROWS))
    module = binding.parse_bitcode(code)
    assert not module.get_function(symbol).is_declaration
    assert all(f.name.startswith("llvm.") for f in module.functions if f.is_declaration)
    assert level == config.OPT
    assert gc.isenabled() == collects
    assert numba.njit(lambda x: x.sum() + max(x))(np.arange(3.0)) == 5


def test_branches_on_what_is_known_are_compiled_in_part_and_errors_leave_numba_alone() -> None:
    level, collects = config.OPT, gc.isenabled()
    with pytest.raises(NumbaError):
        in_llvm(twice(False), (COUNTS, ROWS))
    assert level == config.OPT
    assert gc.isenabled() == collects
