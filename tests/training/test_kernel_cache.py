"""Compiled kernels run where nothing can be written, with one line about it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import CONFIGS

# numba's own places are a directory that variables name, one beside the code, and one of the user
NOWHERE = """
import sys
from numba.core import caching
kinds = caching.CacheImpl._locator_classes
kinds[:] = [kind for kind in kinds if "UserProvided" in kind.__name__]
from featlearn.cli.app import main
sys.argv = ["featlearn", *ARGUMENTS]
main()
"""


@pytest.mark.slow
def test_kernels_that_can_be_kept_nowhere_are_compiled_for_this_process(tmp_path: Path) -> None:
    stages = "stages={only: {train: [second_layer], steps: 2, step_size: 0.1}}"
    options = ["--set", stages, "--set", "log={points: 2, gap: false, floors: false}", "--runs-dir", str(tmp_path)]
    arguments = ["train", "--quiet", "--config", str(CONFIGS / "quickstart.yaml"), *options]
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    code = NOWHERE.replace("ARGUMENTS", repr(arguments))
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("warning: compiled kernels can be kept nowhere")
    assert len(done.stderr.splitlines()) == 1
