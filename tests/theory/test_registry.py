"""The registry: one record for each name and setting, unknown ones refused with the known ones."""

from dataclasses import replace
from typing import get_args

import pytest

from featlearn.theory import activations as package
from featlearn.theory.activations import (
    DROP_SETTINGS,
    Activation,
    activation,
    activation_names,
    activations,
    names_of_degree,
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
    assert len(activations()) == len(DROP_SETTINGS) * len(activation_names())
    assert activation("relu", 0) != activation("relu", 2)


def test_the_paper_setting_is_the_default() -> None:
    assert activation("relu") is activation("relu", 2)


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown activation 'tanh'") as caught:
        activation("tanh")
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
    assert names_of_degree(1) == ("relu", "abs")
    assert names_of_degree(2) == ("quadratic",)
