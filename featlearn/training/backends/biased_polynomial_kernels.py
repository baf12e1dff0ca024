"""Pairs of neurons with biases whose φ is a polynomial, eight at a time: sums that end.

With μ_k = E φ^{(k)}(w·x + b) and f_k = φ^{(k)}(0),

    K = Σ_{k ≥ ℓ} μ_k(u) μ_k(v) s^k/k!,    μ_k = Σ_n f_{k+n} g_n,    g_n = E (w·x + b)^n/n! = (b g_{n−1} + q g_{n−2})/n.

A derivative by b has μ_{k+1} in the place of μ_k, twice that by q has μ_{k+2}, and that by s has μ_{k+1} of both. See
``theory.activations.biased_sums``.

The table ``Kernel.tail`` has f_k and then 1/k!, for k up to the degree of φ, which is ``half``; ℓ is ``first``. Of each
block the rows of ``Kernel.expansions`` have μ_k, with two that are 0 behind, g_n, and one more
(``biased_moment_kernels``).
"""

from __future__ import annotations

from featlearn.training.backends.layout import (
    BIASES,
    EXPANSION_HEAD,
    INVERSE,
    LANES,
    NEURON_ROWS,
    PUSH,
    SCALE,
    WEIGHT,
)
from featlearn.training.backends.vectors import (
    absolute,
    compiled,
    entry,
    fma,
    inlined,
    load,
    number,
    spread,
    sqrt,
    store,
)


@inlined
def _block(kernel, j):
    """The first row of block j."""
    return EXPANSION_HEAD + j * kernel.stride


@compiled
def _moments(kernel, first, q, b):
    """Fill the rows of g_n."""
    degree = int(kernel.half)
    rows, before = first + degree + 3, spread(0.0)
    last = spread(1.0)
    store(kernel.expansions, rows, last)
    for n in range(1, degree + 1):
        before, last = last, fma(b, last, q * before) / (1.0 * n)
        store(kernel.expansions, rows + n, last)


@compiled
def _size(kernel, first, q, b):
    """The root of E φ̄(w·x + |b|)², where φ̄ has the absolute values of coefficients."""
    degree, total, power = int(kernel.half), spread(0.0), spread(1.0)
    _moments(kernel, first, q, absolute(b))
    for k in range(degree + 1):
        moment = spread(0.0)
        for n in range(degree + 1 - k):
            f = number(kernel.tail, k + n)
            moment = fma(max(f, -f), load(kernel.expansions, first + degree + 3 + n), moment)
        total = fma(number(kernel.tail, degree + 1 + k) * power, moment * moment, total)
        power = power * q
    return sqrt(total)


@compiled
def polynomial_prepare(run, j, c):
    """As what ``biased_kernels.biased_prepare`` makes."""
    q, kernel = spread(0.0), run.kernel
    for row in range(j * run.d, (j + 1) * run.d - 1):
        x = load(run.v, row)
        q = fma(x, x, q)
    b = load(run.v, (j + 1) * run.d - 1)
    first, degree, neurons = _block(kernel, j), int(kernel.half), j * NEURON_ROWS
    store(run.neurons, neurons + SCALE, _size(kernel, first, q, b))
    store(run.neurons, neurons + INVERSE, 1.0)
    store(run.neurons, neurons + WEIGHT, c)
    store(run.neurons, neurons + PUSH, c)
    _moments(kernel, first, q, b)
    for k in range(degree + 1):
        moment = spread(0.0)
        for n in range(degree + 1 - k):
            moment = fma(number(kernel.tail, k + n), load(kernel.expansions, first + degree + 3 + n), moment)
        store(kernel.expansions, first + k, moment)
    store(kernel.expansions, first + degree + 1, 0.0)
    store(kernel.expansions, first + degree + 2, 0.0)


@compiled
def polynomial_complete(factor, scale, inverse):
    return 1.0, 0.5, 1.0


@compiled
def polynomial_pairs(kernel, neurons, i, j, kept, desk, totals):
    """As what ``biased_kernels.biased_pairs`` makes."""
    rows, degree, drop = kernel.expansions, int(kernel.half), kernel.first
    weight, row_u, row_v = load(neurons, j * NEURON_ROWS + WEIGHT), _block(kernel, i), _block(kernel, j)
    by_a, by_q, by_b = load(totals, 2 * j), load(totals, 2 * j + 1), spread(0.0)
    for u in range(LANES):
        s, own_weight = load(desk, u), entry(neurons, i * NEURON_ROWS + WEIGHT, u)
        value, through, own, other = spread(0.0), spread(0.0), spread(0.0), spread(0.0)
        bias, bias_other = spread(0.0), spread(0.0)
        for k in range(degree, drop - 1, -1):
            share = number(kernel.tail, degree + 1 + k)
            u_0, u_1, u_2 = (
                share * entry(rows, row_u + k, u),
                share * entry(rows, row_u + k + 1, u),
                share * entry(rows, row_u + k + 2, u),
            )
            v_0, v_1 = load(rows, row_v + k), load(rows, row_v + k + 1)
            value, through = fma(value, s, u_0 * v_0), fma(through, s, u_1 * v_1)
            own, other = fma(own, s, u_2 * v_0), fma(other, s, u_0 * load(rows, row_v + k + 2))
            bias, bias_other = fma(bias, s, u_1 * v_0), fma(bias_other, s, u_0 * v_1)
        power = spread(1.0)
        if drop > 0:
            u_1 = number(kernel.tail, degree + drop) * entry(rows, row_u + drop, u)
            through = fma(through, s, u_1 * load(rows, row_v + drop))
            for _ in range(drop - 1):
                power = power * s
            through, power = through * power, power * s
        store(desk, u, through)
        by_a, by_q = fma(own_weight, power * value, by_a), fma(own_weight, power * other, by_q)
        by_b, weighed = fma(own_weight, power * bias_other, by_b), weight * power
        store(desk, kept + u, fma(weighed, value, load(desk, kept + u)))
        store(desk, kept + LANES + u, fma(weighed, own, load(desk, kept + LANES + u)))
        store(desk, kept + 2 * LANES + u, fma(weighed, bias, load(desk, kept + 2 * LANES + u)))
    store(totals, 2 * j, by_a)
    store(totals, 2 * j + 1, by_q)
    store(desk, BIASES, by_b)
