"""Normal distributions in compiled code are those of ``theory.normal``, in every corner."""

import os
import subprocess
import sys

from tests.places import ROOT

# as plain Python, in rows of eight
IN_PYTHON = """
import numpy as np
from scipy import special
from featlearn.theory import normal
from featlearn.training.backends import normal_kernels as kernels
from featlearn.training.backends.biased_constants import normal_constants
tail = normal_constants()

def rows(x):
    return np.resize(x, (-(-len(x) // 8), 8))

def close(found, truth, within, size):
    assert np.max(np.abs(found - truth) / size) < within, np.max(np.abs(found - truth) / size)

x = -np.concatenate([np.linspace(0, 40, 4001), np.logspace(-20, 2.8, 400), [0.0, 700.0, 3e5, 1e18, 1e300, 5.0, 1e-300]])
x = rows(x)
truth = np.exp(np.maximum(x, -700.0))
close(kernels.exponential(x), truth, 5e-16, truth)
z = np.concatenate([np.linspace(-37, 37, 4001), np.logspace(-300, 1.5, 301), [0.0, 1e9, -1e9, 60.0, -60.0]])
z = rows(z)
found = kernels.normal(tail, z)
far = np.abs(z) > 37
near, above, at = z[~far], special.ndtr(-np.abs(z[~far])), normal.density(np, z[~far])
slack = 1 + near**2 / 10  # of numbers that are rounded before they are squared
close(found.tail[~far], above, 5e-15, above * slack)
close(found.below[~far], special.ndtr(near), 5e-15, special.ndtr(near) * slack)
close(found.density[~far], at, 2e-15, at)
assert np.max(found.tail[far]) == 0 and (found.below[z > 37] == 1).all()

ends = [1e-30, 1e-12, 1e-3, 0.3, 1.0, 2.7, 8.0, 60.0]
h = np.array([*ends, *(-x for x in ends)])
near = 10.0 ** -np.arange(0.0, 17.0)
t = np.concatenate([1 - near, near - 1, [1.0, -1.0, 0.3, -0.7]])
h, k, t = (rows(x.ravel()) for x in np.meshgrid(h, h, t))
root = np.sqrt((1 - t) * (1 + t))
truth = normal.bivariate(np, h, k, t)
found = kernels.bivariate(tail, h, special.ndtr(-np.abs(h)), k, special.ndtr(-np.abs(k)), t, root)
close(found.rest, truth.both - truth.half, 1e-15, 1.0)
close(found.given_h.below, special.ndtr(truth.given_h), 2e-15, 1.0)
close(found.given_k.below, special.ndtr(truth.given_k), 2e-15, 1.0)
print("close")
"""


def test_normal_distributions_are_those_of_numpy() -> None:
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", IN_PYTHON], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout == "close\n", done.stderr
