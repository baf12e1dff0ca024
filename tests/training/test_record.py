"""The registry of methods: names, parameters and their defaults."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from featlearn.training.methods import METHODS, Parameter, all_parameters, register
from tests.training.registries import restored


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    with restored(METHODS):
        yield


def test_parameters_have_their_defaults_and_no_others_are_taken() -> None:
    adam, gd = METHODS["adam"], METHODS["gd"]
    assert adam.values({}) == {"betas": (0.9, 0.999)}
    assert adam.values({"betas": (0.5, 0.9)}) == {"betas": (0.5, 0.9)}
    with pytest.raises(ValueError, match="method gd has no parameter betas"):
        gd.values({"betas": (0.5, 0.9)})


def test_names_and_parameters_are_registered_once() -> None:
    gd = METHODS["gd"]
    with pytest.raises(ValueError, match="there is a method gd already"):
        register(gd)
    with pytest.raises(ValueError, match="another method has a different parameter momentum"):
        register(replace(gd, name="other", parameters=(Parameter("momentum", "μ", 0.5, below=1.0),)))
    assert "other" not in METHODS
    register(replace(gd, name="other", parameters=METHODS["momentum"].parameters))
    assert METHODS["other"].values({}) == {"momentum": 0.9}


def test_a_parameter_may_not_have_the_name_of_a_key_of_every_stage() -> None:
    wrong = replace(METHODS["gd"], name="other", parameters=(Parameter("steps", "n", 3.0),))
    with pytest.raises(ValueError, match="steps is a key of every stage"):
        register(wrong)


def test_the_parameters_of_all_methods_are_known_by_name() -> None:
    assert {name: parameter.default for name, parameter in all_parameters().items()} == {
        "momentum": 0.9,
        "betas": (0.9, 0.999),
    }
