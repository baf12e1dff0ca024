"""What compiled code and its callers agree on: how arrays are laid out, and in which order sizes are told."""

from __future__ import annotations

from typing import NamedTuple

HOMOGENEOUS, ERF, QUADRATIC, HOMOGENEOUS_TAIL, ERF_TAIL, SERIES = range(6)  # families of kernels
BIASED = range(6, 10)  # those of rows that end with a bias
BIASED_LINEAR, BIASED_ERF, BIASED_LINEAR_TAIL, BIASED_POLYNOMIAL = BIASED
ARCSINE = 18  # coefficients of the polynomial that makes an arcsine, or its tail
LANES = 8  # numbers in a vector: one register of 512 bits, or two of 256
PANEL = 4  # blocks of LANES neurons that stay in the cache while all others pass by
# rows of scratch: a tile, for each neuron of a panel its sums of K, of ∂K/∂q and, with biases, of ∂K/∂b, and sums of a
# tile by ∂K/∂b
DESK = (1 + 3 * PANEL) * LANES + 1
BIASES = DESK - 1
SCALE, INVERSE, WEIGHT, PUSH = range(4)  # rows of ``neurons`` for each block, see ``pair_kernels.Family.ready``
NEURON_ROWS = 4
LARGEST, LENGTH, TERMS, INTERVALS, STRIDE, PARITY, FIRST, GROUPS = range(8)  # the head of a ``series_table``
NODES = 14  # of the integrals of normal distributions
MILLS = 26  # coefficients of the polynomial that makes their tails
BIASED_ROWS = 8  # rows of ``Kernel.expansions`` for each block, see ``biased_kernels``
POWERS = 16  # coefficients of its polynomials
SERIES_HEAD, COLUMNS_ALONE = 2, 4  # its rows before the terms, and columns that no term has
EXPANSION_HEAD, EXPANSION_ROWS = (
    2,
    2,
)  # rows of ``Kernel.expansions`` before all blocks, and in each beside coefficients
INPUT_ROWS = 4  # vectors that hold the inputs at which tangent kernels are compared
INPUTS = INPUT_ROWS * LANES
DESK_ROWS = 5 + INPUT_ROWS  # of scratch for the kernel of a run
FOUND = 11  # numbers that are measured of each run, see ``row_measures.Found``
CLAIMED, DONE = 0, 8  # places in ``counters``, in cache lines of their own
COUNTERS = 16


class Sizes(NamedTuple):
    """The sizes of a call.

    Args:
        runs, d: runs of one shape, and the coordinates of their neurons.
        blocks, students: blocks of LANES neurons, and those of them that have students.
        shares, parts: in which the sums over pairs are added up, and in which neurons take their step.
        before: tasks of a round before the sums over pairs: parts, and as many again where neurons are expanded.
        steps, looks, done: steps to take, losses to look at, and steps before these.
        method: of the steps.
        train_a, train_w: 1 where a layer is trained.
        gradients: 1 where the gradients at the last weights are asked for.
        unit_rows: 1 where rows of the first layer stay on the unit sphere.
        correlation: 1 where students do not add up to the function that they learn from; ``meets`` is then the first
            block that has others, and 0 otherwise.
        first: J of a tail, see ``pair_kernels``.
        terms, lines: of a polynomial target, see ``moment_kernels``.
        stride: rows of expansions of a block, see ``series_kernels``, ``biased_kernels`` and
            ``biased_polynomial_kernels``.
        layers: that have schedules, 3 with biases.
        train_b: 1 where biases are trained.
    """

    runs: int
    d: int
    blocks: int
    students: int
    shares: int
    parts: int
    before: int
    steps: int = 0
    looks: int = 0
    done: int = 0
    train_a: int = 0
    train_w: int = 0
    method: int = 0
    gradients: int = 0
    unit_rows: int = 0
    correlation: int = 0
    meets: int = 0
    first: int = 0
    terms: int = 0
    lines: int = 0
    stride: int = 0
    layers: int = 2
    train_b: int = 0
