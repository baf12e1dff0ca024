"""The activation section names an activation and says which degrees are dropped."""

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from featlearn.config.activation import ActivationChoice
from featlearn.config.model import Config
from featlearn.theory.activations import DROP_SETTINGS, activation, activation_names, default_parameters
from featlearn.theory.activations.registry import HIGHEST_DROP
from tests.config.broken import MINIMAL, Broken, changed, complaints_of, must_be_refused, write
from tests.theory import made_up

BROKEN = [
    changed(
        "typo_activation", "seed: 0", "activation: {name: rellu}", ("2:20", "activation.name", "did you mean 'relu'?")
    ),
    changed(
        "slope_of_another",
        "seed: 0",
        "activation: {negative_slope: 0.2}",
        ("2:30", "activation.negative_slope", "is for leaky_relu, and the activation is relu; leave it out"),
    ),
    changed(
        "slope_of_the_linear_function",
        "seed: 0",
        "activation: {name: leaky_relu, negative_slope: 1}",
        ("2:48", "activation.negative_slope", "use name: linear"),
    ),
    changed(
        "polynomial_without_coefficients",
        "seed: 0",
        "activation: {name: polynomial}",
        ("2:1", "activation.coefficients", "as in [0, 0, 0, 1] for z³"),
    ),
    changed(
        "polynomial_as_a_formula",
        "seed: 0",
        "activation: {name: polynomial, coefficients: z^3}",
        ("2:46", "activation.coefficients", "expected a list, got the text 'z^3'; write [0, 0, 0, 1] for z³"),
    ),
    changed(
        "series_that_is_not_exact_for_what_is_left",
        "seed: 0",
        "activation: {name: softplus, drop_hermite_below: 30}",
        ("2:50", "activation.drop_hermite_below", "some 1e-13 of it; take at most 12"),
    ),
    changed(
        "polynomial_that_ends_with_0",
        "seed: 0",
        "activation: {name: polynomial, coefficients: [1, 2, 0]}",
        ("2:46", "activation.coefficients", "ends with 0"),
    ),
    changed(
        "coefficient_that_is_no_number",
        "seed: 0",
        "activation: {name: polynomial, coefficients: [1, .inf]}",
        ("2:50", "activation.coefficients[1]", "NaN and infinity"),
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
    if activation(name, drop).is_zero:
        pytest.skip("nothing is left")
    given = {"coefficients": list(default_parameters(name)["coefficients"])} if name == "polynomial" else {}
    entry = ActivationChoice.model_validate({"name": name, "drop_hermite_below": drop, **given}).entry()
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
    with pytest.raises(ValidationError, match="3 leaves nothing: quadratic has no Hermite degree above 2; 0 keeps all"):
        ActivationChoice.model_validate({"name": "quadratic", "drop_hermite_below": 3})


def test_the_linear_function_needs_its_linear_part() -> None:
    with pytest.raises(ValidationError, match="2 leaves nothing: linear has no Hermite degree above 1; 0 keeps all"):
        ActivationChoice.model_validate({"name": "linear"})
    cubic = {"name": "polynomial", "coefficients": [0, 0, 0, 1.5]}
    assert ActivationChoice.model_validate(cubic | {"drop_hermite_below": 3}).entry().degree == 3
    with pytest.raises(
        ValidationError, match=r"4 leaves nothing: polynomial\(0, 0, 0, 1.5\) has no Hermite degree above"
    ):
        ActivationChoice.model_validate(cubic | {"drop_hermite_below": 4})


def test_the_default_slope_is_written_out() -> None:
    assert ActivationChoice.model_validate({"name": "leaky_relu"}).negative_slope == 0.01
    assert "negative_slope" not in ActivationChoice().model_dump(exclude_none=True)


@pytest.mark.parametrize(
    ("name", "given", "same"),
    [
        ("leaky_relu", {"negative_slope": 0.2}, False),
        ("leaky_relu", {}, True),
        ("leaky_relu", {"negative_slope": 0.01}, True),
        ("relu", {}, False),
    ],
)
def test_the_teacher_has_parameters_of_its_own(name: str, given: dict[str, float], same: bool) -> None:
    plain = yaml.safe_load(MINIMAL) | {"activation": {"name": "leaky_relu", "drop_hermite_below": 0}}
    plain["teacher"] |= {"activation": {"name": name, **given}}
    config = Config.model_validate(plain)
    found = config.teacher_activation()
    assert (found is None) == same
    assert same or found is activation(name, 0, **given)
    assert config.backend == ("fused" if same else "torch")
    assert Config.model_validate(yaml.safe_load(config.to_yaml())) == config


def test_an_activation_with_two_settings_only_says_so() -> None:
    choice = ActivationChoice.model_construct(name="cubic", drop_hermite_below=1)
    with made_up.registered(*made_up.CUBIC):
        assert list(choice.violations()) == [(("drop_hermite_below",), "drop_hermite_below is 1: cubic has 0 and 2")]


def test_the_schema_knows_the_choices() -> None:
    properties = ActivationChoice.model_json_schema()["properties"]
    assert (properties["drop_hermite_below"]["minimum"], properties["drop_hermite_below"]["maximum"]) == (0, 40)
    assert properties["name"]["enum"] == list(activation_names())


def test_a_slope_of_one_is_told_once_where_there_is_no_slope(tmp_path: Path) -> None:
    (told,) = complaints_of(write(tmp_path, MINIMAL), "activation={name: tanh, negative_slope: 1}")
    assert "is for leaky_relu, and the activation is tanh" in told


def test_coefficients_whose_squares_vanish_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, MINIMAL)
    (told,) = complaints_of(path, "activation={name: polynomial, coefficients: [0, 0, 0, 1.0e-300]}")
    assert "activation.coefficients: the largest is 1e-300, whose square is no number of the kernel" in told
    (told,) = complaints_of(path, "activation={name: polynomial, coefficients: [0, 1, 1.0e-300]}")
    assert "drop_hermite_below: 2 leaves coefficients that are too small: the largest is 1e-300" in told
