"""The activation section names an activation and says which degrees are dropped."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from featlearn.config.activation import ActivationChoice
from featlearn.theory.activations import DROP_SETTINGS, activation, activation_names
from featlearn.theory.activations.registry import HIGHEST_DROP
from tests.config.broken import Broken, changed, must_be_refused
from tests.theory import made_up

BROKEN = [
    changed(
        "typo_activation", "seed: 0", "activation: {name: rellu}", ("2:20", "activation.name", "did you mean 'relu'?")
    ),
    changed(
        "boolean_for_a_choice",
        "seed: 0",
        "activation: {drop_hermite_below: false}",
        ("2:34", "activation.drop_hermite_below", "boolean false"),
    ),
]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_a_broken_activation_is_refused_with_its_place_and_key(case: Broken, tmp_path: Path) -> None:
    must_be_refused(case, tmp_path)


@pytest.mark.parametrize("drop", DROP_SETTINGS)
@pytest.mark.parametrize("name", activation_names())
def test_every_activation_can_be_chosen_and_is_the_one_that_is_named(name: str, drop: int) -> None:
    entry = ActivationChoice.model_validate({"name": name, "drop_hermite_below": drop}).entry()
    assert entry is activation(name, drop)
    assert (entry.name, entry.drop_hermite_below) == (name, drop)


def test_the_default_is_relu_without_constant_and_linear_part() -> None:
    assert ActivationChoice().entry() is activation("relu", 2)


@pytest.mark.parametrize("drop", [1, 3, 4, HIGHEST_DROP])
def test_any_low_degrees_can_be_dropped(drop: int) -> None:
    assert ActivationChoice.model_validate({"drop_hermite_below": drop}).entry() is activation("relu", drop)


@pytest.mark.parametrize("drop", [-1, HIGHEST_DROP + 1])
def test_other_degrees_cannot_be_dropped(drop: int) -> None:
    with pytest.raises(ValidationError, match="drop_hermite_below"):
        ActivationChoice.model_validate({"drop_hermite_below": drop})


def test_something_must_be_left() -> None:
    assert ActivationChoice.model_validate({"name": "quadratic", "drop_hermite_below": 1}).entry().name == "quadratic"
    with pytest.raises(ValidationError, match="3 leaves nothing: quadratic has no Hermite degree above 2"):
        ActivationChoice.model_validate({"name": "quadratic", "drop_hermite_below": 3})


def test_an_activation_with_two_settings_only_says_so() -> None:
    choice = ActivationChoice.model_construct(name="cubic", drop_hermite_below=1)
    with made_up.registered(*made_up.CUBIC):
        assert list(choice.violations()) == [(("drop_hermite_below",), "drop_hermite_below is 1: cubic has 0 and 2")]


def test_the_schema_knows_the_choices() -> None:
    properties = ActivationChoice.model_json_schema()["properties"]
    assert (properties["drop_hermite_below"]["minimum"], properties["drop_hermite_below"]["maximum"]) == (0, 40)
    assert properties["name"]["enum"] == list(activation_names())
