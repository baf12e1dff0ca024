"""What a finite sample costs: the distance to the population's solution falls as n^(−1/2); without noise it aligns."""

from dataclasses import replace

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.theory.activations import activation
from featlearn.theory.alignment import alignment_metrics
from featlearn.training.backends import make_backend
from featlearn.training.data import Data, Empirical, Online, drawn_sample
from featlearn.training.methods import lbfgs
from featlearn.training.networks import generator, near_teacher_student, random_teacher
from featlearn.training.problem import Problem
from featlearn.training.stages import Layer, Schedule, Stage
from featlearn.training.state import State

ACT = activation("relu", 2)
DIM, WIDTH = 4, 4
TEACHER = random_teacher(
    generator(0, "teacher"), input_dim=DIM, width=2, rank=2, min_angle=40.0, magnitude=(0.7, 1.3), sign="random"
)
STUDENT = near_teacher_student(generator(0, "student"), TEACHER, width=WIDTH, angle=10.0, homogeneous=True)
START = State(STUDENT.second_layer[None], STUDENT.first_layer[None])
POPULATION = Problem(ACT, TEACHER.second_layer[None], TEACHER.first_layer[None], STUDENT.first_layer[None])
BACKEND = make_backend("torch", "cpu", "float64")
BOTH: tuple[Layer, ...] = ("first_layer", "second_layer")
QUASI_NEWTON = Stage(name="late", train=BOTH, method="lbfgs", steps=60, weight_decay=Schedule(0.01))


def _trained(data: Data | None) -> State:
    problem = POPULATION if data is None else replace(POPULATION, data=(data,))
    return lbfgs.METHOD.advance(BACKEND, problem, [QUASI_NEWTON], START, 0, QUASI_NEWTON.steps)


def _sample(seed: int, samples: int, noise_std: float) -> Empirical:
    return Empirical(lambda: drawn_sample(ACT, TEACHER, seed=seed, samples=samples, noise_std=noise_std))


@pytest.mark.slow
def test_the_distance_to_the_population_falls_as_the_root_of_the_sample() -> None:
    """‖f_n − f_∞‖ of the trained networks, n = 1e3 … 1e6: the exponent is −1/2 within 0.1."""
    sizes, seeds = [1_000, 10_000, 100_000, 1_000_000], range(6)
    limit = _trained(None)
    distances = []
    for size in sizes:
        found = [_trained(_sample(seed, size, 0.1)) for seed in seeds]
        weights = [(s.second_layer, s.first_layer, limit.second_layer, limit.first_layer) for s in found]
        distances.append(np.mean([np.sqrt(population.loss(ACT, *four)[0]) for four in weights]))
    exponent = np.polyfit(np.log(sizes), np.log(distances), 1)[0]
    assert exponent == pytest.approx(-0.5, abs=0.1)


@pytest.mark.slow
def test_without_noise_and_with_many_inputs_neurons_align() -> None:
    small = replace(QUASI_NEWTON, weight_decay=Schedule(1e-3), steps=150)
    for seed in range(3):
        problem = replace(POPULATION, data=(_sample(seed, 100_000, 0.0),))
        state = lbfgs.METHOD.advance(BACKEND, problem, [small], START, 0, small.steps)
        teacher = TEACHER.second_layer[None], TEACHER.first_layer[None]
        found = alignment_metrics("even", state.second_layer, state.first_layer, *teacher, START.first_layer)
        assert found["max_angle"][0] < 2
        assert found["recovered"][0] == 2


@pytest.mark.slow
def test_the_mean_trajectory_of_online_training_is_the_population_one() -> None:
    """Both layers, 100 seeds, at five times: the mean weights are the population's within their standard errors."""
    stage = Stage(name="late", train=BOTH, steps=200, step_size=Schedule(0.01), weight_decay=Schedule(0.01))
    exact, online = START, [START] * 100
    for done in range(0, 200, 40):
        exact = BACKEND.advance(POPULATION, [stage], exact, done, 40)
        for seed in range(100):
            problem = replace(POPULATION, data=(Online(ACT, TEACHER, seed, 128, 0.1),))
            online[seed] = BACKEND.advance(problem, [stage], online[seed], done, 40)
        found = np.array([np.append(s.first_layer.ravel(), s.second_layer.ravel()) for s in online])
        error = found.std(0, ddof=1) / 10
        deviation = (found.mean(0) - np.append(exact.first_layer.ravel(), exact.second_layer.ravel())) / error
        assert np.abs(deviation).max() < 3
        assert np.sqrt(np.mean(deviation**2)) < 1.5
