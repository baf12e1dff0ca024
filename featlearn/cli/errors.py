"""The error policy of all commands: what is printed, and the exit status.

2 means that something was asked for wrongly (the command line, a configuration, a run that does not exist), 1 that
something that exists is broken, in use, or did not work.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from featlearn.config.yaml_source import ConfigError


@contextmanager
def errors_told() -> Iterator[None]:
    """Within it, the errors that users can do something about end the command with their lines on standard error."""
    from featlearn.storage.errors import RunError, RunNotFound, WrongChoice
    from featlearn.views.console.output import complain

    try:
        with _cautions_told():
            yield
    except RunError as error:
        complain([str(error)])
        raise typer.Exit(2 if isinstance(error, RunNotFound | WrongChoice) else 1) from None
    except _config_error() as error:  # loaded only when something is wrong
        complain(map(str, error.complaints))
        raise typer.Exit(2) from None


def _config_error() -> type[ConfigError]:
    from featlearn.config.yaml_source import ConfigError

    return ConfigError


@contextmanager
def _cautions_told() -> Iterator[None]:
    """Within it, a caution is one line on standard error, without the place in the code."""
    from featlearn.storage.errors import Caution
    from featlearn.views.console.output import complain

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if issubclass(category, Caution):
            complain([f"warning: {message}"])
        else:
            others(message, category, *place, **more)

    with warnings.catch_warnings():
        warnings.simplefilter("always", Caution)
        others, warnings.showwarning = warnings.showwarning, show
        yield
