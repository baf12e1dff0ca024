"""What the words of figures and pages mean."""

from __future__ import annotations

from featlearn.training.columns import COLUMNS
from featlearn.views.words.labels import label_of

_EXPLAINED = ("loss", "objective", "gap", "subspace", "mean_angle", "max_angle", "aligned_mass", "alive", "recovered")


def glossary() -> list[tuple[str, str, str]]:
    """For each word: the column that it names, as people call it, and what it means."""
    words = [(name, label_of(name).markup, COLUMNS[name].meaning) for name in _EXPLAINED]
    more = [
        (
            "mass",
            "mass p_j",
            "|a_j|·‖w_j‖ of neuron j: how much it adds to the function",
        ),
        ("teacher_line", "teacher line", "±w*_k, the direction of a neuron of the teacher, up to its sign"),
        ("vanished", "vanished", "of a neuron: its mass is too small to count as living"),
        (
            "certificate",
            "certificate η(w)",
            "what a new neuron in direction w would gain; |η| ≤ 1 everywhere proves that no network is better",
        ),
    ]
    return words + more
