"""Linear algebra takes one thread, whatever the environment says and whenever its libraries are loaded."""

import os
import subprocess
import sys

CODE = """
from featlearn.runs.threads import one_blas_thread
from threadpoolctl import threadpool_info
with one_blas_thread():
    import numpy.linalg
    import scipy.linalg
    within = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
after = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
print(within, after)
"""


def test_every_blas_has_one_thread_within_and_its_own_afterwards() -> None:
    environment = os.environ | {name: "2" for name in os.environ if name.endswith("_NUM_THREADS")}
    done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True)
    count = done.stdout.count("2")
    assert count >= 1
    assert done.stdout.split() == str([1] * count).split() + str([2] * count).split()
