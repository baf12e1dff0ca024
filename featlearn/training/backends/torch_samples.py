"""The loss on a sample and its gradient, in PyTorch: two matrix products for each chunk of the sample."""

from __future__ import annotations

import torch
from torch import Tensor

from featlearn.theory import biases
from featlearn.theory.activations import DROP_SETTINGS, Activation
from featlearn.theory.population import Gradient

# How many preactivations, inputs times neurons, are computed at a time: what the caches and the memory hold.
_CHUNK_ENTRIES = {"cpu": 2**17, "cuda": 2**25}


def loss_and_gradient(
    activation: Activation,
    second_layer: Tensor,
    first_layer: Tensor,
    inputs: Tensor,
    labels: Tensor,
    chunk: int | None = None,
    correlation: bool = False,
) -> tuple[Tensor, Gradient]:
    """The loss mean_i (f(x_i) − y_i)² of one student on a sample, no factor ½, and its gradient (no weight decay).

    With r = f − y and means over the sample,
    ∂/∂a_j = 2 [mean r φ(z_j) − μ0 mean r − μ1 mean r z_j],  z_j = w_j·x;
    ∂/∂w_j = 2 a_j [mean r φ′(z_j) x − μ1 mean r x − 2 (μ0′ mean r + μ1′ mean r z_j) w_j],
    where μ0 … μ1′ are functions of ‖w_j‖² (the student moves its own low degrees), and 0 where none are dropped.

    Args:
        activation: registry entry.
        second_layer, first_layer: (m,) and (m, d).
        inputs, labels: (n, d) and (n,), of the same type and device.
        chunk: inputs taken at a time; by default as many as keep the work in the cache.
        correlation: whether the gradient is that of −2 mean_i f(x_i) y_i: the same with r = −y.
    Returns:
        The loss, a scalar, and the gradient, (m,) and (m, d).
    Accuracy: rounding of the sums (tests/training/test_torch_samples.py, fifty-digit numbers).
    Source: docs/sampled_data.md.
    """
    a, w, n = second_layer, first_layer, len(inputs)
    q = torch.sum(w * w, -1)
    biased = activation.biased is not None and activation.drop_hermite_below > 0
    if biased or activation.drop_hermite_below not in DROP_SETTINGS:
        return _without_any_degrees(activation, a, w, inputs, labels, chunk, correlation)
    mu0, mu1, mu0_prime, mu1_prime = _moments(activation, q)
    constant, linear = a @ mu0, (a * mu1) @ w
    chunk = chunk or max(1, _CHUNK_ENTRIES[inputs.device.type] // len(a))
    squares, r_1, r_x, r_phi = q.new_zeros(()), q.new_zeros(()), torch.zeros_like(w[0]), torch.zeros_like(a)
    r_phi_prime_x = torch.zeros_like(w)
    for x, y in zip(inputs.split(chunk), labels.split(chunk), strict=True):
        z = x @ w.T
        value = activation.phi(z, torch)
        r = value @ a - x @ linear - constant - y
        squares += r @ r
        r = -y if correlation else r
        r_1 += r.sum()
        r_x += r @ x
        r_phi += r @ value
        r_phi_prime_x += activation.phi_prime(z, torch).mul_(r[:, None]).T @ x
    r_z = w @ r_x
    to_a = r_phi - mu0 * r_1 - mu1 * r_z
    to_w = r_phi_prime_x - mu1[:, None] * r_x - 2 * (mu0_prime * r_1 + mu1_prime * r_z)[:, None] * w
    return squares / n, Gradient(to_a * (2 / n), to_w * a[:, None] * (2 / n))


def _without_any_degrees(
    activation: Activation,
    a: Tensor,
    w: Tensor,
    inputs: Tensor,
    labels: Tensor,
    chunk: int | None,
    correlation: bool,
) -> tuple[Tensor, Gradient]:
    """The same for other degrees than those below 0 or 2: each neuron is φ̃(z; q), and
    ∂/∂w_j = 2 a_j [mean r ∂φ̃/∂z x + 2 mean r ∂φ̃/∂q w_j]; with biases φ̃(z; q, b), and ∂φ̃/∂b in their column."""
    n, q = len(inputs), biases.squares(activation, w, torch)
    chunk = chunk or max(1, _CHUNK_ENTRIES[inputs.device.type] // len(a))
    squares, to_a, along, along_bias = q.new_zeros(()), torch.zeros_like(a), torch.zeros_like(a), torch.zeros_like(a)
    to_w = torch.zeros_like(w)
    for x, y in zip(inputs.split(chunk), labels.split(chunk), strict=True):
        its = _parts(activation, x @ w.T, q, w)
        r = its.value @ a - y
        squares += r @ r
        r = -y if correlation else r
        to_a += r @ its.value
        to_w += (its.by_z * r[:, None]).T @ x
        along += r @ its.by_q
        if activation.biased is not None:
            along_bias += r @ its.by_b
    if activation.biased is None:
        to_w += 2 * along[:, None] * w
    else:
        to_w += torch.concat([2 * along[:, None] * w[:, :-1], along_bias[:, None]], -1)
    return squares / n, Gradient(to_a * (2 / n), to_w * a[:, None] * (2 / n))


def _parts(activation: Activation, z: Tensor, q: Tensor, w: Tensor) -> biases.Parts:
    """Each neuron at each input, and its derivatives."""
    if activation.biased is not None:
        return biases.parts(activation, z, q, w[:, -1], torch)
    slopes = activation.pointwise_prime(z, q, torch), activation.pointwise_by_square(z, q)
    return biases.Parts(activation.pointwise(z, q, torch), *slopes, by_b=None)


def _moments(activation: Activation, q: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """μ0, μ1, μ0′, μ1′ of the part that is dropped."""
    if activation.drop_hermite_below == 0:
        nothing = torch.zeros_like(q)
        return nothing, nothing, nothing, nothing
    return activation.mean(q), activation.slope(q), activation.mean_prime(q), activation.slope_prime(q)
