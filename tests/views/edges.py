"""Sweeps that search, with made-up runs, for the tests of what is shown of them."""

from pathlib import Path
from typing import Any

from featlearn.sweeps.begin import begin
from featlearn.sweeps.directory import SweepDirectory
from featlearn.sweeps.load import load_sweep
from featlearn.sweeps.sweep import Setting
from tests.sweeps.search.made_up import Respond, computed, drawn, logistic, search_file

FIND = '{student.width: [2, 60], where: "share(recovered == 3) >= 0.5", tolerance: 20 %, seeds: 30}'
THREE = "grid: {teacher.width: [2, 3, 4]}"


def rising(values: Setting) -> dict[str, Any]:
    """An edge that rises with the width of the teacher, and is not reached by the widest."""
    width = values.get("teacher.width", 2)
    return drawn("student.width", logistic({2: 7, 3: 21}.get(width, 1000), 0.5, 20))(values)


def searched(place: Path, find: str = FIND, more: str = THREE, respond: Respond = rising) -> SweepDirectory:
    directory = begin(load_sweep(search_file(place, find, more)), place / "runs")
    computed(directory, respond)
    return directory
