"""The activations that both backends train, and the names of those that compiled code has a closed form of."""

from featlearn.theory.activations import CompiledKernel, activations

COMPILED = [(entry.name, entry.drop_hermite_below) for entry in activations() if entry.compiled is not None]
NAMES = tuple(dict.fromkeys(entry.name for entry in activations() if isinstance(entry.compiled, CompiledKernel)))
