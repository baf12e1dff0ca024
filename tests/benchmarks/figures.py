"""How long figures and pages take, as whole commands: ``python -m tests.benchmarks.figures``.

A run of 300 rows, 100 neurons and 60 snapshots; a sweep of 2000 runs; the first paint of the run's page in Chromium.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from featlearn.config.load import load_config
from featlearn.runs.directory import RunDirectory
from featlearn.runs.train import train
from featlearn.sweeps.directory import SweepDirectory
from tests.places import CONFIGS
from tests.sweeps.small import new_sweep, run

QUICKSTART = CONFIGS / "quickstart.yaml"
SWEEP = """\
grid:
  student.width: [8, 10]
  stages.local.weight_decay: {log: [0.001, 0.1, 10]}
seeds: 100
store: summary
"""


def seconds(*arguments: str, repeats: int) -> str:
    """Median and range of the time that a command takes."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-m", "featlearn", *arguments], check=True, capture_output=True)
        times.append(time.perf_counter() - begin)
    return f"{statistics.median(times):.2f} s ({min(times):.2f} … {max(times):.2f})"


def example_run(place: Path) -> RunDirectory:
    return train(load_config(QUICKSTART, ["stages.local_convergence.steps=8000"]), place).run


def example_sweep(place: Path) -> SweepDirectory:
    directory = new_sweep(place, SWEEP)
    run(directory)
    return directory


def first_paint(page: Path, repeats: int) -> str:
    """Milliseconds until Chromium has painted something of a page, each time in a new browser."""
    from tests.views.browser import new_browser

    times = []
    for _ in range(repeats):
        browser = new_browser()
        try:
            browser.get(page.resolve().as_uri())
            name = "first-contentful-paint"
            times.append(browser.execute_script(f"return performance.getEntriesByName('{name}')[0].startTime"))
        finally:
            browser.quit()
    return f"{statistics.median(times):.0f} ms ({min(times):.0f} … {max(times):.0f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    console = Console(width=120, highlight=False)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        single, sweep = example_run(place / "runs"), example_sweep(place / "sweep")
        console.print(f"plot of a run            {seconds('plot', str(single.path), repeats=repeats)}")
        console.print(f"plot of 2000 runs        {seconds('plot', str(sweep.path), repeats=repeats)}")
        console.print(
            f"  against one axis       {seconds('plot', str(sweep.path), '--x', 'weight_decay', repeats=repeats)}"
        )
        console.print(f"report of a run          {seconds('report', str(single.path), repeats=repeats)}")
        console.print(f"report of 2000 runs      {seconds('report', str(sweep.path), repeats=repeats)}")
        console.print(f"size of the run's page   {single.report_file.stat().st_size / 1e6:.2f} MB")
        console.print(f"size of the sweep's page {sweep.report_file.stat().st_size / 1e6:.2f} MB")
        console.print(f"first paint of the run   {first_paint(single.report_file, repeats)}")
        console.print(f"first paint of the sweep {first_paint(sweep.report_file, repeats)}")


if __name__ == "__main__":
    main()
