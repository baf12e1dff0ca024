"""The activations that both backends train."""

from featlearn.theory.activations import activations

COMPILED = [(entry.name, entry.drop_hermite_below) for entry in activations() if entry.compiled is not None]
NAMES = tuple(dict.fromkeys(name for name, _ in COMPILED))
