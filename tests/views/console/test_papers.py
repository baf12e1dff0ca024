"""The papers of the gallery as people and programs read them."""

from pathlib import Path

import pytest

from featlearn.claims.load import load_papers
from featlearn.views.console.papers import paper_document, show_papers
from tests.claims.made_up import HOLDS, PAPER, add_paper, use_paper


def test_each_paper_is_told_with_its_claims(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = use_paper(tmp_path, monkeypatch)
    about = add_paper(folder, "made_up_2020") / "paper.yaml"
    about.write_text(f"{about.read_text()}minutes: 3\n")
    papers = load_papers()
    show_papers(papers)
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[:4] == [
        "made-up-2020",
        "  A. Nobody, B. Somebody; How Losses Fall (2020); nowhere; 3 min",
        f"    {HOLDS}: An older loss falls.",
        PAPER,
    ]
    assert lines[-1].startswith("featlearn reproduce --paper NAME")
    document = paper_document(papers[0])
    assert (document["id"], document["year"], document["minutes"]) == ("made-up-2020", 2020, 3)
    assert (document["code"], document["ours"], document["unconfirmed"]) == (None, [], [])
    assert document["claims"] == [{"id": HOLDS, "sentence": "An older loss falls."}]
