"""Activations of a user's own (``featlearn.register_activation``): what a run keeps of them, to know them again.

A function itself cannot be stored. Its values at fifty points are, in ``run.json``: they tell it from another one, and
last digits, in which machines differ, do not matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from featlearn.config.model import Config
from featlearn.theory.activations import activation, activation_names
from featlearn.theory.activations.own import is_same_function


def own_functions(config: Config) -> dict[str, tuple[float, ...]] | None:
    """The fingerprints of the user's own activations in a configuration, by name; None where there is none."""
    names = {config.activation.name}
    if config.teacher is not None and config.teacher.activation is not None:
        names.add(config.teacher.activation.name)
    prints = {name: activation(name, 0).fingerprint for name in sorted(names)}
    return {name: its for name, its in prints.items() if its is not None} or None


def why_another(recorded: Mapping[str, Sequence[float]] | None) -> str | None:
    """Why what is registered is not what a run had, and what to do; None where it is."""
    for name, known_by in (recorded or {}).items():
        register = f"featlearn.register_activation({name!r}, …)"
        if name not in activation_names():
            return (
                f"its activation {name} is a function of your own, which is not stored: call {register} with the same "
                "function first, in Python"
            )
        found = activation(name, 0).fingerprint
        if found is None or not is_same_function(found, known_by):
            return (
                f"the {name} that is registered is another function than that of the run; in a new process, call "
                f"{register} with the function that the run began with"
            )
    return None
