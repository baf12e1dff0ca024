"""Compiled gradient descent on population data: many steps of many runs in one call.

Weights are stored by coordinate, (d, n): column j is row v_j of the joined list of student and teacher. A step goes
through the student four neurons at a time: their products with all columns, the pass over the pairs, and the sum of
the columns that is their gradient, all in the cache. What makes it fast: every inner loop runs over columns, so that
the compiler turns it into vector instructions; four coordinates of four neurons share each load; columns are padded to
whole vectors by zeros, which contribute nothing; arcsine is a polynomial without branches. Sums may be reordered
(``reassoc``) and products fused (``contract``), in one way fixed at compile time; NaN and infinity keep their meaning.

The order of operations of a run depends on its shape alone: bits depend neither on the other runs nor on threads.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from featlearn.training.methods.adam import BRANCH as ADAM
from featlearn.training.methods.adam import EPSILON as ADAM_EPSILON
from featlearn.training.methods.gd import BRANCH as GD
from featlearn.training.methods.momentum import BRANCH as MOMENTUM

FAST = {"reassoc", "contract", "nsz", "arcp"}  # neither nnan nor ninf: a diverging run must show it
HOMOGENEOUS, ERF, QUADRATIC = 0, 1, 2  # families of kernels
COLUMNS, COORDINATES = 8, 4  # n and d are padded to multiples of these
BLOCK = 32  # neurons that one thread takes at a time from a wide run


@numba.njit(inline="always")
def _asin(t):
    """asin t for |t| ≤ 1 without branches, within 2 ulp.

    With s = |t| up to ½ and s = √((1 − |t|)/2) above, x = s² ≤ ¼ and asin s = s + s·x·P(x), folded back above ½ by
    asin|t| = π/2 − 2 asin s. P interpolates (asin(s)/s − 1)/x at the Chebyshev points of [0, ¼], degree 12, and leaves
    5e-18 relative.
    """
    size = abs(t)
    large = size > 0.5
    x = 0.5 * (1.0 - size) if large else t * t
    s = math.sqrt(x) if large else size
    y = 0.028757851367421566
    y = -0.014851887071247204 + x * y
    y = 0.01740087944269402 + x * y
    y = 0.005457506718640358 + x * y
    y = 0.01032281435018578 + x * y
    y = 0.011479177415184906 + x * y
    y = 0.013971212973552933 + x * y
    y = 0.017352392720869973 + x * y
    y = 0.02237217294214989 + x * y
    y = 0.030381944138531247 + x * y
    y = 0.04464285714635543 + x * y
    y = 0.07499999999998433 + x * y
    y = 0.16666666666666669 + x * y
    y = s + s * (x * y)
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
    if family == QUADRATIC:
        for j in range(s.shape[0]):
            product = s[j]
            k += (1.0 - excess) * mass[j] * scale_u + 2.0 * c[j] * product * product
            k_q += (1.0 - excess) * mass[j]
            s[j] = 4.0 * c[j] * product
        return k, k_q
    return math.nan, math.nan  # There is no other family: ``_slopes_of`` refuses it.


@numba.njit(inline="always")
def _scales(family, v, a, multiplicity, c, scale, inverse, mass):
    """What the pair kernels need of the columns: c = multiplicity·a, of their norms, and mass = c·scale."""
    for j in range(c.shape[0]):
        c[j] = multiplicity[j] * a[j]
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
    """The gradient of one family of kernels: a constant family leaves the compiler one loop over pairs to vectorise.

    Raises:
        ValueError: when there is no such family.
    """
    if family not in (HOMOGENEOUS, ERF, QUADRATIC):
        raise ValueError(f"there is no family of kernels {family}")

    @numba.njit(fastmath=FAST, error_model="numpy", cache=True)
    def slopes(kernel, v, a, c, scale, inverse, mass, first, last, slope_a, slope_w, s, own):
        """The gradients of neurons ``first`` … ``last``, four at a time.

        When their number is no multiple of four, the last ones' companions are columns of the teacher or the padding,
        and their gradients are not used.

        Args:
            v, slope_w: (d, n) columns and the gradient of the loss by one of the neurons that a column stands for.
            a, c, scale, inverse, mass, slope_a: (n); c = multiplicity·a is what the loss sees of a column.
            s, own: (4, n) and (4) scratch.
        """
        _, factor, half, excess = kernel
        d, n = v.shape
        s0, s1, s2, s3 = s[0], s[1], s[2], s[3]
        for i in range(first, last, 4):
            # the first four coordinates set the products, the others add to them: clearing s would cost small runs time
            v0, v1, v2, v3 = v[0], v[1], v[2], v[3]
            a0, a1, a2, a3 = v0[i], v1[i], v2[i], v3[i]
            b0, b1, b2, b3 = v0[i + 1], v1[i + 1], v2[i + 1], v3[i + 1]
            e0, e1, e2, e3 = v0[i + 2], v1[i + 2], v2[i + 2], v3[i + 2]
            f0, f1, f2, f3 = v0[i + 3], v1[i + 3], v2[i + 3], v3[i + 3]
            for j in range(n):
                x0, x1, x2, x3 = v0[j], v1[j], v2[j], v3[j]
                s0[j] = a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3
                s1[j] = b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3
                s2[j] = e0 * x0 + e1 * x1 + e2 * x2 + e3 * x3
                s3[j] = f0 * x0 + f1 * x1 + f2 * x2 + f3 * x3
            for x in range(4, d, 4):
                v0, v1, v2, v3 = v[x], v[x + 1], v[x + 2], v[x + 3]
                a0, a1, a2, a3 = v0[i], v1[i], v2[i], v3[i]
                b0, b1, b2, b3 = v0[i + 1], v1[i + 1], v2[i + 1], v3[i + 1]
                e0, e1, e2, e3 = v0[i + 2], v1[i + 2], v2[i + 2], v3[i + 2]
                f0, f1, f2, f3 = v0[i + 3], v1[i + 3], v2[i + 3], v3[i + 3]
                for j in range(n):
                    x0, x1, x2, x3 = v0[j], v1[j], v2[j], v3[j]
                    s0[j] += a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3
                    s1[j] += b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3
                    s2[j] += e0 * x0 + e1 * x1 + e2 * x2 + e3 * x3
                    s3[j] += f0 * x0 + f1 * x1 + f2 * x2 + f3 * x3
            for u in range(4):
                j = i + u
                k, k_q = _pairs(family, factor, half, excess, s[u], c, mass, inverse, scale[j], inverse[j])
                slope_a[j] = 2.0 * k
                own[u] = 2.0 * k_q
            for x in range(0, d, 4):
                v0, v1, v2, v3 = v[x], v[x + 1], v[x + 2], v[x + 3]
                a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = 0.0
                e0 = e1 = e2 = e3 = f0 = f1 = f2 = f3 = 0.0
                for j in range(n):
                    x0, x1, x2, x3 = v0[j], v1[j], v2[j], v3[j]
                    t0, t1, t2, t3 = s0[j], s1[j], s2[j], s3[j]
                    a0 += t0 * x0
                    a1 += t0 * x1
                    a2 += t0 * x2
                    a3 += t0 * x3
                    b0 += t1 * x0
                    b1 += t1 * x1
                    b2 += t1 * x2
                    b3 += t1 * x3
                    e0 += t2 * x0
                    e1 += t2 * x1
                    e2 += t2 * x2
                    e3 += t2 * x3
                    f0 += t3 * x0
                    f1 += t3 * x1
                    f2 += t3 * x2
                    f3 += t3 * x3
                out, own_u = 2.0 * a[i], own[0]
                slope_w[x, i] = out * (a0 + own_u * v0[i])
                slope_w[x + 1, i] = out * (a1 + own_u * v1[i])
                slope_w[x + 2, i] = out * (a2 + own_u * v2[i])
                slope_w[x + 3, i] = out * (a3 + own_u * v3[i])
                out, own_u = 2.0 * a[i + 1], own[1]
                slope_w[x, i + 1] = out * (b0 + own_u * v0[i + 1])
                slope_w[x + 1, i + 1] = out * (b1 + own_u * v1[i + 1])
                slope_w[x + 2, i + 1] = out * (b2 + own_u * v2[i + 1])
                slope_w[x + 3, i + 1] = out * (b3 + own_u * v3[i + 1])
                out, own_u = 2.0 * a[i + 2], own[2]
                slope_w[x, i + 2] = out * (e0 + own_u * v0[i + 2])
                slope_w[x + 1, i + 2] = out * (e1 + own_u * v1[i + 2])
                slope_w[x + 2, i + 2] = out * (e2 + own_u * v2[i + 2])
                slope_w[x + 3, i + 2] = out * (e3 + own_u * v3[i + 2])
                out, own_u = 2.0 * a[i + 3], own[3]
                slope_w[x, i + 3] = out * (f0 + own_u * v0[i + 3])
                slope_w[x + 1, i + 3] = out * (f1 + own_u * v1[i + 3])
                slope_w[x + 2, i + 3] = out * (f2 + own_u * v2[i + 3])
                slope_w[x + 3, i + 3] = out * (f3 + own_u * v3[i + 3])

    return slopes


_slopes_homogeneous, _slopes_erf, _slopes_quadratic = map(_slopes_of, (HOMOGENEOUS, ERF, QUADRATIC))


@numba.njit(inline="always")
def _slopes(kernel, v, a, c, scale, inverse, mass, first, last, slope_a, slope_w, s, own):
    if kernel[0] == HOMOGENEOUS:
        _slopes_homogeneous(kernel, v, a, c, scale, inverse, mass, first, last, slope_a, slope_w, s, own)
    elif kernel[0] == ERF:
        _slopes_erf(kernel, v, a, c, scale, inverse, mass, first, last, slope_a, slope_w, s, own)
    elif kernel[0] == QUADRATIC:
        _slopes_quadratic(kernel, v, a, c, scale, inverse, mass, first, last, slope_a, slope_w, s, own)


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
    elif method == ADAM:
        unbias1, unbias2 = 1.0 - beta1**step, 1.0 - beta2**step
        for i in range(n):
            downhill = slope[i] + decay * weights[i]
            mean[i] = beta1 * mean[i] + (1.0 - beta1) * downhill
            square[i] = beta2 * square[i] + (1.0 - beta2) * downhill * downhill
            weights[i] -= size * student[i] * (mean[i] / unbias1) / (math.sqrt(square[i] / unbias2) + ADAM_EPSILON)
    else:
        raise ValueError("no branch takes the steps of this method")


@numba.njit(inline="always")
def _look(kernel, v, a, c, scale, inverse, mass, m, slope_a, slope_w, s, own, seen):
    """Put the loss Σ c_i c_j K(v_i, v_j) and Σ|mass| into ``seen``; the m neurons have their gradients already."""
    used = c.shape[0]
    while used > m and c[used - 1] == 0.0:  # padding, or teachers that do not count
        used -= 1
    # from the group of four that holds the first teacher: groups that begin elsewhere would end behind the padding
    _slopes(kernel, v, a, c, scale, inverse, mass, m - m % 4, used, slope_a, slope_w, s, own)
    loss, size = 0.0, 0.0
    for i in range(used):
        loss += c[i] * slope_a[i]
        size += abs(mass[i])
    seen[0], seen[1] = 0.5 * loss, size


@numba.njit(fastmath=FAST, error_model="numpy", cache=True, nogil=True)
def advance_runs(
    kernel,
    optimiser,
    m,
    stretch,
    v,
    a,
    multiplicity,
    decay,
    size,
    mean_a,
    square_a,
    mean_w,
    square_w,
    seen,
    done,
    looks,
):
    """Take the steps of ``decay`` and ``size``, (runs, steps), on runs of m neurons, in place.

    Args:
        kernel: (family, factor, half, excess) of the activation, see ``_pairs``.
        optimiser: (method, beta1, beta2, train the second layer, train the first layer).
        stretch: (runs,) α² of a scaled student, 1 otherwise: the second layer, given as α a, takes steps of ``size``
            with the weight decay λ/α², the first layer steps of ``size``/α².
        v, a: (runs, d, n) and (runs, n): student and then teacher, the teacher's a negated, padded with zeros.
        multiplicity: (runs, n) of how many equal neurons each column stands for, all of which take the same steps.
        mean_a, square_a, mean_w, square_w: the optimiser's memory, (runs, n) and (runs, d·n) in the same layout, or of
            length 0.
        seen: (runs, looks, 2), filled with the loss and Σ|mass| of the weights at each look.
        done: steps already done, for adam.
        looks: how many of the steps are done at each look, rising, 0 … steps.
    """
    method, beta1, beta2, train_a, train_w = optimiser
    runs, d, n = v.shape
    steps = decay.shape[1]
    c, scale, inverse, mass, slope_a = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    slope_w, s, own = np.zeros((d, n)), np.empty((4, n)), np.empty(4)
    flat_slope, student_a, student_w = slope_w.reshape(d * n), np.zeros(n), np.zeros((d, n))
    student_a[:m] = 1.0
    student_w[:, :m] = 1.0
    flat_student = student_w.reshape(d * n)
    for run in range(runs):
        columns, weights, flat = v[run], a[run], v[run].reshape(d * n)
        first_a, second_a, first_w, second_w = mean_a[run], square_a[run], mean_w[run], square_w[run]
        look = 0
        for i in range(steps + 1):
            due = look < looks.shape[0] and looks[look] == i
            if i == steps and not due:
                break
            _scales(kernel[0], columns, weights, multiplicity[run], c, scale, inverse, mass)
            _slopes(kernel, columns, weights, c, scale, inverse, mass, 0, m, slope_a, slope_w, s, own)
            if due:
                _look(kernel, columns, weights, c, scale, inverse, mass, m, slope_a, slope_w, s, own, seen[run, look])
                look += 1
            if i == steps:
                break
            lam, eta, step = decay[run, i], size[run, i], done + i + 1
            if train_a:
                _move(
                    method, weights, slope_a, student_a, lam / stretch[run], eta, beta1, beta2, step, first_a, second_a
                )
            if train_w:
                _move(
                    method,
                    flat,
                    flat_slope,
                    flat_student,
                    lam,
                    eta / stretch[run],
                    beta1,
                    beta2,
                    step,
                    first_w,
                    second_w,
                )


@numba.njit(fastmath=FAST, error_model="numpy", cache=True, parallel=True)
def advance_wide_run(
    kernel,
    optimiser,
    m,
    stretch,
    v,
    a,
    multiplicity,
    decay,
    size,
    mean_a,
    square_a,
    mean_w,
    square_w,
    seen,
    done,
    looks,
):
    """As ``advance_runs`` for one wide run, (1, …), with the neurons of each step spread over the cores in blocks."""
    method, beta1, beta2, train_a, train_w = optimiser
    d, n = v.shape[1], v.shape[2]
    steps, blocks = decay.shape[1], (m + BLOCK - 1) // BLOCK
    c, scale, inverse, mass, slope_a = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    slope_w, s, own = np.zeros((d, n)), np.empty((blocks, 4, n)), np.empty((blocks, 4))
    flat_slope, student_a, student_w = slope_w.reshape(d * n), np.zeros(n), np.zeros((d, n))
    student_a[:m] = 1.0
    student_w[:, :m] = 1.0
    flat_student = student_w.reshape(d * n)
    columns, weights, flat = v[0], a[0], v[0].reshape(d * n)
    first_a, second_a, first_w, second_w = mean_a[0], square_a[0], mean_w[0], square_w[0]
    look = 0
    for i in range(steps + 1):
        due = look < looks.shape[0] and looks[look] == i
        if i == steps and not due:
            break
        _scales(kernel[0], columns, weights, multiplicity[0], c, scale, inverse, mass)
        for block in numba.prange(blocks):
            first, last = block * BLOCK, min(m, (block + 1) * BLOCK)
            _slopes(
                kernel, columns, weights, c, scale, inverse, mass, first, last, slope_a, slope_w, s[block], own[block]
            )
        if due:
            _look(kernel, columns, weights, c, scale, inverse, mass, m, slope_a, slope_w, s[0], own[0], seen[0, look])
            look += 1
        if i == steps:
            break
        lam, eta, step = decay[0, i], size[0, i], done + i + 1
        if train_a:
            _move(method, weights, slope_a, student_a, lam / stretch[0], eta, beta1, beta2, step, first_a, second_a)
        if train_w:
            _move(method, flat, flat_slope, flat_student, lam, eta / stretch[0], beta1, beta2, step, first_w, second_w)


@numba.njit(fastmath=FAST, error_model="numpy", cache=True, nogil=True)
def evaluate_runs(kernel, m, v, a, multiplicity, slope_a, slope_w, seen):
    """The gradients of the m neurons of each run as in ``advance_runs``, laid out like a and v; ``seen`` (runs, 2)."""
    n = v.shape[2]
    c, scale, inverse, mass = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    s, own = np.empty((4, n)), np.empty(4)
    for run in range(v.shape[0]):
        columns, weights, by_a, by_v = v[run], a[run], slope_a[run], slope_w[run]
        _scales(kernel[0], columns, weights, multiplicity[run], c, scale, inverse, mass)
        _slopes(kernel, columns, weights, c, scale, inverse, mass, 0, m, by_a, by_v, s, own)
        _look(kernel, columns, weights, c, scale, inverse, mass, m, by_a, by_v, s, own, seen[run])
