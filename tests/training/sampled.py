"""Slow twins of training on samples: plain NumPy, neuron by neuron and sample by sample where that can be borne."""

import numpy as np

from featlearn.theory.activations import Activation
from featlearn.training.data import Sample
from tests.theory import exact


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
