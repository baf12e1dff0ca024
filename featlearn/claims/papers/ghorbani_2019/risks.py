"""The risks of random features, of tangent features and of the trained network against N/d, and their laws.

With B = diag(λ) and quadratic units, f* and every predictor are quadratic forms, and the risk is twice the squared
distance of their matrices. The network of N units, all of them free, leaves the λ_i beyond the N largest. Tangent
features span all matrices w_j uᵀ + u w_jᵀ, and leave P B P, P the projection across N random rows: the mean of ‖PBP‖²
over rotations is a‖B‖² + b (‖B‖² + (tr B)²) with b (d + 1 − 2/d) = ρ(1 − ρ), a = (1 − ρ)² − 2b/d, ρ = N/d. Of random
features w_j w_jᵀ the limit at fixed ρ sees of B its trace alone: 1 − ρ/(1 + ρ) (tr B)²/(d‖B‖²).
"""

from __future__ import annotations

import numpy as np

from featlearn.claims.curves import against, curve
from featlearn.claims.evidence import Evidence, Findings, size_and_floors
from featlearn.claims.intervals import Measured, largest_of, median_of
from featlearn.claims.records import Panel, Series
from featlearn.claims.sentences import values_at

_WIDTH = "student.width"


def measure(evidence: Evidence) -> Findings:
    table, configs = evidence.table("widths"), evidence.configs("widths")
    assert configs[0].teacher is not None
    eigenvalues = np.asarray(configs[0].teacher.output_weights, dtype=float)
    size, random, tangent = np.array([size_and_floors(config) for config in configs]).T
    risks = {
        "trained": np.where(table["status"] == "done", table["loss"], np.inf) / size,
        "tangent": tangent / size,
        "random": random / size,
    }
    d = len(eigenvalues)
    medians = {name: against(table, _WIDTH, risk)[1] for name, risk in risks.items()}
    widths = np.unique(table[_WIDTH]).astype(int)
    laws = {name: np.array([law(eigenvalues, n) for n in widths]) for name, law in LAWS.items()}
    below, above = widths < d, table[_WIDTH] > d
    last = table[_WIDTH] == widths[below].max()
    ratios = widths / d
    return Findings(
        {
            "trained": _farthest(risks["trained"], table[_WIDTH], widths[below], laws["trained"]),
            "tangent": _farthest(risks["tangent"], table[_WIDTH], widths[below], laws["tangent"]),
            "random": _farthest(risks["random"], table[_WIDTH], widths, laws["random"]),
            "zero": largest_of(np.concatenate([risks["trained"][above], risks["tangent"][above]])),
            "gap": median_of(risks["tangent"][last] / risks["trained"][last]),
        },
        [
            f"{name}: " + values_at("N/d", ratios, [m.value for m in found], "{:.3g}".format)
            for name, found in medians.items()
        ],
        Panel(
            "N / d",
            "risk / ‖f*‖²",
            [
                *(curve(LABELS[name], ratios.tolist(), found) for name, found in medians.items()),
                *(
                    Series(f"law: {LABELS[name]}", ratios.tolist(), law.tolist(), style="points")
                    for name, law in laws.items()
                ),
            ],
        ),
    )


LABELS = {"trained": "trained network", "tangent": "tangent features", "random": "random features"}


def _trained(eigenvalues: np.ndarray, n: int) -> float:
    squares = np.sort(eigenvalues**2)[::-1]
    return float(squares[n:].sum() / squares.sum())


def _tangent(eigenvalues: np.ndarray, n: int) -> float:
    d = len(eigenvalues)
    rho = min(1.0, n / d)
    b = rho * (1 - rho) / (d + 1 - 2 / d)
    a = (1 - rho) ** 2 - 2 * b / d
    return float(a + b * (1 + d * _trace_share(eigenvalues)))


def _random(eigenvalues: np.ndarray, n: int) -> float:
    rho = n / len(eigenvalues)
    return float(1 - rho / (1 + rho) * _trace_share(eigenvalues))


def _trace_share(eigenvalues: np.ndarray) -> float:
    """(tr B)² / (d ‖B‖²), 1 for a multiple of the identity."""
    return float(eigenvalues.sum() ** 2 / (len(eigenvalues) * (eigenvalues**2).sum()))


LAWS = {"trained": _trained, "tangent": _tangent, "random": _random}


def _farthest(risk: np.ndarray, width: np.ndarray, widths: np.ndarray, law: np.ndarray) -> Measured:
    """The distance of the median from its law, at the width where it is largest."""
    found = [median_of(risk[width == n]) for n in widths]
    off = [abs(m.value - at) for m, at in zip(found, law, strict=False)]
    worst = int(np.argmax(off))
    m, at = found[worst], law[worst]
    ends = abs(m.low - at), abs(m.high - at), off[worst]
    inside = m.low <= at <= m.high
    return Measured(off[worst], 0.0 if inside else float(min(ends)), float(max(ends)), m.count)
