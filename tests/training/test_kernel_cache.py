"""Compiled code on disk: what is used is kept, what is damaged is replaced, and what cannot be kept is said."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from featlearn.training.backends import kernel_cache
from featlearn.training.backends.layout import ERF_TAIL
from tests.places import CONFIGS, ROOT

STEPS = """
import hashlib, sys
sys.path.insert(0, {root!r})
from featlearn.training.backends import kernel_cache
kernel_cache.before_compiling.append(lambda: print("compiling"))
from tests.training.batches import batch, fused, stages
problem, state = batch(1, 9, 5, name="erf", drop=2)
found = fused().advance(problem, stages(1, "momentum"), state, 0, 40)
fused().loss_and_gradient(problem, state)
print(hashlib.sha256(found.first_layer.tobytes()).hexdigest(), "numba" in sys.modules)
"""


def steps(cache: Path) -> list[str]:
    """The lines of a process that takes some steps."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", STEPS.format(root=str(ROOT))],
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.slow
def test_a_cache_is_used_and_heals(tmp_path: Path) -> None:
    told, first = steps(tmp_path)
    assert told == "compiling"
    (file,) = tmp_path.iterdir()  # one family, one function, whatever the method
    assert file.name.startswith(f"advance-{ERF_TAIL}-")
    whole = file.read_bytes()
    bits, numba = first.split()
    assert numba == "True"
    # what compiles and what loads computes the same, the latter without numba
    assert steps(tmp_path) == [f"{bits} False"]
    for damaged in (b"", whole[:1000], whole[:-1], b"garbage", whole[:5000] + b"?" + whole[5001:]):
        file.write_bytes(damaged)
        assert steps(tmp_path) == ["compiling", first]
        assert file.read_bytes()[:32] == whole[:32]
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_what_compiled_code_depends_on_is_all_in_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    training = Path(kernel_cache.__file__).parents[1]
    todo, sources = ["backends/entries.py", "backends/kernel_cache.py"], set()
    while todo:
        source = todo.pop()
        sources.add(source)
        for line in (training / source).read_text().splitlines():
            if line.startswith("from featlearn.training.") and " import " in line:
                found = line.split()[1].removeprefix("featlearn.training.").replace(".", "/") + ".py"
                known = found in sources or found == "methods/record.py"  # of methods, compiled code takes numbers
                todo += [found] if (training / found).exists() and not known else []
    assert sources == set(kernel_cache.SOURCES)
    before = kernel_cache._dependencies()
    assert kernel_cache._dependencies() == before
    monkeypatch.setenv("NUMBA_CPU_NAME", "haswell")
    assert kernel_cache._dependencies() != before


def test_the_place_is_the_chosen_one_or_those_of_the_package_and_the_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    package = Path(kernel_cache.__file__).parent / "__pycache__"
    assert list(kernel_cache._places()) == [tmp_path]
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    assert list(kernel_cache._places()) == [package, tmp_path / "user" / "featlearn"]


def test_what_cannot_be_kept_in_one_place_is_kept_in_the_next(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    places = [tmp_path / "file" / "below", tmp_path / "next"]
    monkeypatch.setattr(kernel_cache, "_places", lambda: iter(places))
    kernel_cache._keep("name", b"content")
    assert kernel_cache._read(places[1] / "name") == b"content"
    assert kernel_cache._read(places[0] / "name") is None


NOWHERE = """
import sys
from featlearn.training.backends import kernel_cache
kernel_cache._places = lambda: iter(())
from featlearn.cli.app import main
sys.argv = ["featlearn", *ARGUMENTS]
main()
"""


@pytest.mark.slow
def test_kernels_that_can_be_kept_nowhere_are_compiled_for_this_process(tmp_path: Path) -> None:
    stages = "stages={only: {train: [second_layer], steps: 2, step_size: 0.1}}"
    options = ["--set", stages, "--set", "log={points: 2, gap: false, floors: false}", "--runs-dir", str(tmp_path)]
    arguments = ["train", "--quiet", "--config", str(CONFIGS / "quickstart.yaml"), *options]
    code = NOWHERE.replace("ARGUMENTS", repr(arguments))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("warning: compiled kernels can be kept nowhere")
    assert len(done.stderr.splitlines()) == 1
