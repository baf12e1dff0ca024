"""What the heads of two configurations of the gallery say of them holds."""

import numpy as np
import pytest

from featlearn.claims.gallery import gallery
from featlearn.config.load import load_config
from featlearn.runs.batch import run_batch


def test_the_teacher_neurons_of_a_power_law_are_learned_in_their_order() -> None:
    (run,) = run_batch([load_config(gallery()["power_law"])], snapshots=True)
    shots, target = run.snapshots, run.snapshots["teacher_second_layer"]
    np.testing.assert_allclose(target, [1, 1 / 2, 1 / 3, 1 / 4])
    norms = np.linalg.norm(shots["first_layer"], axis=-1)
    near = np.abs(shots["first_layer"] @ shots["teacher_first_layer"].T) > np.cos(np.radians(20)) * norms[..., None]
    mass = np.sum((shots["second_layer"] * norms)[..., None] * near, axis=1)  # near each direction, at each snapshot
    learned = shots["step"][np.argmax(mass > target / 2, axis=0)]
    assert 0 < learned[0] < learned[-1] / 3
    assert (np.diff(learned) >= 0).all()
    np.testing.assert_allclose(mass[-1], target, rtol=0.05)


def test_curves_of_a_mean_field_start_hardly_depend_on_the_width() -> None:
    path = gallery()["mean_field"]
    config = load_config(path)
    assert config.student.width is not None
    assert config.stages["train"].step_size == config.student.width / 10
    assert config.stages["train"].weight_decay == pytest.approx(1e-3 / config.student.width)
    steps = "stages.train.steps=300"
    wider = ["student.width=800", "stages.train.step_size=80", "stages.train.weight_decay=1.25e-6", steps]
    one, other, plain = run_batch([load_config(path, o) for o in ([steps], wider, [*wider[:1], wider[3]])])
    loss = [np.array([row["loss"] for row in run.rows]) for run in (one, other, plain)]
    assert loss[0][-1] < loss[0][0] / 100
    assert np.abs(loss[1] - loss[0]).max() < 0.05 * loss[0][0]
    assert np.abs(loss[2] - loss[0]).max() > 0.2 * loss[0][0]  # with the step size of half the width
