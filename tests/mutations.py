"""Files as people and accidents spoil them: valid configurations and sweeps, mutated at random from a seed."""

from __future__ import annotations

import json
import random
from typing import Any

from featlearn.config.yaml_source import dump_yaml

STAGE = {"train": ["first_layer", "second_layer"], "steps": 20, "step_size": 0.1, "weight_decay": 0.01}
SMALL: dict[str, Any] = {
    "name": "small",
    "seed": 0,
    "teacher": {"input_dim": 3, "width": 2},
    "student": {"width": 4},
    "stages": {"go": STAGE},
    "log": {"points": 5, "snapshots": 2},
}
WHOLE: dict[str, Any] = SMALL | {
    "backend": "auto",
    "device": "auto",
    "precision": "float64",
    "teacher": {
        "input_dim": 4,
        "width": 3,
        "rank": 2,
        "min_angle": 25.0,
        "output_weights": {"magnitude": [0.7, 1.3], "sign": "random"},
    },
    "student": {"width": 6, "init": {"kind": "gaussian", "first_layer_std": 0.5, "second_layer_std": 0.3}},
    "activation": {"name": "relu", "drop_hermite_below": 2},
    "data": {"kind": "population"},
    "stages": {
        "first_step": STAGE | {"train": ["first_layer"], "steps": 1, "then": ["normalize_rows"]},
        "second_layer": {"train": ["second_layer"], "method": "ridge", "weight_decay": 0.005, "then": ["balance"]},
        "end": STAGE | {"weight_decay": {"start": 0.01, "factor": 0.5, "every": 5}, "stop": {"loss": 1e-9}},
    },
    "log": {"points": 5, "snapshots": 2, "gap": True, "floors": True, "curvature": False},
}
EXPLICIT: dict[str, Any] = SMALL | {
    "teacher": {"directions": [[1.0, 0.0], [0.0, 1.0]], "output_weights": [1.0, -1.0]},
    "student": {
        "init": {"kind": "explicit", "first_layer": [[1.0, 0.5], [0.2, -1.0]], "second_layer": [1.0, 0.5]},
    },
    "activation": {"name": "erf"},
    "stages": {
        "slow": STAGE | {"method": "flow", "step_size": 0.05, "steps": 3},
        "fast": STAGE | {"method": "adam", "step_size": 0.01, "constraint": "unit_rows", "loss": "correlation"},
        "apart": STAGE | {"step_size": {"first_layer": 0.1, "second_layer": {"linear": [0.1, 0.0]}}},
        "exact": {"train": ["first_layer", "second_layer"], "method": "lbfgs", "steps": 10, "weight_decay": 0.01},
    },
}
SAMPLED: dict[str, Any] = SMALL | {
    "data": {"kind": "empirical", "samples": 8, "noise_std": 0.1, "batch_size": 3, "with_replacement": True},
    "stages": {"go": STAGE | {"method": "momentum", "momentum": 0.9, "then": [], "sample": "fresh"}},
}
ONLINE: dict[str, Any] = SMALL | {
    "data": {"kind": "online", "batch_size": 4, "reuse": 2},
    "inputs": {"covariance": {"power_law": 1.0}},
    "student": {"width": 4, "init": {"kind": "near_teacher", "angle": 10.0}},
    "precision": "float32",
}
LAZY: dict[str, Any] = SMALL | {"student": {"width": 4, "output_scale": 10.0}, "activation": {"name": "abs"}}
SPIKED: dict[str, Any] = SMALL | {"inputs": {"covariance": {"spike": {"strength": 2.0, "along": "random"}}}}
DIAGONAL: dict[str, Any] = SMALL | {"inputs": {"covariance": [1.0, 2.0, 0.5]}}
CONFIGURATIONS = [SMALL, WHOLE, EXPLICIT, SAMPLED, ONLINE, LAZY, SPIKED, DIAGONAL]
SWEEPS: list[dict[str, Any]] = [
    {"name": "small", "base": SMALL, "grid": {"student.width": [4, 6]}, "seeds": 2, "store": "summary"},
    {
        "base": WHOLE,
        "grid": {"stages.end.step_size": {"log": [0.01, 0.1, 3]}, "teacher.min_angle": {"linear": [0, 20, 3]}},
        "zip": [{"student.width": [4, 6], "log.points": [5, 6]}],
        "seeds": {"range": [0, 2]},
    },
]

