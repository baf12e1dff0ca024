"""The command ``featlearn``: parse, call, print. What takes long to load is loaded by the command that needs it."""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from featlearn.cli.about import check, schema
from featlearn.cli.lab import lab
from featlearn.cli.late import load_when_used
from featlearn.cli.manage import diff, export, note, rm, tag
from featlearn.cli.new import new
from featlearn.cli.options import OptionsAlone
from featlearn.cli.reproduce import reproduce
from featlearn.cli.runs import runs, show
from featlearn.cli.sweep import sweep
from featlearn.cli.train import train
from featlearn.cli.views import plot, report

CALLED = {  # what people type, and the command that is meant
    "compare": "diff",
    "list": "runs",
    "ls": "runs",
    "run": "train",
    "fit": "train",
    "resume": "train --resume",
    "figure": "plot",
    "figures": "plot",
    "init": "new",
    "delete": "rm",
    "remove": "rm",
}


class _Commands(TyperGroup):
    """The commands; one that is not there is told with the one that is meant."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if (meant := CALLED.get(args[0])) is not None:
            ctx.fail(f"there is no command {args[0]!r}; did you mean `featlearn {meant}`?")
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="How does gradient descent learn features? Teacher–student experiments on Gaussian inputs, with exact losses.",
)


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)  # errors of a standard output that takes no more


def main() -> None:
    """The entry point of the ``featlearn`` command."""
    _open_streams()
    if not os.environ.get("COLUMNS", "1").strip("0"):
        del os.environ["COLUMNS"]  # a terminal of no width would show nothing
    load_when_used("numpy")
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # looking for plugins reads every installed package
    gc.set_threshold(200_000, 20, 20)  # libraries make many objects as they load, and none of them is garbage
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output went away, as in `featlearn runs | head`
        _forget_output()
        sys.exit(0)
    except OSError as error:
        if error.filename is not None or error.errno not in _FULL:
            raise
        _forget_output()
        typer.echo(f"output cannot be written: {error.strerror}", err=True)
        sys.exit(1)


def _forget_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_streams() -> None:
    """Output that a terminal cannot show is replaced, and closed streams lead nowhere: neither may end a run."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: PTH123, SIM115 - open for the life of the process
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"featlearn {version('featlearn')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def _help_of(command: Callable[..., None]) -> str:
    """The docstring of a command, each paragraph on one line: terminals wrap it at their own width."""
    return "\n\n".join(" ".join(part.split()) for part in (command.__doc__ or "").split("\n\n"))


_GROUPS: dict[str, tuple[Callable[..., None], ...]] = {
    "Experiments": (new, lab, train, sweep, reproduce),
    "Results": (runs, show, plot, report),
    "Keeping runs in order": (diff, export, tag, note, rm),
    "The program": (schema, check),
}
for _group, _commands in _GROUPS.items():
    for _command in _commands:
        _kind = OptionsAlone if _command in (train, sweep, reproduce) else None
        app.command(rich_help_panel=_group, cls=_kind, help=_help_of(_command))(_command)
