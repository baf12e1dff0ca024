"""featlearn: how does gradient descent learn features? An experiment runner for regularised two-layer networks.

Everything public is named here and loaded when it is first used::

    import featlearn
    config = featlearn.load_config("configs/quickstart.yaml", ["student.width=50"])
    rows = featlearn.run_batch([config])[0].rows
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from featlearn.experiments.batch import run_batch
    from featlearn.experiments.config import Config
    from featlearn.experiments.config_file import load_config
    from featlearn.experiments.results import load_metrics, load_results
    from featlearn.experiments.run import RunResult, resume, train
    from featlearn.experiments.runs import RunDirectory, RunError
    from featlearn.experiments.yaml_source import ConfigError
    from featlearn.theory.activations import activation
    from featlearn.theory.alignment import alignment_metrics
    from featlearn.theory.population import gradient as population_gradient
    from featlearn.theory.population import loss as population_loss

_HOMES = {
    "Config": "experiments.config:Config",
    "ConfigError": "experiments.yaml_source:ConfigError",
    "RunDirectory": "experiments.runs:RunDirectory",
    "RunError": "experiments.runs:RunError",
    "RunResult": "experiments.run:RunResult",
    "activation": "theory.activations:activation",
    "alignment_metrics": "theory.alignment:alignment_metrics",
    "load_config": "experiments.config_file:load_config",
    "load_metrics": "experiments.results:load_metrics",
    "load_results": "experiments.results:load_results",
    "population_gradient": "theory.population:gradient",
    "population_loss": "theory.population:loss",
    "resume": "experiments.run:resume",
    "run_batch": "experiments.batch:run_batch",
    "train": "experiments.run:train",
}

__all__ = [
    "Config",
    "ConfigError",
    "RunDirectory",
    "RunError",
    "RunResult",
    "activation",
    "alignment_metrics",
    "load_config",
    "load_metrics",
    "load_results",
    "population_gradient",
    "population_loss",
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
    return sorted({*globals(), *__all__})
