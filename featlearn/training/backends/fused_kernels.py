"""Compiled gradient descent on population data: many steps of many runs in one call.

Weights are stored by coordinate, (d, n): column j is row v_j of the joined list of student and teacher. A step goes
through the student two neurons at a time: their products with all columns, the pass over the pairs, and the sum of
the columns that is their gradient, all in the cache. What makes it fast: every inner loop runs over columns, so that
the compiler turns it into vector instructions; four coordinates of two neurons share each load; columns are padded to
whole vectors by zeros, which contribute nothing; arcsine is a rational approximation without branches. Sums may be
reordered (``reassoc``) and products fused (``contract``), in one way fixed at compile time; NaN and infinity keep
their meaning.

The order of operations of a run depends on its shape alone: bits depend neither on the other runs nor on threads.
"""

import math

import numba
import numpy as np

FAST = {"reassoc", "contract", "nsz", "arcp"}  # neither nnan nor ninf: a diverging run must show it
HOMOGENEOUS, ERF, QUADRATIC = 0, 1, 2  # families of kernels
GD, MOMENTUM, ADAM = 0, 1, 2
ADAM_EPSILON = 1e-8
COLUMNS, COORDINATES = 8, 4  # n and d are padded to multiples of these
BLOCK = 32  # neurons that one thread takes at a time from a wide run


@numba.njit(inline="always")
def _asin(t):
    """asin t for |t| ≤ 1 without branches, within 2 ulp.

    With x = t² for |t| ≤ ½ and x = (1 − |t|)/2 above, asin is s + s·P(x)/Q(x), s = √x, folded back above ½ by
    asin|t| = π/2 − 2 asin √x. P/Q is the minimax approximation of the fdlibm.
    """
    size = abs(t)
    large = size > 0.5
    x = 0.5 * (1.0 - size) if large else t * t
    p = x * (
        1.66666666666666657415e-01
        + x
        * (
            -3.25565818622400915405e-01
            + x
            * (
                2.01212532134862925881e-01
                + x * (-4.00555345006794114027e-02 + x * (7.91534994289814532176e-04 + x * 3.47933107596021167570e-05))
            )
        )
    )
    q = 1.0 + x * (
        -2.40339491173441421878e00
        + x * (2.02094576023350569471e00 + x * (-6.88283971605453293030e-01 + x * 7.70381505559019352791e-02))
    )
    s = math.sqrt(x) if large else size
    y = s + s * (p / q)
    y = 1.5707963267948966 - 2.0 * y if large else y
    return math.copysign(y, t)


@numba.njit(inline="always")
def _pairs(family, factor, half, excess, s, c, mass, inverse, scale_u, inverse_u):
    """One row of pairs: in ``s`` the products u·v_j are replaced by c_j ∂K/∂s; Σ c_j K and Σ c_j ∂K/∂q_u are returned.

    Homogeneous kernels are K = factor·|u||v|(√(1−t²) + t(asin t + half) − excess), scale = |v|. For erf
    scale = √(1 + q) and excess is 1 when low degrees are dropped; for the quadratic scale = q and excess likewise.
    """
    k, k_q = 0.0, 0.0
    if family == HOMOGENEOUS:
        for j in range(s.shape[0]):
            t = s[j] * inverse[j] * inverse_u
            t = min(max(t, -1.0), 1.0)
            root = math.sqrt((1.0 - t) * (1.0 + t))
            angle = _asin(t) + half
            k += mass[j] * (root + t * angle - excess)
            k_q += mass[j] * (root - excess)
            s[j] = factor * c[j] * angle
        return factor * scale_u * k, 0.5 * factor * inverse_u * k_q
    if family == ERF:
        for j in range(s.shape[0]):
            t = s[j] * inverse[j] * inverse_u
            rise = 1.0 / math.sqrt((1.0 - t) * (1.0 + t)) - excess
            k += c[j] * (_asin(t) - excess * t)
            k_q += c[j] * t * rise
            s[j] = factor * c[j] * inverse[j] * inverse_u * rise
        return factor * k, -0.5 * factor * inverse_u * inverse_u * k_q
    for j in range(s.shape[0]):
        product = s[j]
        k += (1.0 - excess) * mass[j] * scale_u + 2.0 * c[j] * product * product
        k_q += (1.0 - excess) * mass[j]
        s[j] = 4.0 * c[j] * product
    return k, k_q


