"""Several runs side by side: what differs, what all have, shared scales, and what is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from featlearn.config.load import load_config
from featlearn.runs.train import train
from featlearn.storage.errors import WrongChoice
from featlearn.views.data.comparison import compare, shared_stages
from featlearn.views.data.run import RunData, read_run
from tests.places import CONFIGS
from tests.views.examples import new_run

DECAY = "stages.local_convergence.weight_decay"
SHORT = "stages.local_convergence.steps=200"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def decays(place: Path) -> RunData:
    return read_run(new_run(place))


@pytest.fixture(scope="module")
def free(place: Path) -> RunData:
    return read_run(new_run(place, f"{DECAY}=0", SHORT))


@pytest.fixture(scope="module")
def diverged(place: Path) -> RunData:
    return read_run(new_run(place, "stages.local_convergence.step_size=1e6"))


@pytest.fixture(scope="module")
def own(place: Path) -> RunData:
    return read_run(train(load_config(CONFIGS / "own_data.yaml", ["stages.train.steps=40"]), place).run)


def test_only_the_settings_that_differ_are_told(decays: RunData, free: RunData) -> None:
    found = compare([decays, free])
    assert found.settings == {
        "stages.local_convergence.steps": ["400", "200"],
        DECAY: ["0.01 × 0.5 every 100", "0"],
    }
    assert len(set(found.names)) == 2


def test_losses_and_angles_are_those_that_every_run_has(decays: RunData, free: RunData, own: RunData) -> None:
    both = compare([decays, free])
    assert (both.losses, both.gap) == (["loss"], ["gap"])  # the first stages of both have decay
    assert both.alignment == ["angle_median", "aligned_mass", "subspace"]
    without = replace(free, neurons=None, snapshots=None, missing="snapshots.npz is missing")
    assert compare([decays, without]).alignment[0] == "mean_angle"
    assert compare([own, replace(own, run=decays.run)]).losses == ["train_loss", "test_loss"]


def test_one_teacher_has_one_frame(decays: RunData, free: RunData, place: Path) -> None:
    assert compare([decays, free]).frames_differ is None
    assert decays.neurons is not None
    assert free.neurons is not None
    np.testing.assert_array_equal(decays.neurons.teacher_place, free.neurons.teacher_place)
    other = read_run(new_run(place, "seed=1", SHORT))
    assert compare([decays, other]).frames_differ == "The teachers differ"
    directed = read_run(new_run(place, "activation.drop_hermite_below=0", SHORT))
    assert "of others two" in (compare([decays, directed]).frames_differ or "")


def test_the_scale_of_masses_is_that_of_runs_that_did_not_diverge(decays: RunData, diverged: RunData) -> None:
    assert decays.neurons is not None
    both = compare([decays, diverged])
    assert both.heaviest == np.nanmax(decays.neurons.mass)
    assert both.cut
    alone = compare([diverged, replace(diverged, run=decays.run)])
    assert (alone.heaviest > both.heaviest, alone.cut) == (True, False)


def test_a_run_that_diverged_leaves_the_chart(decays: RunData, diverged: RunData) -> None:
    assert diverged.info.status == "diverged"
    low, high = compare([decays, diverged]).range_of("loss") or (0, 0)
    losses, wild = decays.metrics["loss"], diverged.metrics["loss"]
    assert low == min(losses.min(), wild.min())
    assert losses.max() <= high <= 100 * wild[0] < wild[-1]


def test_runs_without_a_positive_value_have_no_range(free: RunData) -> None:
    still = {**free.metrics, "weight_decay": np.zeros_like(free.metrics["weight_decay"])}
    unweighted = replace(free, metrics=still)
    assert (
        compare([unweighted, replace(unweighted, run=type(free.run)(free.run.path / "other"))]).range_of("weight_decay")
        is None
    )


def test_stages_are_shared_where_they_begin_alike(decays: RunData, free: RunData, own: RunData) -> None:
    assert shared_stages([decays, free]) == decays.stages  # the longer run's
    assert shared_stages([decays, own]) == []


def test_what_cannot_be_compared_is_refused(decays: RunData, own: RunData) -> None:
    with pytest.raises(WrongChoice, match=r"was given twice; side by side are"):
        compare([decays, decays])
    with pytest.raises(
        WrongChoice, match=r"no loss in common \(quickstart has loss; own_data has training loss and test"
    ):
        compare([decays, own])
