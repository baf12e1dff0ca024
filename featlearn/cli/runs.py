"""``featlearn runs`` and ``featlearn show``."""

from __future__ import annotations

import gc
from typing import Annotated, Any

import typer

from featlearn.cli.errors import errors_told
from featlearn.cli.options import AsJson, RunsDir, document_of, print_json
from featlearn.runs.home import DEFAULT_RUNS_DIR


def runs(
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            "-w",
            metavar="CONDITION",
            help="Only runs for which it holds: KEY=VALUE, or != < <= > >= ~ (contains) for =. Repeatable.",
        ),
    ] = None,
    sort: Annotated[
        str | None, typer.Option("--sort", "-s", metavar="KEY", help="By this key; -KEY: the largest first.")
    ] = None,
    columns: Annotated[
        str | None, typer.Option("--columns", metavar="KEY,…", help="What to show of each run.", show_default="results")
    ] = None,
    last: Annotated[int | None, typer.Option("--last", "-n", min=1, help="Only so many of them, the newest.")] = None,
    as_json: AsJson = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """A table of runs, sweeps and reproductions, oldest first.

    Settings in which runs differ are among its columns.

    A KEY is a setting (student.width; its end is enough where no other key ends so), a result (loss) or one of name,
    status, tags, note, kind, created. weight_decay alone is λ at the end; that of a stage, as main.weight_decay, is the
    setting, and a schedule counts by its start. Runs have to meet every condition; a sweep counts by its best point.
    """
    from featlearn.claims.listing import listing
    from featlearn.sweeps.selection import Keys, ordered
    from featlearn.views.console.runs import show_runs

    gc.disable()  # it would go through the lines of thousands of runs again and again, and this process soon ends
    with errors_told():
        found = listing(runs_dir)
        keys = Keys(found) if found and (where or sort or columns) else None
        chosen, whole, conditions = None, found, []
        if keys is not None:
            from featlearn.sweeps.conditions import condition

            conditions = [condition(text, keys) for text in where or []]
            found = [line for line in found if all(condition.holds(line) for condition in conditions)]
            chosen = [keys.complete(name.strip()) for name in columns.split(",")] if columns else None
        found = found[-last:] if last else found
        if keys is not None and sort:
            found = ordered(found, sort, keys)
    if as_json:
        print_json([line.document() for line in found])
    else:
        show_runs(found, runs_dir, chosen, searched=whole if where else None, conditions=conditions)


def show(
    run: Annotated[
        str, typer.Argument(help="A run, a sweep or a reproduction: its path, `latest`, or its name or a beginning.")
    ] = "latest",
    neuron: Annotated[
        int | None, typer.Option("--neuron", metavar="J", help="Of a run: one neuron, counted from 0.")
    ] = None,
    step: Annotated[
        int | None, typer.Option("--step", metavar="T", help="With --neuron: when.", show_default="the end")
    ] = None,
    as_json: AsJson = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """One run (its stages, final metrics and environment), one sweep (its results), or one reproduction (verdicts)."""
    from featlearn.claims.find import find
    from featlearn.views.console.manage import show_notes

    if step is not None and neuron is None:
        raise typer.BadParameter("--step goes with --neuron J")
    with errors_told():
        found = find(run, runs_dir)
        if neuron is not None:
            _show_neuron(found, neuron, step, as_json=as_json)
            return
        notes = found.read_notes()
        if as_json:
            noted = {"tags": list(notes.tags), "note": notes.note}
            print_json(_document(found) | {key: value for key, value in noted.items() if value})
        else:
            _show(found)
            show_notes(notes)


def _document(found: Any) -> dict[str, Any]:
    info = found.read_info()
    if found.kind == "sweep":
        from featlearn.views.console.sweep import sweep_document

        return sweep_document(found, info)
    if found.kind == "run":
        from featlearn.views.console.output import complain

        complain(text for text in (found.complaint(info),) if text)
    return document_of(found, info)


def _show(found: Any) -> None:
    """Each of the three loads what shows it, and no more."""
    info = found.read_info()
    if found.kind == "sweep":
        from featlearn.views.console.sweep import show_sweep

        show_sweep(found, info)
    elif found.kind == "run":
        from featlearn.views.console.run import show_environment, show_run

        show_run(found, info)
        show_environment(info)
    else:
        from featlearn.views.console.claims import show_reproduction

        show_reproduction(found, info)


def _show_neuron(found: Any, number: int, step: int | None, *, as_json: bool) -> None:
    from featlearn.runs.directory import RunDirectory
    from featlearn.views.console.manage import show_neuron
    from featlearn.views.data.neuron import neuron_at

    if not isinstance(found, RunDirectory):
        raise typer.BadParameter("--neuron is for runs; those of a sweep are in its folder runs/")
    neuron = neuron_at(found, number, step)
    if as_json:
        print_json(neuron.__dict__)
    else:
        show_neuron(neuron, step)