@numba.njit(inline="always")
def _scales(family, v, c, scale, inverse, mass):
    """What the pair kernels need of the columns' norms, and mass = c·scale."""
    row = v[0]
    for j in range(scale.shape[0]):
        scale[j] = row[j] * row[j]
    for x in range(1, v.shape[0]):
        row = v[x]
        for j in range(scale.shape[0]):
            scale[j] += row[j] * row[j]
    if family != QUADRATIC:
        shift = 1.0 if family == ERF else 0.0
        for j in range(scale.shape[0]):
            scale[j] = math.sqrt(shift + scale[j])
            inverse[j] = 1.0 / scale[j] if scale[j] != 0.0 else 0.0
    for j in range(scale.shape[0]):
        mass[j] = c[j] * scale[j]


def _slopes_of(family):
    """The gradient of one family of kernels: a constant family leaves the compiler one loop over pairs to vectorise."""

    @numba.njit(fastmath=FAST, error_model="numpy", cache=True)
    def slopes(kernel, v, c, scale, inverse, mass, first, last, slope_a, slope_w, s):
        """The gradients of neurons ``first`` … ``last``, two at a time.

        When their number is odd, the last one's companion is a teacher's column, and its gradient is not used.

        Args:
            v, slope_w: (d, n) columns and the gradient of the loss by them; c, scale, inverse, mass, slope_a: (n).
            s: (2, n) scratch.
        """
        _, factor, half, excess = kernel
        d, n = v.shape
        p, r = s[0], s[1]
        for i in range(first, last, 2):
            h = i + 1
            v0, v1, v2, v3 = v[0], v[1], v[2], v[3]
            p0, p1, p2, p3 = v0[i], v1[i], v2[i], v3[i]
            r0, r1, r2, r3 = v0[h], v1[h], v2[h], v3[h]
            for j in range(n):
                p[j] = p0 * v0[j] + p1 * v1[j] + p2 * v2[j] + p3 * v3[j]
                r[j] = r0 * v0[j] + r1 * v1[j] + r2 * v2[j] + r3 * v3[j]
            for x in range(4, d, 4):
                v0, v1, v2, v3 = v[x], v[x + 1], v[x + 2], v[x + 3]
                p0, p1, p2, p3 = v0[i], v1[i], v2[i], v3[i]
                r0, r1, r2, r3 = v0[h], v1[h], v2[h], v3[h]
                for j in range(n):
                    p[j] += p0 * v0[j] + p1 * v1[j] + p2 * v2[j] + p3 * v3[j]
                    r[j] += r0 * v0[j] + r1 * v1[j] + r2 * v2[j] + r3 * v3[j]
            own_p, own_r = 0.0, 0.0
            for u in range(2):
                row = p if u == 0 else r
                k, own = _pairs(family, factor, half, excess, row, c, mass, inverse, scale[i + u], inverse[i + u])
                slope_a[i + u] = 2.0 * k
                own_p, own_r = own_r, 2.0 * own
            a_p, a_r = 2.0 * c[i], 2.0 * c[h]
            for x in range(0, d, 4):
                v0, v1, v2, v3 = v[x], v[x + 1], v[x + 2], v[x + 3]
                g0, g1, g2, g3 = slope_w[x], slope_w[x + 1], slope_w[x + 2], slope_w[x + 3]
                p0, p1, p2, p3 = own_p * v0[i], own_p * v1[i], own_p * v2[i], own_p * v3[i]
                r0, r1, r2, r3 = own_r * v0[h], own_r * v1[h], own_r * v2[h], own_r * v3[h]
                for j in range(n):
                    p0 += p[j] * v0[j]
                    p1 += p[j] * v1[j]
                    p2 += p[j] * v2[j]
                    p3 += p[j] * v3[j]
                    r0 += r[j] * v0[j]
                    r1 += r[j] * v1[j]
                    r2 += r[j] * v2[j]
                    r3 += r[j] * v3[j]
                g0[i], g1[i], g2[i], g3[i] = a_p * p0, a_p * p1, a_p * p2, a_p * p3
                g0[h], g1[h], g2[h], g3[h] = a_r * r0, a_r * r1, a_r * r2, a_r * r3

    return slopes


_slopes_homogeneous, _slopes_erf, _slopes_quadratic = map(_slopes_of, (HOMOGENEOUS, ERF, QUADRATIC))


@numba.njit(inline="always")
def _slopes(kernel, v, c, scale, inverse, mass, first, last, slope_a, slope_w, s):
    if kernel[0] == HOMOGENEOUS:
        _slopes_homogeneous(kernel, v, c, scale, inverse, mass, first, last, slope_a, slope_w, s)
    elif kernel[0] == ERF:
        _slopes_erf(kernel, v, c, scale, inverse, mass, first, last, slope_a, slope_w, s)
    else:
        _slopes_quadratic(kernel, v, c, scale, inverse, mass, first, last, slope_a, slope_w, s)


