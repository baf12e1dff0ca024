"""The papers of the gallery and their claims, as a table and as a JSON document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.padding import Padding

from featlearn.claims.load import SEED_PAPER, Paper
from featlearn.views.console.output import output_console, shown, tell
from featlearn.views.words.numbers import duration


def show_papers(papers: Sequence[Paper]) -> None:
    """Each paper with what it is, how long it takes, and its claims."""
    console = output_console()
    for paper in papers:
        about = paper.about
        console.print(shown(paper.id, "bold"))
        time = [duration(60 * about.minutes)] if about.minutes is not None else []
        facts = [", ".join(about.authors), f"{about.title} ({about.year})", about.source, *time]
        console.print(Padding(shown("; ".join(facts)), (0, 0, 0, 2)))
        for claim in paper.claims.values():
            console.print(Padding(shown(f"{claim.id}: {claim.file.sentence}", "dim"), (0, 0, 0, 4)))
    tell(f"featlearn reproduce --paper NAME reproduces one, --all every one; without either, it is {SEED_PAPER}.")


def paper_document(paper: Paper) -> dict[str, Any]:
    """What ``--json`` prints of a paper."""
    claims = [{"id": claim.id, "sentence": claim.file.sentence} for claim in paper.claims.values()]
    return {"id": paper.id, **paper.about.model_dump(mode="json"), "claims": claims}
