"""Values of a setting that are one have one identity, which can be a key."""

import pytest

from featlearn.config.identity import identity


@pytest.mark.parametrize("value", [1, 0.5, "a", None, True, [1, [2]], {"a": {"b": [1]}}])
def test_every_value_of_a_configuration_has_an_identity_that_can_be_a_key(value: object) -> None:
    assert {identity(value): value}[identity(value)] == value


def test_the_order_of_keys_does_not_matter_and_that_of_lists_does() -> None:
    assert identity({"a": 1, "b": 2}) == identity({"b": 2.0, "a": 1.0})
    assert identity([1, 2]) != identity([2, 1])
    assert len({identity(1), identity(True), identity("1"), identity([1])}) == 4
