"""Libraries that are loaded when they are first used."""

import subprocess
import sys

import pytest

USES = {
    "an attribute": "numpy.float64(2)",
    "a name": "from numpy import float64; float64(2)",
    "a part": "import numpy.linalg; numpy.linalg.norm([3.0])",
    "a name of a part": "from numpy.linalg import norm; norm([3.0])",
    "what another library makes of it": "from scipy.linalg import eigh; eigh([[1.0]])",
}


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_a_library_is_loaded_at_its_first_use_whole_and_once(use: str) -> None:
    code = f"""
import sys
from featlearn.cli.late import load_when_used
load_when_used("numpy")
import numpy
import numpy as again
assert "numpy._core" not in sys.modules
{use}
assert sys.modules["numpy"] is numpy is again
assert numpy.array([1.0, 2.0]).sum() == 3 and numpy.__version__ and type(numpy) is type(sys)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_what_is_loaded_or_missing_stays_as_it_is() -> None:
    from featlearn.cli.late import load_when_used

    before = dict(sys.modules)
    load_when_used("pytest")
    load_when_used("no_such_library")
    assert sys.modules == before
