"""Worker processes have one thread each, whatever the user has set for threads and Dask; this process keeps its own."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.error import HTTPError

import psutil
import pytest

from featlearn.storage.errors import RunError
from featlearn.sweeps.executors import DaskExecutor, Outcome
from featlearn.sweeps.local_cluster import local_cluster
from tests.sweeps.small import sweep_file

ROOT = Path(__file__).parents[2]
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
NOTHING: Mapping[str, str] = MappingProxyType({})
UNFIT = {
    **dict.fromkeys(THREADS, "3"),
    "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "true",
    "DASK_DISTRIBUTED__NANNY__ENVIRON": "{'NUMBA_NUM_THREADS': 3}",
    "DASK_DISTRIBUTED__NANNY__PRELOAD": "no_such_module",
    "DASK_DISTRIBUTED__NANNY__PRE_SPAWN_ENVIRON__OPENBLAS_NUM_THREADS": "3",
    "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "0.0001",
}
FEW_STEPS = """\
base:
  teacher: {input_dim: 4, width: 2, rank: 2}
  student: {width: 6}
  stages:
    local: {train: [first_layer, second_layer], steps: 5, step_size: 0.1, weight_decay: 0.01}
  log: {points: 2, gap: false}
"""


def _python(*arguments: str, cache: Path, variables: Mapping[str, str] = NOTHING) -> subprocess.CompletedProcess[str]:
    """Python where nobody but ``variables`` has set the threads, and no kernel has been compiled into the cache."""
    environment = {name: value for name, value in os.environ.items() if name not in THREADS}
    environment |= {"NUMBA_CACHE_DIR": str(cache), **variables}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def threads(killed: bool) -> Iterable[dict[str, Any]]:
    """On a worker: how many threads its libraries use; or its end."""
    import numba
    import scipy.linalg  # noqa: F401 (it brings the BLAS that compiled kernels call)
    from threadpoolctl import threadpool_info

    if killed:
        os.kill(os.getpid(), signal.SIGKILL)
    yield {"numba": numba.get_num_threads(), "pools": [pool["num_threads"] for pool in threadpool_info()]}


def _outcome(executor: DaskExecutor, killed: bool) -> Outcome:
    executor.submit(threads, killed)
    while True:
        for outcome in executor.outcomes(1.0):
            return outcome


def of_workers_and_this_process() -> dict[str, Any]:
    """What a worker and its replacement say, while kernels are compiled here; which variables have changed here."""
    import numba

    before = dict(os.environ)
    numba.get_num_threads()  # launches them
    executor = DaskExecutor(1)
    workers = [_outcome(executor, killed).results for killed in (False, True, False)]
    assert numba.njit(lambda x: x + 1)(1) == 2
    executor.close()
    changed = [name for name in {*before, *os.environ} if before.get(name) != os.environ.get(name)]
    return {"workers": workers, "changed": [name for name in changed if not name.startswith("__DASK")]}


@pytest.mark.slow
@pytest.mark.parametrize("variables", [NOTHING, UNFIT], ids=["nothing", "unfit"])
def test_workers_have_one_thread_and_this_process_compiles_with_its_own(
    variables: dict[str, str], tmp_path: Path
) -> None:
    module, function = __name__, of_workers_and_this_process.__name__
    code = f"import json; from {module} import {function}; print(json.dumps({function}()))"
    ended = _python("-c", code, cache=tmp_path, variables=variables)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    first, none, replacement = told["workers"]
    assert len(first) == 1
    assert first[0]["numba"] == 1
    assert set(first[0]["pools"]) == {1}
    assert none == []
    assert replacement == first
    assert told["changed"] == []


@pytest.mark.slow
def test_the_first_sweep_after_installing_runs_on_workers(tmp_path: Path) -> None:
    for width in (6, 300):  # which have kernels of their own
        file = sweep_file(tmp_path, f"grid:\n  student.width: [{width}]\nseeds: 2\n", FEW_STEPS)
        command = ("-m", "featlearn", "sweep", "-c", str(file), "--jobs", "2", "--runs-dir", str(tmp_path / "runs"))
        ended = _python(*command, cache=tmp_path / "cache")
        assert ended.returncode == 0, ended.stderr


def test_nobody_without_the_keys_speaks_to_a_cluster_and_it_shows_no_pages() -> None:
    import distributed
    from distributed.security import Security

    with local_cluster(1) as cluster:
        address = cluster.scheduler_address
        assert address.startswith("tls://127.0.0.1:")
        with distributed.Client(cluster, timeout=15) as client:
            assert client.submit(sum, [1, 2]).result() == 3
            listening = [
                connection.laddr
                for process in (psutil.Process(), *psutil.Process().children(recursive=True))
                for connection in process.net_connections()
                if connection.status == "LISTEN"
            ]
            assert len(listening) >= 4
            assert {place.ip for place in listening} == {"127.0.0.1"}
            for place in listening:
                with pytest.raises((HTTPError, ConnectionError)):  # no such page, or no pages at all
                    urllib.request.urlopen(f"http://127.0.0.1:{place.port}/info/main/workers.html", timeout=5)
        for unknown, keys in (("tcp" + address.removeprefix("tls"), None), (address, Security.temporary())):
            with pytest.raises(distributed.comm.core.CommClosedError):
                distributed.Client(unknown, timeout=2, security=keys)


def test_settings_that_dask_itself_refuses_are_told(tmp_path: Path) -> None:
    (tmp_path / "dask.yaml").write_text("distributed: [1")
    file = sweep_file(tmp_path / "sweep", "seeds: 1", FEW_STEPS)
    command = ("-m", "featlearn", "sweep", "-q", "-c", str(file), "--jobs", "1", "--runs-dir", str(tmp_path / "runs"))
    ended = _python(*command, cache=tmp_path, variables={"DASK_CONFIG": str(tmp_path)})
    assert ended.returncode == 1
    assert ended.stderr.startswith("Dask does not accept its settings on this machine: ")
    assert "dask.yaml" in ended.stderr


def test_workers_that_cannot_be_started_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**options: Any) -> None:
        raise RuntimeError("Cluster failed to start: no more processes")

    monkeypatch.setattr("distributed.LocalCluster", refuse)
    with pytest.raises(RunError, match=r"2 worker processes cannot be started: .*no more processes.*--jobs"):
        DaskExecutor(2)
