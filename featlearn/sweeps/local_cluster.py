"""Worker processes on this machine: a Dask cluster apart from the user's own settings of Dask and of threads.

Whoever can speak to a Dask process can let it run any code. So these speak only to each other: on the address of this
machine alone, over TLS, with keys that are made for this one cluster.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from featlearn.runs.interruption import uninterrupted
from featlearn.storage.errors import RunError

_BLAS_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_HASH_SEED = "PYTHONHASHSEED"  # Dask sets it in this process in order to hand it to its workers


@contextmanager
def local_cluster(jobs: int) -> Iterator[Any]:
    """A cluster of ``jobs`` processes with one thread each. Raises RunError when its processes cannot be started."""
    import dask
    from distributed import LocalCluster  # importing it adds its own defaults to those of Dask
    from distributed.security import Security

    settings = {
        **dask.config.merge(*dask.config.defaults),  # replace whole sections of the user's settings
        "distributed.scheduler.allowed-failures": 0,  # the sweep decides what is tried again
        "distributed.scheduler.worker-saturation": 1.0,
        "distributed.scheduler.http.routes": [],  # no pages: other accounts of this machine could read them
        "distributed.worker.http.routes": [],
        "distributed.nanny.pre-spawn-environ": {},  # Dask would put these variables into this process, and leave them
    }
    with dask.config.set(settings), _environment_of_workers():
        try:
            with uninterrupted():  # inherited by the workers that start now
                cluster = LocalCluster(
                    n_workers=jobs,
                    threads_per_worker=1,
                    # numba reads its variables again whenever it compiles, and refuses another number of threads than
                    # it has launched: this process must not see the number that is meant for the workers
                    env={"NUMBA_NUM_THREADS": 1},
                    host="127.0.0.1",
                    security=Security.temporary(),
                    dashboard_address=None,
                    scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # any free port, for two sweeps at once
                    silence_logs="CRITICAL",
                    preload="featlearn.sweeps.dask_worker",  # the same for workers that replace dead ones
                )
        except (OSError, RuntimeError) as error:
            raise RunError(f"{jobs} worker processes cannot be started: {error}; try fewer --jobs, or none") from None
        with cluster:
            yield cluster


@contextmanager
def _environment_of_workers() -> Iterator[None]:
    """Processes that start within it have one thread for each BLAS; afterwards the variables are as they were.

    A worker loads NumPy, and NumPy its BLAS, before Dask can set variables there: it must inherit these.
    """
    before = {name: os.environ.get(name) for name in (*_BLAS_VARIABLES, _HASH_SEED)}
    os.environ.update(dict.fromkeys(_BLAS_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
