"""Training on samples for tests: a run on data of a kind, and slow twins in plain NumPy, neuron by neuron."""

import numpy as np

from featlearn.theory.activations import Activation, activation
from featlearn.training.data import Data, Empirical, Online, Sample, drawn_sample
from featlearn.training.networks import Network
from featlearn.training.problem import Problem
from featlearn.training.state import State
from tests.theory import exact

D, M = 4, 6


def means(name: str, q: float) -> tuple[float, ...]:
    """μ0, μ1 and their derivatives in q = ‖w‖², of a row that is not zero."""
    return tuple(float(x) for x in exact.means(name, exact.number(q)))


def gradient(
    act: Activation, a: np.ndarray, w: np.ndarray, sample: Sample
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Loss and gradient on a sample of one student, (m,) and (m, d), neuron by neuron."""
    x, dropped = sample.inputs, act.drop_hermite_below == 2
    moments = [means(act.name, float(row @ row)) if dropped else (0.0, 0.0, 0.0, 0.0) for row in w]
    features = [act.phi(x @ row) - m[0] - m[1] * (x @ row) for row, m in zip(w, moments, strict=True)]
    residual = sum(a_j * feature for a_j, feature in zip(a, features, strict=True)) - sample.labels
    to_a, to_w = np.zeros_like(a), np.zeros_like(w)
    for j, (row, (_, mu1, mu0_prime, mu1_prime)) in enumerate(zip(w, moments, strict=True)):
        z = x @ row
        change = (act.phi_prime(z) - mu1)[:, None] * x - 2 * (mu0_prime + mu1_prime * z)[:, None] * row
        to_a[j] = 2 * np.mean(residual * features[j])
        to_w[j] = 2 * a[j] * np.mean(residual[:, None] * change, axis=0)
    return np.mean(residual**2), to_a, to_w


def problem_on(kind: str, name: str = "relu", drop: int = 2, seed: int = 0) -> tuple[Problem, State]:
    """One run on data of a kind, at a generic point of (teacher, student) that the seed of the data does not move."""
    rng, act = np.random.default_rng(7), activation(name, drop)
    rows = rng.standard_normal((3, D))
    teacher = Network(np.array([1.0, -0.8, 0.6]), rows / np.linalg.norm(rows, axis=-1, keepdims=True))
    a, w = 0.4 * rng.standard_normal((1, M)), rng.standard_normal((1, M, D))
    data: Data = Online(act, teacher, seed, 32, 0.1)
    if kind == "empirical":
        data = Empirical(lambda: drawn_sample(act, teacher, seed=seed, samples=300, noise_std=0.1))
    sampled_data = None if kind == "population" else (data,)
    return Problem(act, teacher.second_layer[None], teacher.first_layer[None], w, sampled_data), State(a, w)
