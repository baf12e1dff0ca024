"""``python -m tests.same_numbers``: whether this tree computes the numbers of an earlier revision, bit for bit.

Every configuration and every sweep of the reference revision, shortened, goes through the command line of both trees,
and what the two leave on disk is compared. The configurations are the reference's on both sides, wherever the present
tree keeps its own. Exits with 1 when anything differs.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from rich.console import Console

from tests.outputs import Comparison, Output, compare, read_output
from tests.short_cases import Case, cases

REFERENCE = "36db4600b6f6f930543569466170354247f019db"  # the last revision before the package was divided into rooms
ROOT = Path(__file__).parents[1]
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Tree:
    """A checkout of the project, and a directory for what its commands write."""

    name: str
    path: Path
    place: Path

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python with this tree's package; compiled code is kept apart from that of other trees."""
        self.place.mkdir(exist_ok=True)
        paths = {"PYTHONPATH": str(self.path), "NUMBA_CACHE_DIR": str(self.place / "compiled")}
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=self.place, env={**os.environ, **ONE_THREAD, **paths}, capture_output=True, text=True
        )

    def check(self) -> None:
        """Make sure that it is this tree's package that is imported."""
        found = self.python("-c", "import featlearn; print(featlearn.__file__)").stdout.strip()
        if not Path(found).is_relative_to(self.path):
            sys.exit(f"the {self.name} tree is {self.path}, but its commands would import {found or 'nothing'}")

    def output(self, case: Case) -> Output:
        """Run a case, and read what it left."""
        runs = self.place / case.name.replace("/", "-")
        done = self.python("-m", "featlearn", *case.arguments, "--quiet", "--runs-dir", str(runs))
        return read_output(runs, done.returncode, done.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.same_numbers", description=__doc__)
    parser.add_argument("--against", metavar="REVISION", default=REFERENCE, help="the reference revision")
    parser.add_argument("--only", metavar="PATTERN", default="*", help="cases by name, such as 'claims/rate/*'")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="commands at once, one thread each")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # a time limit: the checkout is removed even then
    console = Console(soft_wrap=True, markup=False, highlight=False)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, checkout(options.against, Path(folder, "checkout")) as reference:
        trees = Tree("reference", reference, Path(folder, "reference")), Tree("present", ROOT, Path(folder, "present"))
        for tree in trees:
            tree.check()
        chosen = [c for c in cases(reference / "configs", Path(folder)) if fnmatchcase(c.name, options.only)]
        if not chosen:
            parser.error(f"no case is named {options.only}")
        found = []
        for case, comparison in compared(chosen, trees, options.jobs):
            console.print(line(case, comparison))
            found.append(comparison)
    differing = sum(comparison.difference is not None for comparison in found)
    rows, arrays = sum(c.rows for c in found), sum(c.arrays for c in found)
    verdict = f"{differing} of {len(found)} cases differ" if differing else f"all {len(found)} cases are equal"
    console.print(f"{verdict}: {rows} rows, {arrays} arrays, {time.perf_counter() - began:.0f} s")
    sys.exit(1 if differing else 0)


@contextmanager
def checkout(revision: str, path: Path) -> Iterator[Path]:
    """The files of a revision in a directory of their own, for as long as they are needed."""
    git = ["git", "-C", str(ROOT), "worktree"]
    if subprocess.run([*git, "add", "--quiet", "--detach", str(path), revision]).returncode:
        sys.exit(f"{revision} cannot be checked out; a shallow clone lacks it until `git fetch --unshallow`")
    try:
        yield path
    finally:
        subprocess.run([*git, "remove", "--force", str(path)], check=True)


def compared(chosen: list[Case], trees: tuple[Tree, Tree], jobs: int) -> Iterator[tuple[Case, Comparison]]:
    """Each case with what its comparison found, in order. The trees take turns, so that both compile at once."""
    with ThreadPoolExecutor(jobs) as pool:
        begun = [(case, [pool.submit(tree.output, case) for tree in trees]) for case in chosen]
        try:
            for case, (reference, present) in begun:
                yield case, compare(reference.result(), present.result())
        finally:
            pool.shutdown(cancel_futures=True)


def line(case: Case, found: Comparison) -> str:
    """What is said of one case."""
    text = f"{case.name:32} {found.rows:5} rows {found.arrays:4} arrays  "
    text += "equal" if found.difference is None else f"DIFFERS  {found.difference}"
    return text + (f"  (new in the present tree: {', '.join(sorted(found.new))})" if found.new else "")


if __name__ == "__main__":
    main()
