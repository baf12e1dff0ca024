"""The λ-path of a run: optima that are certified, marks where they change, and its living neurons at their λ."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.theory.activations import activation
from featlearn.theory.optimum import certified_optimum
from featlearn.views.data.certificate import decays_at_snapshots
from featlearn.views.data.path import PathView, path_table, read_path, why_no_path
from featlearn.views.data.run import read_run
from tests.views.examples import new_run, with_rows


def view_of(place: Path, *overrides: str) -> PathView:
    view = read_path(read_run(new_run(place, *overrides)))
    assert view is not None
    return view


def test_in_a_plane_it_holds_the_atoms_of_certified_optima_and_every_living_neuron(tmp_path: Path) -> None:
    data = read_run(new_run(tmp_path))
    view = read_path(data)
    assert view is not None
    assert view.plane
    assert view.located
    assert view.certified.all()
    assert data.snapshots is not None
    assert data.neurons is not None
    teacher = data.snapshots.teacher_second_layer, data.snapshots.teacher_first_layer
    for decay in np.unique(view.atoms.weight_decay)[::15].tolist():
        own = view.atoms.weight_decay == decay
        found = certified_optimum(activation("relu", 2), *teacher, decay)
        assert np.abs(view.atoms.mass[own]).sum() == pytest.approx(np.abs(found.masses).sum(), rel=1e-6)
    alive = data.neurons.mass > data.neurons.alive_above
    assert len(view.neurons.mass) == alive[decays_at_snapshots(data, data.snapshots) > 0].sum()
    assert set(view.steps[view.latest].tolist()) <= set(data.neurons.steps.tolist())
    for decay in np.unique(view.neurons.weight_decay).tolist():
        at = view.neurons.weight_decay == decay
        assert set(view.steps[at & view.latest]) == {view.steps[at].max()}
    assert all(mark.below < mark.above <= 1.001 * mark.below for mark in view.marks)
    assert len(view.teachers) == 3


def test_in_space_it_holds_what_the_run_recorded(tmp_path: Path) -> None:
    data = read_run(new_run(tmp_path, "teacher.rank=3"))
    view = read_path(data)
    assert view is not None
    assert not view.plane
    assert not view.located
    recorded = [record for record in data.info.optima if record.atoms]
    assert set(view.atoms.weight_decay.tolist()) == {record.weight_decay for record in recorded}
    for record in recorded:
        own = view.atoms.weight_decay == record.weight_decay
        assert view.atoms.mass[own].sum() == pytest.approx(sum(atom.mass for atom in record.atoms))
    assert {mark.kind for mark in view.marks} == {"born"}


def test_a_run_without_optimum_says_why(tmp_path: Path) -> None:
    data = read_run(new_run(tmp_path, "log.gap=false"))
    assert read_path(data) is None
    assert why_no_path(data) == "no optimum is known where log.gap is false"


def test_in_a_plane_a_running_run_has_it_and_in_space_it_comes_at_the_end(tmp_path: Path) -> None:
    for rank, why in ((2, None), (3, "the optima are recorded when the run ends")):
        run = with_rows(new_run(tmp_path / str(rank), f"teacher.rank={rank}"), 6, status="running", optima=())
        data = read_run(run)
        assert why_no_path(data) == why
        assert (read_path(data) is None) == (why is not None)


def test_the_table_has_a_row_for_everything(tmp_path: Path) -> None:
    view = view_of(tmp_path)
    kinds = path_table(view)["kind"].tolist()
    assert kinds.count("atom") == len(view.atoms.mass)
    assert kinds.count("neuron") == len(view.neurons.mass)
    assert kinds.count("born") == sum(mark.kind == "born" for mark in view.marks)
    assert kinds.count("teacher") == 3
