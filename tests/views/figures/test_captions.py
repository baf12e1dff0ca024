"""Every figure has a caption that says what is in it and that LaTeX can read."""

import json
import re
from pathlib import Path

import pytest

from featlearn.claims.records import ClaimRecord
from featlearn.config.load import load_config
from featlearn.runs.train import train
from featlearn.views.data.run import read_run
from featlearn.views.data.sweep import read_sweep
from featlearn.views.data.theory import SHOWN, Theory
from featlearn.views.figures.captions import claim_caption, claim_heading
from featlearn.views.figures.overlay import overlay_figure
from featlearn.views.figures.run import run_figures
from featlearn.views.figures.saving import save
from featlearn.views.figures.sweep import sweep_figures
from tests.places import CONFIGS
from tests.views.examples import COLUMN, ONE_AXIS, SEEDS, SWEEP, new_run, swept
from tests.views.report.test_claims import CLAIM


def assert_latex(caption: str) -> None:
    """Dollars and braces in pairs, no signs that LaTeX takes for commands, none that it does not know."""
    bare = re.sub(r"\\[\\&%$#_{}]", "", caption)
    assert bare.count("$") % 2 == 0
    assert bare.count("{") == bare.count("}")
    text = "".join(bare.split("$")[::2])
    assert not re.search(r"[&%#_^~]", text)
    assert caption.isascii()
    assert caption.endswith(".")


@pytest.mark.slow
@pytest.mark.parametrize("overrides", [[], ["teacher.rank=3"]])
def test_figures_of_a_run_say_its_sizes(overrides: list[str], tmp_path: Path) -> None:
    data = read_run(new_run(tmp_path, "name=100 %_$", *overrides))
    for drawing in run_figures(data, COLUMN):
        assert_latex(drawing.caption)
        assert r"width $m = 20$" in drawing.caption
        assert r"$m^* = 3$ neurons in $d = 8$ dimensions" in drawing.caption
        assert r"Run 100 \%\_\$ (done at step 402)." in drawing.caption
        files = save(drawing, tmp_path / "out", ["pdf"], COLUMN)
        assert (tmp_path / "out" / f"{drawing.name}.txt").read_text() == f"{drawing.caption}\n"
        assert b"/Title" in files[0].read_bytes()
    assert_latex(overlay_figure([data, data], ["loss", "gap"], COLUMN).caption)


def test_a_caption_says_both_activations_where_the_teacher_has_its_own(tmp_path: Path) -> None:
    own = "teacher.activation={name: leaky_relu, negative_slope: 0.25}"
    changes = ["activation={name: erf, drop_hermite_below: 0}", own, "stages.local_convergence.steps=2"]
    changes += ["stages.second_layer.then=[]"]
    for drawing in run_figures(read_run(new_run(tmp_path, *changes)), COLUMN):
        assert_latex(drawing.caption)
        assert r"activation erf of the student and leaky\_relu(0.25) of the teacher; seed" in drawing.caption


def test_the_caption_of_own_data_names_the_lines_that_are_there_and_no_teacher(tmp_path: Path) -> None:
    run = train(load_config(CONFIGS / "own_data.yaml", ["stages.train.steps=20"]), tmp_path).run
    [drawing] = run_figures(read_run(run), COLUMN)
    assert_latex(drawing.caption)
    assert drawing.caption.startswith("Top: training loss (mean over the samples trained on) and test loss (")
    for absent in ("teacher of", "population", "objective"):
        assert absent not in drawing.caption
    assert "labels without a teacher, inputs of $d = 4$ dimensions" in drawing.caption
    assert r"data from own\_data.csv" in drawing.caption


def test_figures_of_a_run_on_samples_say_what_is_of_the_population(tmp_path: Path) -> None:
    data = read_run(new_run(tmp_path, "data={kind: empirical, samples: 300}"))
    drawings = {drawing.name: drawing for drawing in run_figures(data, COLUMN)}
    for drawing in drawings.values():
        assert_latex(drawing.caption)
    assert "population loss $L$, training loss (" in drawings["curves"].caption
    assert "one sample of $n$ = 300 inputs" in drawings["curves"].caption
    for name in ("curves", "certificate"):
        assert "of the population" in drawings[name].caption
        assert "of the population" in drawings[name].figure.get_suptitle()
    whole = next(run_figures(read_run(new_run(tmp_path / "whole")), COLUMN))
    assert "of the population" not in whole.figure.get_suptitle()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "x", "told"),
    [
        (SEEDS, None, r"$n$ = 5 runs, which differ by their seeds alone"),
        (SWEEP, None, r"$n$ = 3 runs of the loss $L$, by student width $m$ and step size $\eta$"),
        (ONE_AXIS, "weight_decay", r"$n$ = 0--3 runs of the loss $L$ against weight decay $\lambda$, a line for each"),
    ],
)
def test_figures_of_a_sweep_say_how_many_runs(text: str, x: str | None, told: str, tmp_path: Path) -> None:
    [drawing] = sweep_figures(read_sweep(swept(tmp_path, text)), ["loss"], x, None, COLUMN)
    assert_latex(drawing.caption)
    assert told in drawing.caption


def test_a_claim_says_whether_it_holds() -> None:
    record = ClaimRecord.parse(json.dumps(CLAIM))
    assert_latex(claim_caption(record))
    assert "Measured, this holds: share of W in S* $|$ d = 32: 0.988 (wanted $>$ 0.95, 50 cases)." in claim_caption(
        record
    )
    assert claim_heading(record) == "PASS · 50 cases"
    assert (
        claim_heading(record.changed(passed=False, checks=(record.checks[0].changed(passed=False),)))
        == "FAIL · 50 cases"
    )


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        (None, r"the population drift with the $\eta^2$ term of fresh batches."),
        ("its η² term is not known", r"its population drift alone (its $\eta$$^2$ term is not known)."),
    ],
)
def test_figures_with_a_theory_say_which_form_it_is(missing: str | None, told: str, tmp_path: Path) -> None:
    data = read_run(new_run(tmp_path))
    theory = Theory({name: data.metrics[name] for name in SHOWN}, missing)
    curves, alignment, *others = run_figures(data, COLUMN, theory)
    for drawing in (curves, alignment):
        assert_latex(drawing.caption)
        assert f"Wide light lines: the order-parameter flow, {told}" in drawing.caption
    assert not any("flow" in drawing.caption for drawing in others)
