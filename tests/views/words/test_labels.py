"""Columns and keys are called the same everywhere, and no text of a user is taken for mathematics or HTML."""

import pytest

from featlearn.sweeps.columns import known_columns
from featlearn.views.words.labels import (
    Label,
    heading_of,
    label_of,
    labels,
    losses_in_brief,
    plain,
    short_key,
    short_keys,
)


@pytest.mark.parametrize(
    ("label", "symbol", "markup"),
    [
        (Label("loss", "L"), " $L$", "loss L"),
        (Label("weight decay", r"\lambda"), r" $\lambda$", "weight decay λ"),
        (Label("gap", r"L_\lambda - J^*_\lambda"), r" $L_\lambda - J^*_\lambda$", "gap L<sub>λ</sub> - J*<sub>λ</sub>"),
        (Label("norm", r"\|\nabla L_\lambda\|"), r" $\|\nabla L_\lambda\|$", "norm ‖∇ L<sub>λ</sub>‖"),
        (Label("first layer in", "S^*"), " $S^*$", "first layer in S*"),
        (Label("time", unit="s"), " (s)", "time (s)"),
        (Label("a <i>"), "", "a &lt;i&gt;"),
    ],
)
def test_a_label_in_figures_and_in_pages(label: Label, symbol: str, markup: str) -> None:
    assert (label.mathtext, label.markup) == (label.words + symbol, markup)


def test_the_words_of_a_label_are_no_mathematics() -> None:
    assert Label("a$b$").mathtext == r"a\$b\$"


def test_every_column_has_a_label_without_commands_in_pages() -> None:
    assert known_columns().keys() <= labels().keys()
    assert not [label.markup for label in labels().values() if "\\" in label.markup]


@pytest.mark.parametrize(
    ("key", "words", "log"),
    [
        ("loss", "loss", True),
        ("aligned_mass", "aligned mass", False),
        ("stages.local.weight_decay", "weight decay", True),  # the column's
        ("student.output_scale", "output scale α", True),
        ("teacher.min_angle", "least angle between teacher lines Δ", False),
        ("student.width", "student width", False),
        ("data.samples", "samples", False),
    ],
)
def test_what_a_column_or_a_key_is_called(key: str, words: str, log: bool) -> None:
    assert (label_of(key).words, label_of(key).log) == (words, log)


def test_headings_are_the_column_s_own_or_its_name() -> None:
    assert [heading_of(name) for name in ("subspace", "weight_decay", "mean_angle")] == ["in S*", "λ", "mean angle"]


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [("two\n  lines", 60, "two lines"), ("$x$", 60, r"\$x\$"), ("abcdef", 6, "abcdef"), ("abcdefg", 6, "abcde…")],
)
def test_a_text_of_a_user_is_one_short_line(text: str, limit: int, shown: str) -> None:
    assert plain(text, limit) == shown


@pytest.mark.parametrize(
    ("key", "short"),
    [
        ("seed", "seed"),
        ("stages.local.step_size", "step_size"),
        ("teacher.width", "teacher.width"),
        ("stages.local.weight_decay.start", "weight_decay.start"),
    ],
)
def test_a_short_key_says_enough(key: str, short: str) -> None:
    assert short_key(key) == short


def test_short_keys_are_longer_where_two_would_be_one() -> None:
    assert short_keys([]) == []
    assert short_keys(["stages.a.steps", "student.width"]) == ["steps", "student.width"]
    assert short_keys(["stages.a.steps", "stages.b.steps"]) == ["a.steps", "b.steps"]
    assert short_keys(["x.a.b.steps", "y.a.b.steps"]) == ["x.a.b.steps", "y.a.b.steps"]


def test_many_losses_beside_an_axis_are_named_together() -> None:
    assert losses_in_brief(["loss", "objective"]) == "loss, objective"
    assert losses_in_brief(["train_loss", "test_loss"]) == "training loss, test loss"
    assert losses_in_brief(["loss", "train_loss", "objective"]) == "losses, objective"
    assert losses_in_brief(["loss", "train_loss", "test_loss"]) == "losses"
