"""The words of pages are explained."""

from featlearn.views.words.glossary import glossary


def test_every_word_has_a_meaning() -> None:
    words = glossary()
    assert {name for name, *_ in words} >= {"loss", "gap", "mean_angle", "recovered", "certificate"}
    assert len({name for name, *_ in words}) == len(words)
    assert all(meaning and not meaning.endswith(".") for *_, meaning in words)
