"""The curves of a run are its log."""

from pathlib import Path

import numpy as np

from featlearn.runs.metrics import load_metrics
from featlearn.views.data.run import read_run
from featlearn.views.data.theory import read_theory
from featlearn.views.figures.curves import curves_figure
from tests.views.examples import COLUMN, drawings_of, new_run, optima_of, points_of, with_info


def test_curves_are_the_metrics(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    logged, artists = load_metrics(run.path), drawings_of(run)["curves"].artists
    assert {"loss", "objective", "gap", "weight_decay"} <= set(artists)
    for name in ("loss", "objective", "gap", "weight_decay"):
        x, y = points_of(artists[name])
        np.testing.assert_array_equal(x, logged["step"])
        np.testing.assert_array_equal(y, logged[name])


def test_the_gap_has_a_panel_of_its_own_where_there_is_one(tmp_path: Path) -> None:
    assert len(drawings_of(new_run(tmp_path))["curves"].figure.axes) == 3
    without = drawings_of(new_run(tmp_path, "log={points: 40, snapshots: 12, gap: false}"))["curves"]
    assert len(without.figure.axes) == 2
    assert "gap" not in without.artists


def test_the_training_loss_of_a_sample_is_drawn_and_tabled(tmp_path: Path) -> None:
    run = new_run(tmp_path, "data={kind: empirical, samples: 50}")
    drawing, logged = drawings_of(run)["curves"], load_metrics(run.path)
    np.testing.assert_array_equal(points_of(drawing.artists["train_loss"])[1], logged["train_loss"])
    np.testing.assert_array_equal(drawing.table["train_loss"], logged["train_loss"])


def test_the_step_is_marked_at_which_the_optimum_gains_an_atom(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    optima = optima_of(run)
    teachers = {0.01: [0], 0.005: [0, 1], 0.0025: [0, 1], 0.00125: [0, 1]}
    atom = optima[-1]["atoms"][0]
    for record in optima[1:]:  # that of the first step has no atoms
        record["atoms"] = [atom | {"teacher": k} for k in teachers[record["weight_decay"]]]
    drawing = drawings_of(with_info(run, optima=optima))["curves"]
    assert [name for name in drawing.artists if name.startswith("event")] == ["event_a"]
    for ax in drawing.figure.axes[:2]:  # the last step with λ = 0.01
        assert [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == ":"] == [102]  # type: ignore[index]
    assert drawing.figure.get_suptitle().endswith("\na optimum gains $w^*_{2}$")
    assert "Dotted: a, optimum gains $w^*_{2}$ (step 102). " in drawing.caption


def test_a_theory_is_drawn_behind_the_losses_and_tabled(tmp_path: Path) -> None:
    online = ["data={kind: online, batch_size: 50}", "stages.second_layer.method=gd", "stages.second_layer.steps=20"]
    data = read_run(new_run(tmp_path, *online, "stages.second_layer.step_size=0.01"))
    theory = read_theory(data)
    drawing = curves_figure(data, COLUMN, theory)
    for name in ("loss", "objective"):
        behind, before = drawing.artists[f"theory_{name}"], drawing.artists[name]
        np.testing.assert_array_equal(points_of(behind)[1], theory.table[name])
        np.testing.assert_array_equal(drawing.table[f"theory_{name}"], theory.table[name])
        assert behind.get_zorder() < before.get_zorder()
    legend = drawing.figure.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()].count("theory") == 1
    assert not any("theory" in name for name in curves_figure(data, COLUMN).table)
