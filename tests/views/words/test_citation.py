"""The BibTeX entries say what CITATION.cff says."""

import yaml

from featlearn.views.words.citation import bibtex
from tests.places import ROOT


def test_the_entries_agree_with_the_citation_file() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    text = bibtex(cited["version"]).replace("{featlearn}", "featlearn").replace("---", "—")
    [paper] = cited["references"]
    authors = " and ".join(f"{author['family-names']}, {author['given-names']}" for author in paper["authors"])
    for part in (cited["title"], cited["version"], cited["authors"][0]["name"], paper["title"], authors):
        assert f"{{{part}}}" in text
    assert f"{{{paper['year']}}}" in text
    assert paper["identifiers"][0]["value"].removeprefix("arXiv:") in text
    assert paper["collection-title"] in text
    assert text.count("{") == text.count("}")
