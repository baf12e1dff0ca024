"""Activations of a user's own (``featlearn.register_activation``): what a run keeps of them, to know them again.

A function itself cannot be stored. What tells it from another one is, in ``run.json``: see ``own_fingerprint``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from featlearn.theory.activations import activation, activation_names
from featlearn.theory.activations.own_fingerprint import Fingerprint

if TYPE_CHECKING:  # which takes longer to load than all the rest
    from featlearn.config.model import Config


def own_functions(config: Config) -> dict[str, Fingerprint | tuple[float, ...]] | None:
    """The fingerprints of the user's own activations in a configuration, by name; None where there is none."""
    names = {config.activation.name}
    if config.teacher is not None and config.teacher.activation is not None:
        names.add(config.teacher.activation.name)
    prints = {name: activation(name, 0).fingerprint for name in sorted(names)}
    return {name: its for name, its in prints.items() if its is not None} or None


def why_another(recorded: Mapping[str, Fingerprint | Sequence[float]] | None) -> str | None:
    """Why what is registered is not what a run had, and what to do; None where it is.

    Args:
        recorded: by name; a mere list of values is of an earlier version, which kept too few of them.
    """
    for name, known_by in (recorded or {}).items():
        register = f"featlearn.register_activation({name!r}, …)"
        if not isinstance(known_by, Fingerprint):
            return (
                f"it was written by an earlier version of featlearn, which kept too little of its function {name} to "
                "know it again; train anew from its configuration"
            )
        if name not in activation_names():
            return (
                f"its activation {name} is a function of your own, which is not stored: call {register} with the same "
                "function first, in Python, and featlearn.resume to go on"
            )
        found = activation(name, 0)
        if found.fingerprint is None or not known_by.is_of(found.phi, found.phi_prime, found.straight):
            return (
                f"the {name} that is registered is another function than that of the run; in a new process, call "
                f"{register} with the function that the run began with"
            )
    return None
