"""Which columns are inputs and label: by their names where these leave no doubt, else as the configuration says."""

import pytest

from featlearn.config.data_columns import Columns, InvalidData, Wanted


@pytest.mark.parametrize(
    ("names", "inputs", "label"),
    [
        ("input_0 input_1 label", [0, 1], 2),
        ("inputs_1 labels inputs_0", [2, 0], 1),
        ("Input_0 Input_1 Label", [0, 1], 2),
        ("x10 x9 x8 x7 x6 x5 x4 x3 x2 x1 Y", [9, 8, 7, 6, 5, 4, 3, 2, 1, 0], 10),
        ("x[0] x[1] target", [0, 1], 2),
        ("age output", [0], 1),
    ],
)
def test_numbered_names_are_inputs_in_the_order_of_their_numbers(names: str, inputs: list[int], label: int) -> None:
    assert Wanted().columns(names.split()) == Columns(inputs, label)
    assert Wanted(len(inputs)).columns(names.split()).used() == [*inputs, label]


@pytest.mark.parametrize("names", ["x1 x3 y", "x2 x3 y", "x1 z2 y", "x1 x01 y", "x1 x y", "age dose y"])
def test_names_that_are_not_numbered_alike_are_no_inputs_by_themselves(names: str) -> None:
    with pytest.raises(InvalidData, match=r"not x1, x2, … alike: say which are the inputs, as in `inputs: \["):
        Wanted().columns(names.split())
    assert Wanted(inputs="*").columns(names.split()).inputs == [0, 1]


@pytest.mark.parametrize("name", ["", "Unnamed: 0"])
def test_the_numbers_of_the_rows_are_no_input(name: str) -> None:
    assert Wanted().columns([name, "x0", "x1", "y"]) == Columns([1, 2], 3, index=0)
    assert Wanted(inputs="*").columns([name, "a", "b", "y"]).inputs == [1, 2]


def test_columns_without_names_are_called_by_their_numbers() -> None:
    assert Wanted(label="1").columns(["1", "2", "3"], named=False) == Columns([1, 2], 0)
    with pytest.raises(InvalidData, match="as in `label: 3` for the last"):
        Wanted().columns(["1", "2", "3"], named=False)


def test_long_lists_of_names_are_told_in_brief() -> None:
    names = [f"x{k}" for k in range(784)]
    with pytest.raises(InvalidData, match=r"the columns are x0, x1, x2, x3 … x783$"):
        Wanted().columns(names)


def test_arrays_go_by_their_names_too() -> None:
    assert Wanted().arrays(["y", "X", "seed"]) == ("X", "y")
    assert Wanted(inputs="x_train", label="y_train").arrays(["x_test", "x_train", "y_train"]) == ("x_train", "y_train")
    with pytest.raises(InvalidData, match="which holds the label is not clear"):
        Wanted().arrays(["X", "a"])
    with pytest.raises(InvalidData, match="takes the name of one"):
        Wanted(inputs=("a", "b")).arrays(["a", "b", "y"])
