"""The activations that there are, by name and setting."""

from __future__ import annotations

from featlearn.theory.activations.record import DROP_SETTINGS, Activation

_REGISTRY: dict[str, dict[int, Activation]] = {}  # by name, then by what is dropped


def register(*records: Activation) -> None:
    """Make an activation known: one record for each way of dropping its low degrees, all of one new name.

    Raises:
        ValueError: when the name is taken, the names differ, or the settings are not those of ``DROP_SETTINGS``.
    """
    names, settings = {record.name for record in records}, [record.drop_hermite_below for record in records]
    if len(names) != 1 or sorted(settings) != list(DROP_SETTINGS):
        given = ", ".join(f"{record.name} with {record.drop_hermite_below}" for record in records)
        raise ValueError(f"an activation is one name with drop_hermite_below 0 and 2; got {given}")
    (name,) = names
    if name in _REGISTRY:
        raise ValueError(f"there is an activation {name!r} already")
    _REGISTRY[name] = dict(zip(settings, records, strict=True))


def activation(name: str, drop_hermite_below: int = 2) -> Activation:
    """The record of ``name`` with the Hermite degrees below ``drop_hermite_below`` dropped; always the same object.

    Args:
        name: one of ``activation_names()``.
        drop_hermite_below: 2 (constant and linear part dropped, the setting of the paper) or 0 (plain φ).
    Raises:
        ValueError: when the name or the setting is unknown; the message lists the known ones.
    """
    if name not in _REGISTRY:
        raise ValueError(f"unknown activation {name!r}: known are {', '.join(activation_names())}")
    if drop_hermite_below not in DROP_SETTINGS:
        raise ValueError(f"drop_hermite_below is {drop_hermite_below!r}: known are 0 and 2")
    return _REGISTRY[name][drop_hermite_below]


def activation_names() -> tuple[str, ...]:
    """The known names, in the order in which they were registered."""
    return tuple(_REGISTRY)


def activations() -> tuple[Activation, ...]:
    """All records: those of each name together, all degrees first."""
    return tuple(_REGISTRY[name][drop] for name in _REGISTRY for drop in DROP_SETTINGS)


def names_of_degree(degree: int) -> tuple[str, ...]:
    """The names of the activations that are homogeneous of a degree, whatever is dropped."""
    return tuple(name for name in _REGISTRY if all(x.homogeneous_degree == degree for x in _REGISTRY[name].values()))