_WORDS = ("kind", "lr", "base", "grid", "seeds", "name", "path", "start", "width", "stages", "x", "", "\x1b[31m", "é")
_TEXTS = ("x", "", "relu", "tanh", "0.1", "1e-3", "true", "null", "[1]", "a: b", "\x00", "\ud7ff", "y" * 300, "../x")
_NUMBERS = (
    *(-1, 0, 1, 2, 3, 7, 1000, 10**6, 2**31, 2**63, 10**30, 10**400, -(10**400)),
    *(
        0.0,
        -0.0,
        0.5,
        -0.5,
        1.5,
        1e-3,
        90.0,
        5e-324,
        1e-300,
        1e-160,
        1e-20,
        1e20,
        1e49,
        1e100,
        1e160,
        1e200,
        1e300,
        1.7e308,
    ),
    *(float("nan"), float("inf"), float("-inf")),
)
_SNIPPETS = (
    "{",
    "}",
    "[",
    "]",
    ":",
    ": ",
    "#",
    " #",
    "-",
    "- ",
    "&a ",
    "*a",
    "!!int ",
    "'",
    '"',
    "\t",
    "\n",
    "\n  ",
    "?",
)
_MORE_SNIPPETS = ("%", "|", ">", "\x07", "\ufeff", "\u2028", "9" * 400, "1e999", "\U0001f600", "---\n", "...\n")


def mutated(number: int, bases: list[dict[str, Any]]) -> bytes:
    """The file of a number: the same one each time."""
    rng = random.Random(f"mutation {number}")
    data: Any = json.loads(json.dumps(rng.choice(bases)))
    for _ in range(rng.choice((1, 1, 1, 1, 2, 3))):
        data = _changed(data, rng)
    text = dump_yaml(data)
    if rng.random() < 0.15:
        text = _spoiled(text, rng)
    content = text.encode("utf-8", "surrogatepass")
    if rng.random() < 0.02:
        content = content.replace(b"e", b"\xff", 1)
    return content


def _value(rng: random.Random, depth: int = 0) -> Any:
    """Anything that YAML can say."""
    kind = rng.random()
    if kind < 0.5:
        return rng.choice(_NUMBERS)
    if kind < 0.65:
        return rng.choice(_TEXTS)
    if kind < 0.75 or depth > 2:
        return rng.choice((None, True, False))
    if kind < 0.9:
        return [_value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {rng.choice(_WORDS): _value(rng, depth + 1) for _ in range(rng.randrange(3))}


def _changed(data: Any, rng: random.Random) -> Any:
    """The data with one thing changed somewhere in it."""
    if not isinstance(data, dict | list) or not data or rng.random() < 0.02:
        return _value(rng)
    keys = list(data) if isinstance(data, dict) else range(len(data))
    key = rng.choice([key for key in keys for _ in range(3 if isinstance(data[key], dict | list) else 1)])
    inner = data[key]
    if isinstance(inner, dict | list) and inner and rng.random() < 0.85:
        data[key] = _changed(inner, rng)
        return data
    if isinstance(inner, int | float) and rng.random() < 0.75:
        data[key] = rng.choice((*_NUMBERS, inner * 1000, inner * 0.3 if abs(inner) < 1e300 else 0, -inner, inner + 1))
        return data
    deed = rng.randrange(5)
    if deed == 0:
        del data[key]
    elif deed == 1:
        data[key] = [inner]
    elif deed == 2 and isinstance(data, dict):
        data[_misspelt(str(key), rng)] = data.pop(key)
    elif deed == 3 and isinstance(data, dict):
        data[rng.choice(_WORDS)] = _value(rng)
    else:
        data[key] = _value(rng)
    return data


def _misspelt(word: str, rng: random.Random) -> str:
    place = rng.randrange(len(word) + 1)
    return word[:place] + rng.choice(("", "x", ".", "-", word[place : place + 1] * 2)) + word[place + 1 :]


def _spoiled(text: str, rng: random.Random) -> str:
    """The text with a piece cut out, doubled, or put into it."""
    begin = rng.randrange(len(text) + 1)
    end = min(len(text), begin + rng.choice((1, 2, 5, 30)))
    middle = rng.choice(("", text[begin:end] * 2, rng.choice(_SNIPPETS), rng.choice(_MORE_SNIPPETS)))
    return text[:begin] + middle + text[end if rng.random() < 0.5 else begin :]
