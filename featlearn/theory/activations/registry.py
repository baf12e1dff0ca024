"""The activations that there are, by name and setting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from featlearn.theory.activations.record import DROP_SETTINGS, Activation, Parameters

HIGHEST_DROP = 40  # the closed forms of higher degrees are not held to fifty digits

_REGISTRY: dict[str, dict[int, Activation]] = {}  # by name, then by what is dropped
_FURTHER: dict[str, Callable[..., Activation]] = {}  # by name: the records that are made when they are asked for
_OTHERS: dict[tuple[str, int, Parameters], Activation] = {}  # those of other parameters than the registered ones


def register(*records: Activation, further: Callable[..., Activation] | None = None) -> None:
    """Make an activation known: one record for each of ``DROP_SETTINGS``, all of one new name.

    Args:
        records: in the order of ``DROP_SETTINGS``.
        further: makes the record for any other ``drop_hermite_below``; None where there are no others. Of records with
            parameters it takes these by name, too.
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
    if further is not None:
        _FURTHER[name] = further


def activation(name: str, drop_hermite_below: int = 2, **parameters: Any) -> Activation:
    """The record of ``name`` with the Hermite degrees below ``drop_hermite_below`` dropped; always the same object.

    Args:
        name: one of ``activation_names()``.
        drop_hermite_below: ℓ, 0 (plain φ) to ``HIGHEST_DROP``; 2, where constant and linear part are dropped, is the
            setting of the paper.
        parameters: numbers, or sequences of numbers, in place of those that the name is registered with.
    Raises:
        ValueError: when the name, the setting or a parameter is unknown, with the known ones in the message; when there
            is no such function.
    """
    if name not in _REGISTRY:
        raise ValueError(f"unknown activation {name!r}: known are {', '.join(activation_names())}")
    known = _REGISTRY[name]
    registered = default_parameters(name)
    if unknown := [key for key in parameters if key not in registered]:
        raise ValueError(
            f"{name} has no parameter {unknown[0]!r}: its parameters are {', '.join(registered) or 'none'}"
        )
    wanted = registered | {key: _hashable(value) for key, value in parameters.items()}
    usual = wanted == registered
    if usual and drop_hermite_below in known:
        return known[drop_hermite_below]
    if name not in _FURTHER:
        raise ValueError(f"drop_hermite_below is {drop_hermite_below!r}: {name} has 0 and 2")
    if not 0 <= drop_hermite_below <= HIGHEST_DROP:
        raise ValueError(f"drop_hermite_below is {drop_hermite_below!r}: {name} has 0 to {HIGHEST_DROP}")
    if usual:
        return known.setdefault(drop_hermite_below, _FURTHER[name](drop_hermite_below))
    key = name, drop_hermite_below, tuple(wanted.items())
    if key not in _OTHERS:
        _OTHERS.setdefault(key, _FURTHER[name](drop_hermite_below, **wanted))
    return _OTHERS[key]


def default_parameters(name: str) -> dict[str, Any]:
    """The parameters of a known name, as it is registered with them."""
    return dict(next(iter(_REGISTRY[name].values())).parameters)


def _hashable(value: Any) -> Any:
    return tuple(map(float, value)) if isinstance(value, list | tuple) else float(value)


def activation_names() -> tuple[str, ...]:
    """The known names, in the order in which they were registered."""
    return tuple(_REGISTRY)


def activations() -> tuple[Activation, ...]:
    """The records for ``DROP_SETTINGS`` that are not zero: those of each name together, all degrees first."""
    return tuple(
        record for known in _REGISTRY.values() for drop in DROP_SETTINGS if not (record := known[drop]).is_zero
    )


def names_with_optimum() -> tuple[str, ...]:
    """The names of the activations for which the certified optimum is known."""
    return tuple(name for name in _REGISTRY if all(_REGISTRY[name][x].degree_one is not None for x in DROP_SETTINGS))


def names_of_degree(degree: int) -> tuple[str, ...]:
    """The names of the activations that are homogeneous of a degree, whatever is dropped."""
    return tuple(
        name for name in _REGISTRY if all(_REGISTRY[name][x].homogeneous_degree == degree for x in DROP_SETTINGS)
    )
