"""featlearn: how does gradient descent learn features? An experiment runner for regularised two-layer networks.

Everything public is named here and loaded when it is first used::

    import featlearn
    config = featlearn.load_config("quickstart.yaml", ["student.width=50"])
    run = featlearn.run_batch([config])[0]
    run.metrics["loss"], run.plot_curves()
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from featlearn.config.load import load_config
    from featlearn.config.model import Config
    from featlearn.config.yaml_source import ConfigError
    from featlearn.runs.directory import RunDirectory
    from featlearn.runs.metrics import load_metrics
    from featlearn.storage.errors import RunError
    from featlearn.sweeps.results import load_results
    from featlearn.theory.activations import activation
    from featlearn.theory.activations.own import register_activation
    from featlearn.theory.alignment import alignment_metrics
    from featlearn.theory.population import gradient as population_gradient
    from featlearn.theory.population import loss as population_loss
    from featlearn.views.objects import Run, Sweep, load_run, load_sweep, resume, run_batch, train

_HOMES = {
    "Config": "config.model:Config",
    "ConfigError": "config.yaml_source:ConfigError",
    "Run": "views.objects:Run",
    "RunDirectory": "runs.directory:RunDirectory",
    "RunError": "storage.errors:RunError",
    "Sweep": "views.objects:Sweep",
    "activation": "theory.activations:activation",
    "alignment_metrics": "theory.alignment:alignment_metrics",
    "load_config": "config.load:load_config",
    "load_metrics": "runs.metrics:load_metrics",
    "load_results": "sweeps.results:load_results",
    "load_run": "views.objects:load_run",
    "load_sweep": "views.objects:load_sweep",
    "population_gradient": "theory.population:gradient",
    "population_loss": "theory.population:loss",
    "register_activation": "theory.activations.own:register_activation",
    "resume": "views.objects:resume",
    "run_batch": "views.objects:run_batch",
    "train": "views.objects:train",
}

__all__ = [
    "Config",
    "ConfigError",
    "Run",
    "RunDirectory",
    "RunError",
    "Sweep",
    "activation",
    "alignment_metrics",
    "load_config",
    "load_metrics",
    "load_results",
    "load_run",
    "load_sweep",
    "population_gradient",
    "population_loss",
    "register_activation",
    "resume",
    "run_batch",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(import_module(f"{__name__}.{module}"), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
