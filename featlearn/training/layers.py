"""The layers of a network, as stages name them. Biases are the last column of the first layer's array."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

from featlearn.training.stages import ALL_LAYERS, LAYERS, Layer


def layer_names(biased: bool) -> tuple[Layer, ...]:
    """The layers of a network with or without biases."""
    return ALL_LAYERS if biased else LAYERS


def separated(second_layer: Any, first_layer: Any, biased: bool) -> dict[Layer, Any]:
    """The layers by name, of arrays (…, m) and (…, m, d), or (…, m, d + 1) with biases: views of them."""
    if not biased:
        return {"second_layer": second_layer, "first_layer": first_layer}
    return {"second_layer": second_layer, "first_layer": first_layer[..., :-1], "biases": first_layer[..., -1]}


def together(layers: Mapping[Any, Any], xp: ModuleType = np) -> tuple[Any, Any]:
    """The two arrays again."""
    second, first = layers["second_layer"], layers["first_layer"]
    return second, xp.concat([first, layers["biases"][..., None]], -1) if "biases" in layers else first
