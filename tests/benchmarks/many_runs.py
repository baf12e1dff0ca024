"""How long ``featlearn runs`` takes where there are very many: ``python -m tests.benchmarks.many_runs [COUNT]``.

Makes run directories as plausible as a real one, whose log and record they have, and lists them as a new user would:
for the first time, again, with ten conditions, and after one of them has changed.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from featlearn.config.load import load_config
from featlearn.runs.directory import RunDirectory
from featlearn.runs.train import train
from featlearn.storage.directory import Notes
from tests.cli.commands import featlearn
from tests.places import CONFIGS

COUNT = 10_000
SHORT = ["student.width=20", "teacher.input_dim=8", "stages.local_convergence.steps=400"]
CONDITIONS = [
    "student.width=100",
    "student.init.kind=symmetric",
    "teacher.rank=2",
    "teacher.input_dim>=8",
    "data.kind=population",
    "activation.name!=erf",
    "loss<1e-2",
    "recovered>0",
    "status=done",
    "tags=paper",
]


def make(place: Path, count: int = COUNT) -> list[RunDirectory]:
    """So many run directories in a place, older than the time of a tick of the clock."""
    model = train(load_config(CONFIGS / "quickstart.yaml", SHORT), place / "model").run
    config, info, log = load_config(model.config_file), model.read_info(), model.metrics_file.read_bytes()
    assert info.final is not None
    runs, made = [], time.time() - 3600
    for number in range(count):
        width = (20, 50, 100, 200)[number % 4]
        name = f"2026{1 + number // 2000 % 12:02}01-{number // 60 % 24:02}{number % 60:02}00-quickstart-{number:06x}"
        run = RunDirectory(place / "runs" / name)
        run.path.mkdir(parents=True)
        text = config.to_yaml().replace("width: 20", f"width: {width}").replace("seed: 0", f"seed: {number}")
        run.config_file.write_text(text)
        final = info.final | {"loss": info.final["loss"] * (1 + number / count)}
        record = info.changed(config_hash=f"{number:06x}", seed=number, final=final)
        run.info_file.write_bytes(record.text())
        run.metrics_file.write_bytes(log)
        run.lock_file.touch()
        files = [run.path, run.info_file, run.metrics_file]
        if number % 50 == 2:
            run.notes_file.write_bytes(Notes(tags=("paper",)).text())
            files.append(run.notes_file)
        for file in reversed(files):
            os.utime(file, (made, made))
        runs.append(run)
    return runs


def main() -> None:
    console = Console(width=120)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        runs = make(place, int(sys.argv[1]) if sys.argv[1:] else COUNT)
        asked = [part for condition in CONDITIONS for part in ("--where", condition)]
        for told, options in (("first time", asked), ("ten conditions", asked), ("all of them", []), ("again", asked)):
            began, before = time.perf_counter(), os.times()
            done = featlearn("runs", "--runs-dir", place / "runs", *options, cwd=place)
            wall, after = time.perf_counter() - began, os.times()
            spent = after.children_user - before.children_user + after.children_system - before.children_system
            rows = done.stdout.count("quickstart")
            console.print(f"{told}: {wall:.2f} s, of CPU {spent:.2f} s; {rows} of {len(runs)} runs {done.stderr[:200]}")
            if told == "all of them":
                runs[1].write_notes(Notes(tags=("paper",)))


if __name__ == "__main__":
    main()
