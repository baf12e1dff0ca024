"""The compiled code of rows as plain Python, where an index that is too large is an error."""

import os
import subprocess
import sys
from pathlib import Path

IN_PYTHON = """
import sys
sys.path.insert(0, {root!r})
from tests.training.batches import batch
from tests.training.test_row_measures import assert_alike, probed
for m, d, teachers in [(1, 1, 1), (8, 2, 3), (9, 3, 6)]:
    problem, state = batch(2, m, d, teachers)
    assert_alike(probed(problem, state), state)
print("inside")
"""


def test_no_shape_reaches_beyond_its_arrays() -> None:
    script = IN_PYTHON.format(root=str(Path(__file__).parents[2]))
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "inside\n", done.stderr
