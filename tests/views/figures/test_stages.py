"""Stages have the names that users gave them."""

import json
from pathlib import Path

from featlearn.views.data.run import StageSpan, read_run
from featlearn.views.figures.saving import save
from tests.views.examples import COLUMN, drawings_of, new_run


def test_names_are_shown_letter_by_letter(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    strange = r"<b>$\frac{x}$_\n"
    text = run.metrics_file.read_text().replace('"local_convergence"', json.dumps(strange))
    run.metrics_file.write_text(text)
    drawing = drawings_of(run)["curves"]
    save(drawing, tmp_path / "out", ["svg"], COLUMN)
    assert r"&lt;b&gt;$\frac{x}$_\n" in (tmp_path / "out" / "curves.svg").read_text()
    assert read_run(run).stages[-1] == StageSpan(strange, 2, 402)
