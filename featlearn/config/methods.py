"""The keys and rules of a stage that depend on methods and operations, all of it from their records."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from featlearn.config.schedules import LayerSchedules
from featlearn.config.section import Violations
from featlearn.training.methods import METHODS, Method, Parameter, all_parameters
from featlearn.training.operations import OPERATIONS

if TYPE_CHECKING:
    MethodName = str
    OperationName = str
else:  # those that are registered when a configuration is first read
    MethodName = Literal[tuple(METHODS)]
    OperationName = Literal[tuple(OPERATIONS)]

_without_steps = ", ".join(m.name for m in METHODS.values() if not m.takes_steps)
_without_size = ", ".join(m.name for m in METHODS.values() if m.step_size is None)
_other_sizes = "; ".join(f"{m.name}: {m.step_size}" for m in METHODS.values() if m.step_size not in (None, "η"))
_constrained = ", ".join(m.name for m in METHODS.values() if m.constrained)
_correlating = ", ".join(m.name for m in METHODS.values() if "correlation" in m.losses)

DESCRIPTIONS = {
    "method": "; ".join(f"`{m.name}` {m.sentence}" for m in METHODS.values()),
    "steps": f"number of steps (not for {_without_steps})",
    "step_size": f"η ({_other_sizes}), a number or a schedule, for all layers or for each (not for {_without_size})",
    "constraint": "`unit_rows`: the rows of the first layer are divided by their norms when the stage starts and after "
    f"each step (flow: they follow the gradient along the sphere); rows of zeros stay (for {_constrained})",
    "loss": "what is minimised: `squared`, L (the default), or `correlation`, −2 E[f f*], on data the mean of −2 f y; "
    f"weight decay is added, and the columns of losses stay L (correlation: for {_correlating})",
    "then": "operations at the end: " + "; ".join(f"`{o.name}`: {o.description}" for o in OPERATIONS.values()),
}


def _methods_with(parameter: Parameter) -> list[str]:
    """The names of the methods that have a parameter."""
    return [method.name for method in METHODS.values() if parameter in method.parameters]


def keys_of_parameters() -> dict[str, Any]:
    """The fields of a stage that are parameters of methods, as ``pydantic.create_model`` takes them."""
    return {name: _key_of(parameter) for name, parameter in all_parameters().items()}


def _key_of(parameter: Parameter) -> tuple[Any, Any]:
    """The type of a parameter's key, and the field with its description."""
    below, default = None if parameter.below == inf else parameter.below, parameter.default
    number: Any = Annotated[float, Field(ge=parameter.at_least, lt=below)]
    told = f"{parameter.symbol} of method {' and '.join(_methods_with(parameter))}; default "
    if isinstance(default, tuple):
        numbers: Any = Annotated[list[number], Field(min_length=len(default), max_length=len(default))]
        return numbers | None, Field(None, description=f"{told}{list(default)}")
    return number | None, Field(None, description=f"{told}{default}")


def violations_of_method(method: Method, given: Mapping[str, Any]) -> Violations:
    """What is wrong with the keys of a stage whose method this is; None where a key is not given."""
    yield from (
        _violations_of_steps(method, given) if method.takes_steps else _violations_of_an_exact_step(method, given)
    )
    yield from _violations_of_layers(method, given)
    yield from _violations_of_loss(method, given)
    if not set(given["train"]) <= set(method.layers):
        layers = " and the ".join(layer.replace("_", " ") for layer in method.layers)
        yield ("train",), f"method {method.name} trains the {layers} alone: use [{', '.join(method.layers)}]"
    for name, parameter in all_parameters().items():
        if given[name] is not None and parameter not in method.parameters:
            owners = " and ".join(_methods_with(parameter))
            yield (name,), f"belongs to method {owners}, and the method is {method.name}; leave it out"


def _violations_of_layers(method: Method, given: Mapping[str, Any]) -> Violations:
    if isinstance(given["step_size"], LayerSchedules):
        if not method.sizes_by_layer and method.step_size is not None:
            yield ("step_size",), f"method {method.name} takes one for both layers; use a number or a schedule"
        elif len(set(given["train"])) == 1:
            yield ("step_size",), "is for each layer, and the stage trains one; use a number or a schedule"
    if given["constraint"] is not None:
        if not method.constrained:
            text = f"method {method.name} does not keep rows on the unit sphere; use one of: {_constrained}"
            yield ("constraint",), text
        elif "first_layer" not in given["train"]:
            yield ("constraint",), "is about the first layer, which the stage does not train; leave it out"


def _violations_of_loss(method: Method, given: Mapping[str, Any]) -> Violations:
    if (given["loss"] or "squared") not in method.losses:
        yield ("loss",), f"method {method.name} descends on the squared loss alone; use one of: {_correlating}"


def _violations_of_steps(method: Method, given: Mapping[str, Any]) -> Violations:
    wanted = ["steps"] if method.step_size is None else ["steps", "step_size"]
    for key in wanted:
        if given[key] is None:
            yield (key,), f"missing; method {method.name} needs it"
    if given["step_size"] is not None and "step_size" not in wanted:
        yield ("step_size",), f"method {method.name} finds the length of its steps by itself; leave it out"


def _violations_of_an_exact_step(method: Method, given: Mapping[str, Any]) -> Violations:
    for key in ("steps", "step_size", "stop"):
        if given[key] is not None:
            yield (key,), f"method {method.name} takes one exact step; leave it out"
    decay = given["weight_decay"]
    if not (decay.numbers() if isinstance(decay, LayerSchedules) else isinstance(decay, float)):
        yield ("weight_decay",), f"method {method.name} takes one exact step: use a number"