@numba.njit(inline="always")
def _move(method, weights, slope, student, decay, size, beta1, beta2, step, mean, square):
    """One step of the optimiser; ``step`` counts from 1; the slope is the loss's alone.

    ``student`` is 1 where weights move and 0 at the teacher's, so that the loops run over whole vectors.
    """
    n = weights.shape[0]
    if method == GD:
        for i in range(n):
            weights[i] -= size * student[i] * (slope[i] + decay * weights[i])
    elif method == MOMENTUM:
        for i in range(n):
            mean[i] = beta1 * mean[i] + (slope[i] + decay * weights[i])
            weights[i] -= size * student[i] * mean[i]
    else:
        unbias1, unbias2 = 1.0 - beta1**step, 1.0 - beta2**step
        for i in range(n):
            downhill = slope[i] + decay * weights[i]
            mean[i] = beta1 * mean[i] + (1.0 - beta1) * downhill
            square[i] = beta2 * square[i] + (1.0 - beta2) * downhill * downhill
            weights[i] -= size * student[i] * (mean[i] / unbias1) / (math.sqrt(square[i] / unbias2) + ADAM_EPSILON)


@numba.njit(inline="always")
def _move_run(optimiser, v, c, slope_a, slope_w, student, decay, size, step, mean_a, square_a, mean_w, square_w):
    """One step of the optimiser on the trained layers of a run."""
    method, beta1, beta2, train_a, train_w = optimiser
    if train_a:
        _move(method, c, slope_a, student, decay, size, beta1, beta2, step, mean_a, square_a)
    if train_w:
        for x in range(v.shape[0]):
            _move(method, v[x], slope_w[x], student, decay, size, beta1, beta2, step, mean_w[x], square_w[x])


@numba.njit(fastmath=FAST, error_model="numpy", cache=True, nogil=True)
def advance_runs(kernel, optimiser, m, v, c, decay, size, mean_a, square_a, mean_w, square_w, done):
    """Take the steps of ``decay`` and ``size``, (runs, steps), on runs of m neurons, in place.

    Args:
        kernel: (family, factor, half, excess) of the activation, see ``_pairs``.
        optimiser: (method, beta1, beta2, train the second layer, train the first layer).
        v, c: (runs, d, n) and (runs, n): student and then teacher, the teacher's c negated, padded with zeros.
        mean_a, square_a, mean_w, square_w: the optimiser's memory in the same layout, or (runs, 0) and (runs, d, 0).
        done: steps already done, for adam.
    """
    runs, d, n = v.shape
    scale, inverse, mass, slope_a, student = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    slope_w, s = np.zeros((d, n)), np.empty((2, n))
    student[:m] = 1.0
    for run in range(runs):
        columns, weights = v[run], c[run]
        mean_of_a, square_of_a, mean_of_w, square_of_w = mean_a[run], square_a[run], mean_w[run], square_w[run]
        for i in range(decay.shape[1]):
            _scales(kernel[0], columns, weights, scale, inverse, mass)
            _slopes(kernel, columns, weights, scale, inverse, mass, 0, m, slope_a, slope_w, s)
            lam, eta, step = decay[run, i], size[run, i], done + i + 1
            _move_run(
                optimiser,
                columns,
                weights,
                slope_a,
                slope_w,
                student,
                lam,
                eta,
                step,
                mean_of_a,
                square_of_a,
                mean_of_w,
                square_of_w,
            )


@numba.njit(fastmath=FAST, error_model="numpy", cache=True, parallel=True)
def advance_wide_run(kernel, optimiser, m, v, c, decay, size, mean_a, square_a, mean_w, square_w, done):
    """As ``advance_runs`` for one wide run, (1, …), with the neurons of each step spread over the cores in blocks."""
    d, n = v.shape[1], v.shape[2]
    blocks = (m + BLOCK - 1) // BLOCK
    scale, inverse, mass, slope_a, student = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    slope_w, s = np.zeros((d, n)), np.empty((blocks, 2, n))
    student[:m] = 1.0
    columns, weights = v[0], c[0]
    mean_of_a, square_of_a, mean_of_w, square_of_w = mean_a[0], square_a[0], mean_w[0], square_w[0]
    for i in range(decay.shape[1]):
        _scales(kernel[0], columns, weights, scale, inverse, mass)
        for block in numba.prange(blocks):
            first, last = block * BLOCK, min(m, (block + 1) * BLOCK)
            _slopes(kernel, columns, weights, scale, inverse, mass, first, last, slope_a, slope_w, s[block])
        lam, eta, step = decay[0, i], size[0, i], done + i + 1
        _move_run(
            optimiser,
            columns,
            weights,
            slope_a,
            slope_w,
            student,
            lam,
            eta,
            step,
            mean_of_a,
            square_of_a,
            mean_of_w,
            square_of_w,
        )
