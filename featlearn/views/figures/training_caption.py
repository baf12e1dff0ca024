"""What a caption says of a run's training, from its configuration: data, what stands before the network, methods."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from featlearn.training.methods import METHODS
from featlearn.views.data.run import has_covariance
from featlearn.views.words.latex import in_latex

_FACTORS = {"mean_field": "$1/m$", "ntk": r"$1/\surd m$"}


def training_in_parts(settings: Mapping[str, Any]) -> Iterator[str]:
    """The data, the scale or factor of the network and the parameters of the methods, each where it is not the usual.

    Args:
        settings: of the run by dotted keys, see ``config.settings``.
    """
    yield from _data(settings)
    if has_covariance(settings):
        yield "inputs with a covariance"
    if (scale := settings.get("student.output_scale")) is not None:
        yield rf"output scale $\alpha$ = {_told(scale)}"
    if (factor := _FACTORS.get(settings.get("student.scaling", ""))) is not None:
        yield f"factor {factor} before the network"
    yield from dict.fromkeys(_methods(settings))
    if stages := _stages_where(settings, r"loss", lambda value: value == "correlation"):
        yield rf"in {stages} $-2\,\mathrm{{E}}[f f^*]$ stands for $L$ in $L_\lambda$"
    if stages := _stages_where(settings, r"weight_decay\.(first|second)_layer.*", lambda _: True):
        yield f"in {stages} each layer has a weight decay of its own"


def _data(settings: Mapping[str, Any]) -> Iterator[str]:
    kind, batch = settings.get("data.kind"), settings.get("data.batch_size")
    noise = settings.get("data.noise_std")
    if kind == "online":
        reuse = settings.get("data.reuse") or 1
        when = "at each step" if reuse == 1 else f"every {_told(reuse)} steps"
        samples = "sample" if batch == 1 else "samples"
        yield f"a fresh batch of {_told(batch)} {samples} {when}"
    elif kind == "empirical" and settings.get("data.path") is not None:
        yield f"data from {_file(settings['data.path'])}"
        if (test := settings.get("data.test_path")) is not None:
            yield f"test data from {_file(test)}"
        if (share := settings.get("data.test_fraction")) is not None:
            yield f"the share {_told(share)} of them kept for the test loss"
    elif kind == "empirical":
        yield f"one sample of $n$ = {_told(settings.get('data.samples'))} inputs"
    if kind == "empirical" and batch is not None:
        yield f"batches of {_told(batch)}"
    if noise:
        yield rf"label noise $\sigma$ = {_told(noise)}"


def _methods(settings: Mapping[str, Any]) -> Iterator[str]:
    """The methods that have parameters, with these, in the order of the stages."""
    for key, name in settings.items():
        if key.startswith("stages.") and key.endswith(".method") and str(name) in METHODS and METHODS[name].parameters:
            stage = key.removesuffix(".method")
            values = ((p.symbol, settings.get(f"{stage}.{p.name}", p.default)) for p in METHODS[name].parameters)
            told = ", ".join(f"{in_latex(symbol)} = {_told(value)}" for symbol, value in values)
            yield f"method {in_latex(name)} ({told})"


def _stages_where(settings: Mapping[str, Any], key: str, holds: Callable[[Any], bool]) -> str:
    """The names of the stages with a value for which something holds; empty for none."""
    found = ((re.fullmatch(rf"stages\.([^.]+)\.{key}", name), value) for name, value in settings.items())
    names = dict.fromkeys(match[1] for match, value in found if match and holds(value))
    return " and ".join(map(in_latex, names))


def _file(path: Any) -> str:
    return in_latex(PurePath(str(path)).name)


def _told(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_told, value))
    return f"{value:g}" if isinstance(value, float) else in_latex(str(value))
