"""The registry: one record for each name and setting, unknown ones refused with the known ones."""

from dataclasses import replace
from typing import Any, get_args

import pytest

from featlearn.theory import activations as package
from featlearn.theory.activations import (
    DROP_SETTINGS,
    Activation,
    activation,
    activation_names,
    activations,
    names_of_degree,
    names_with_optimum,
    register,
)
from featlearn.theory.activations.registry import HIGHEST_DROP
from tests.theory import made_up


def test_there_is_one_record_for_each_name_and_setting() -> None:
    for name in activation_names():
        for drop in DROP_SETTINGS:
            found = activation(name, drop)
            assert found is activation(name, drop)
            assert (found.name, found.drop_hermite_below) == (name, drop)
    assert len(activations()) == len(DROP_SETTINGS) * len(activation_names()) - 1  # z without its linear part is 0
    assert not any(record.is_zero for record in activations())
    assert activation("relu", 0) != activation("relu", 2)


def test_the_paper_setting_is_the_default() -> None:
    assert activation("relu") is activation("relu", 2)


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown activation 'mish'") as caught:
        activation("mish")
    assert all(name in str(caught.value) for name in activation_names())
    for drop in (-1, HIGHEST_DROP + 1):
        with pytest.raises(ValueError, match=f"drop_hermite_below is {drop}: relu has 0 to 40"):
            activation("relu", drop)
    with made_up.registered(*made_up.CUBIC), pytest.raises(ValueError, match="is 1: cubic has 0 and 2"):
        activation("cubic", 1)


def test_records_of_other_settings_are_made_once() -> None:
    known = activations()
    for name in activation_names():
        for drop in (1, 3, HIGHEST_DROP):
            found = activation(name, drop)
            assert found is activation(name, drop)
            assert (found.name, found.drop_hermite_below) == (name, drop)
    assert activations() == known


def test_a_registered_activation_is_known_until_it_is_taken_out() -> None:
    before = activation_names()
    with made_up.registered(*made_up.CUBIC):
        assert activation_names() == (*before, "cubic")
        assert activation("cubic", 0) is made_up.CUBIC[0]
        assert activation("cubic") is made_up.CUBIC[1]
        assert names_of_degree(3) == ("cubic",)
    assert activation_names() == before


@pytest.mark.parametrize(
    ("records", "words"),
    [
        (made_up.CUBIC[:1], "cubic with 0"),
        ((), "drop_hermite_below 0 and 2"),
        ((made_up.CUBIC[0], made_up.SQUARE_AND_CUBE[1]), "one name"),
        ((made_up.CUBIC[0], made_up.CUBIC[0]), "cubic with 0, cubic with 0"),
        (tuple(replace(record, name="relu") for record in made_up.CUBIC), "'relu' already"),
    ],
)
def test_what_is_not_one_new_activation_is_refused(records: tuple[Activation, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        register(*records)
    assert activation("relu").formula == "max(z, 0)"


def test_the_name_type_lists_the_activations_of_the_package() -> None:
    assert get_args(package.ActivationName) == activation_names()


def test_names_of_a_degree() -> None:
    assert names_of_degree(1) == ("relu", "abs", "leaky_relu", "linear")
    assert names_with_optimum() == ("relu", "abs", "leaky_relu")
    assert names_of_degree(2) == ("quadratic",)


def test_parameters_make_one_record_each() -> None:
    found = activation("leaky_relu", 0, negative_slope=0.2)
    assert found is activation("leaky_relu", 0, negative_slope=0.2)
    assert (found.parameters, found.label) == ((("negative_slope", 0.2),), "leaky_relu(0.2)")
    assert activation("leaky_relu", 0, negative_slope=0.01) is activation("leaky_relu", 0)
    cubic = activation("polynomial", 3, coefficients=[0, 0, 0, 1])
    assert cubic is activation("polynomial", 3, coefficients=(0.0, 0.0, 0.0, 1.0))
    assert cubic is not activation("polynomial", 2, coefficients=[0, 0, 0, 1])
    assert (cubic.label, activation("relu").label) == ("polynomial(0, 0, 0, 1)", "relu")


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("relu", {"negative_slope": 0.1}, "relu has no parameter 'negative_slope': its parameters are none"),
        ("leaky_relu", {"coefficients": [1, 2]}, "its parameters are negative_slope"),
        ("leaky_relu", {"negative_slope": 1}, "other than 1"),
        ("polynomial", {"coefficients": [1, 0]}, "cD not 0"),
        ("polynomial", {"coefficients": [1]}, "D from 1 to 20"),
        ("polynomial", {"coefficients": [1, float("inf")]}, "finite"),
    ],
)
def test_other_parameters_are_refused(name: str, parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        activation(name, 0, **parameters)
