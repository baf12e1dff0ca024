"""The gallery: a card for each paper and a page for each, from the records of their reproductions.

``python -m docs.papers`` writes them anew, all of docs/gallery/ but the records (``<paper>/claims.json`` and figures).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from featlearn.claims.directory import ReproductionDirectory
from featlearn.claims.load import SEED_PAPER, Paper, load_papers
from featlearn.claims.records import ReproductionInfo
from featlearn.views.report.claims import body, command, escaped, verdict
from featlearn.views.words.numbers import duration, value

DOCS = Path(__file__).parent
GALLERY = DOCS / "gallery"
_PACKAGES = "featlearn/claims/papers"
_HEAD = """\
# The gallery

Published experiments as claims: each paper is a folder of claims with thresholds from what was published, and the
record of a reproduction says what was measured. `featlearn reproduce --list` names all papers, `--paper NAME`
reproduces one, `--all` every one. [The claims, reproduced](../reproduction.md) says how a claim is judged, and how
one is added.
"""


def pages() -> dict[Path, str]:
    """The content of every page of the gallery, by its path."""
    papers = load_papers()
    found = {paper.id: _record_of(paper) for paper in papers}
    recorded = [(paper, info) for paper in papers if (info := found[paper.id]) is not None]
    written = {GALLERY / paper.id / "README.md": _page(paper, info) for paper, info in recorded if _has_page(paper)}
    cards = "\n".join(_card(paper, info) for paper, info in recorded)
    missing = [f"`{paper.id}`" for paper in papers if found[paper.id] is None]
    tail = f"\nWithout a record here: {', '.join(missing)}.\n" if missing else ""
    return {GALLERY / "README.md": f"{_HEAD}\n{cards}{tail}"} | written


def folder_of(paper: str) -> Path:
    """Where the record of a paper lies: that of the first paper beside its own page."""
    return DOCS / "reproduction" if paper == SEED_PAPER else GALLERY / paper


def _has_page(paper: Paper) -> bool:
    return paper.id != SEED_PAPER


def _record_of(paper: Paper) -> ReproductionInfo | None:
    directory = ReproductionDirectory(folder_of(paper.id))
    return directory.read_info() if directory.info_file.is_file() else None


def _card(paper: Paper, info: ReproductionInfo) -> str:
    page = f"{paper.id}/README.md" if _has_page(paper) else "../reproduction.md"
    figures = paper.id if _has_page(paper) else "../reproduction"
    drawn = [record for record in info.claims if record.panel is not None]
    figure = [f"[![{drawn[0].id}]({figures}/{drawn[0].id}.png)]({page})", ""] if drawn else []
    lines = [
        f"## [{paper.about.title}]({page})",
        "",
        _authors(paper),
        "",
        *figure,
        f"**{verdict(info)}.** {info.claims[0].sentence}" if len(info.claims) == 1 else f"**{verdict(info)}.**",
        "",
        *_failing(info),
        f"`{command(info)}` · {_time(paper, info)}",
        "",
    ]
    return "\n".join(lines)


def _failing(info: ReproductionInfo) -> Iterator[str]:
    """The numbers of claims that do not hold, for one may be all there is."""
    for record in info.claims:
        failing = [check for check in record.checks if not check.passed]
        if failing:
            yield f"What does not hold of `{record.id}`, {len(failing)} of {len(record.checks)} checks:\n"
            yield from (f"* {escaped(c.measures)}: {value(c)} (wanted {escaped(c.threshold)})" for c in failing)
            yield ""


def _time(paper: Paper, info: ReproductionInfo) -> str:
    """What it takes on two cores of their own; where nobody said, what it took."""
    minutes = paper.about.minutes
    return duration(info.seconds) if minutes is None else f"{duration(60 * minutes)} on two cores"


def _page(paper: Paper, info: ReproductionInfo) -> str:
    about = paper.about
    parts = [
        f"# {about.title}",
        f"{_authors(paper)} · code of the authors: {about.code or 'none known'} · [the files]({_files(paper)})",
        f"**The setting.** {about.setting}",
        f"**What is shown.** {about.shows}",
        *_listed("Not confirmed by any source at hand", about.unconfirmed),
        *_listed("Ours", about.ours),
        body(info, ".", f"{_files(paper)}/sweeps"),
        "[The gallery](../README.md) · [How a claim is judged](../../reproduction.md#how-a-claim-is-judged)",
    ]
    return "\n\n".join(parts) + "\n"


def _authors(paper: Paper) -> str:
    return f"{', '.join(paper.about.authors)}, {paper.about.year} · {paper.about.source}"


def _files(paper: Paper) -> str:
    return f"../../../{_PACKAGES}/{paper.id.replace('-', '_')}"


def _listed(title: str, sentences: list[str]) -> Iterator[str]:
    if sentences:
        yield f"**{title}.**"
        yield "\n".join(f"* {sentence}" for sentence in sentences)


if __name__ == "__main__":
    for path, text in pages().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
