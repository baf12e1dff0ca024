"""The glossary: what tables show is explained, in one plain sentence each."""

from featlearn.views.console.run import _STAGE_COLUMNS
from featlearn.views.words.glossary import EXPLAINED, GLOSSARY, SHORT, glossary
from featlearn.views.words.labels import heading_of


def test_every_heading_of_the_story_of_a_run_is_explained() -> None:
    plain = {"step", "seconds"}
    assert {heading_of(column) for column in _STAGE_COLUMNS} - plain <= set(GLOSSARY)


def test_meanings_are_parts_of_sentences() -> None:
    for term, meaning in GLOSSARY.items():
        assert not meaning.endswith("."), term
        assert len(meaning.split()) >= 3, term


def test_every_word_has_a_meaning() -> None:
    words = glossary(EXPLAINED)
    assert {name for name, *_ in words} >= {"loss", "gap", "mean_angle", "recovered", "certificate"}
    assert len({name for name, *_ in words}) == len(words)
    assert all(meaning and not meaning.endswith(".") for *_, meaning in words)


def test_what_is_told_in_few_words_is_told_in_a_sentence_too() -> None:
    assert SHORT.keys() <= GLOSSARY.keys()
    assert all(len(short) < 60 for short in SHORT.values())


def test_a_page_explains_what_it_shows_alone() -> None:
    assert [name for name, *_ in glossary(["train_loss", "test_loss"])] == ["train_loss", "test_loss"]
    assert {"mass", "certificate"} <= {name for name, *_ in glossary(["loss"])}
