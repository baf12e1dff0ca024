"""``featlearn reproduce``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from featlearn.cli.errors import errors_told
from featlearn.cli.options import AsJson, Jobs, RunsDir, document_of, print_json
from featlearn.runs.home import DEFAULT_RUNS_DIR

if TYPE_CHECKING:
    from featlearn.claims.directory import ReproductionDirectory
    from featlearn.claims.records import ReproductionInfo
    from featlearn.sweeps.executors import Executor


def reproduce(
    paper: Annotated[
        str | None, typer.Option("--paper", metavar="NAME", help="Another paper of the gallery.", show_default=False)
    ] = None,
    all_papers: Annotated[bool, typer.Option("--all", help="Every paper, each in a directory of its own.")] = False,
    listed: Annotated[
        bool, typer.Option("--list", help="The papers, or the one named, and their claims; nothing is run.")
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer runs, for a first look.")] = False,
    claims: Annotated[
        list[str] | None, typer.Option("--claim", metavar="ID", help="Only this claim of the paper. Repeatable.")
    ] = None,
    resume: Annotated[
        list[str] | None,
        typer.Option("--resume", metavar="DIR", help="Go on with a reproduction: its path or its name. Repeatable."),
    ] = None,
    jobs: Jobs = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no verdicts.")] = False,
    as_json: AsJson = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """The claims of a paper: each run, measured with 95 % intervals over seeds, and judged.

    Leaves a directory with the verdicts, a page for people, a figure for each claim, and the sweeps behind them.

    Exit status: 0 all hold; 1 one does not hold; 2 a wrong command line or file; 130 interrupted.
    """
    if resume and (quick or claims or paper or all_papers):
        raise typer.BadParameter(
            "--quick, --claim, --paper and --all begin a reproduction, and one that is resumed knows its own"
        )
    if all_papers and (claims or paper):
        raise typer.BadParameter("--all takes all claims of all papers; --paper NAME and --claim ID choose among them")
    if listed and (resume or quick or claims or all_papers):
        raise typer.BadParameter("--list tells papers and claims, and runs nothing; beside it go --paper and --json")

    from featlearn.claims import load
    from featlearn.claims.directory import ReproductionDirectory
    from featlearn.claims.find import find_to_resume
    from featlearn.claims.reproduce import begin
    from featlearn.sweeps.executors import make_executor
    from featlearn.views.console.output import complain
    from featlearn.views.report.claims import verdict

    with errors_told():
        if listed:
            _list(paper, as_json)
            return
        if resume:
            directories = [find_to_resume(ReproductionDirectory, name, runs_dir) for name in resume]
        else:
            wanted = load.load_papers() if all_papers else [load.load_paper(paper or load.SEED_PAPER)]
            directories = [begin(one, claims or [], runs_dir, quick=quick) for one in wanted]
        infos = _carry_out(directories, lambda: make_executor(jobs), quiet=quiet or as_json)

    if as_json:
        documents = [document_of(directory, info) for directory, info in zip(directories, infos, strict=True)]
        print_json(documents if all_papers or len(documents) > 1 else documents[0])
    if failed := [info for info in infos if not info.all_hold]:
        complain([f"{info.paper}: {verdict(info)}" for info in failed] if quiet or as_json else [])
        raise typer.Exit(1)


def _list(paper: str | None, as_json: bool) -> None:
    """Tell one paper or all. Raises ConfigError, after the others, for those whose files are broken."""
    from featlearn.claims.load import load_paper, sound_papers
    from featlearn.config.yaml_source import ConfigError
    from featlearn.views.console.papers import paper_document, show_papers

    papers, complaints = ([load_paper(paper)], []) if paper else sound_papers()
    if as_json:
        print_json([paper_document(paper) for paper in papers])
    else:
        show_papers(papers)
    if complaints:
        raise ConfigError(complaints)


def _carry_out(
    directories: Sequence[ReproductionDirectory], make_executor: Callable[[], Executor], *, quiet: bool
) -> list[ReproductionInfo]:
    """What was found in each reproduction, one after the other, with their pages and figures written."""
    from featlearn.claims import load
    from featlearn.claims import reproduce as reproductions
    from featlearn.views.console import claims as claims_console
    from featlearn.views.console.output import complain
    from featlearn.views.report import claims_files

    infos = []
    for number, directory in enumerate(directories):
        paper = load.load_paper(directory.read_info().paper)
        with claims_console.ClaimsView(directory, quiet=quiet) as view:
            watch = view.watch(lambda record, at=directory: claims_files.write(at))
            try:
                infos.append(reproductions.reproduce(paper, directory, watch, make_executor))
            except reproductions.Interrupted:
                complain([claims_console.interrupted(*directories[number:])])
                raise typer.Exit(130) from None
        claims_files.write(directory)
        if not quiet:
            claims_console.show_summary(directory, infos[-1])
    return infos
