"""What a network learns of its teacher is told where the log has it, and not where it just has not."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from featlearn.theory.alignment import FOUND_ALIGNED, FOUND_MASS_ERROR
from featlearn.views.data.event import Event
from featlearn.views.data.events_learned import dying, found_teacher, lines, subspace
from featlearn.views.data.neurons import Neurons
from featlearn.views.data.run import RunData, Snapshots
from tests.views.data.made_up import made_up

STEPS = [0, 1, 2, 4, 8, 16, 32]
NAN = float("nan")


def told(find: Callable[[RunData], Iterator[Event]], data: RunData) -> list[tuple[int, str]]:
    return [(event.step, event.text.split(":")[0]) for event in find(data)]


@pytest.mark.parametrize(("share", "found"), [(0.9, True), (0.899, False)])
def test_the_subspace_is_found_at_nine_tenths(tmp_path: Path, share: float, found: bool) -> None:
    data = made_up(tmp_path, {"step": STEPS, "subspace": [0.07, 0.1, *[share] * 5]}, rank=2)
    expected = [(2, f"{share:.1%} of the first layer lies in the teacher's span (7.0% at first)")] if found else []
    assert [(event.step, event.text.split(",")[0]) for event in subspace(data)] == expected


def test_a_subspace_that_was_there_from_the_start_is_no_news_and_a_lost_one_is(tmp_path: Path) -> None:
    assert told(subspace, made_up(tmp_path, {"step": STEPS, "subspace": [0.95] * 7})) == []
    data = made_up(tmp_path, {"step": STEPS, "subspace": [0.95, 0.95, 0.95, 0.4, 0.3, 0.3, 0.3]})
    assert told(subspace, data) == [
        (4, "Only 40.0% of the first layer lies in the teacher's span any more (95.0% before).")
    ]


def test_how_many_dimensions_were_found_is_told_where_it_is_known(tmp_path: Path) -> None:
    table = {"step": STEPS, "subspace": [0.07, *[0.95] * 6]}
    [event] = subspace(made_up(tmp_path, table, "teacher: {input_dim: 32}", rank=2))
    assert "(7.0% at first), among the 2 of 32 directions of the input" in event.text
    [event] = subspace(made_up(tmp_path, table))
    assert "among the directions of the input" in event.text


def test_a_subspace_that_comes_back_is_compared_with_what_was_before(tmp_path: Path) -> None:
    data = made_up(tmp_path, {"step": STEPS, "subspace": [0.95, 0.95, 0.4, 0.3, 0.3, 0.95, 0.95]})
    assert "(30.0% before)" in list(subspace(data))[-1].text


def test_lines_are_recovered_and_lost_where_that_lasts(tmp_path: Path) -> None:
    data = made_up(tmp_path, {"step": STEPS, "recovered": [0, 1, 2, 2, 1, 1, 3]})
    assert list(lines(data)) == [
        Event("lines", 2, "2 teacher lines are recovered: 2 of 3 have a living neuron within 5° (0 before)."),
        Event("lines", 8, "1 teacher line is lost again: 1 of 3 has a living neuron within 5° (2 before)."),
        Event(
            "lines",
            32,
            "2 teacher lines are recovered: 3 of 3 have a living neuron within 5° (1 before, though "
            "2 had one at step 2).",
        ),
    ]


def test_lines_that_were_recovered_earlier_are_told_to_have_been(tmp_path: Path) -> None:
    *_, last = lines(made_up(tmp_path, {"step": STEPS, "recovered": [0, 2, 2, 0, 0, 1, 1]}))
    assert last.text.endswith("1 of 3 has a living neuron within 5° (0 before, though 2 had one at step 1).")


@pytest.mark.parametrize(("angle", "gathered"), [(5.0, True), (5.1, False)])
def test_lines_that_neurons_do_not_gather_on_are_not_called_recovered(
    tmp_path: Path, angle: float, gathered: bool
) -> None:
    table = {"step": STEPS, "recovered": [0, 1, 1, 1, 1, 1, 1], "mean_angle": [angle] * 7}
    [event] = lines(made_up(tmp_path, table))
    rest = "" if gathered else ", but not yet because neurons gather there: the mean angle is still 5.1°"
    called = "recovered" if gathered else "close to some neuron"
    assert event.text == f"1 teacher line is {called}: 1 of 3 has a living neuron within 5° (0 before){rest}."


def test_which_lines_they_are_is_told_where_snapshots_know_it(tmp_path: Path) -> None:
    data = made_up(tmp_path, {"step": STEPS, "recovered": [0, 0, 0, 1, 1, 2, 2]})
    angle = np.array([[50.0, 40, 1], [50, 4, 1], [50, 4, 3]])
    teacher, mass = np.array([[0, 1, 2], [0, 1, 2], [1, 1, 0]]), np.array([[1.0, 1, 1e-9]] * 2 + [[1.0, 1, 1]])
    near = Neurons(np.array([0, 8, 32]), angle, mass, teacher, np.zeros((3, 3, 2)), np.zeros((3, 2)), 3.0, lines=True)
    assert [(event.step, event.teacher, event.text.split(":")[0]) for event in lines(replace(data, neurons=near))] == [
        (4, 1, "Teacher line w*2 is recovered"),
        (16, 0, "Teacher line w*1 is recovered"),
    ]


def with_teacher(data: RunData) -> RunData:
    """Two orthogonal teacher neurons of weights 1 and −0.5."""
    none = np.zeros((1, 4, 2))
    return replace(data, snapshots=Snapshots(np.array([0]), none[..., 0], none, np.array([1.0, -0.5]), np.eye(2)))


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, True),
        ({"recovered": 1}, False),
        ({"aligned_mass": 0.99 * FOUND_ALIGNED}, False),
        ({"mass_error": 1.01 * FOUND_MASS_ERROR * 0.5}, False),
        ({"mass_error": NAN}, False),
        ({"loss": 1e-4}, False),
    ],
)
def test_the_teacher_is_found_by_the_definition_of_the_package(
    tmp_path: Path, changes: dict[str, float], found: bool
) -> None:
    end = {"recovered": 2, "aligned_mass": FOUND_ALIGNED, "mass_error": 0.99 * FOUND_MASS_ERROR * 0.5, "loss": 1e-7}
    end |= changes
    table = {name: [0.5] * 4 + [value] * 3 for name, value in end.items()}
    relu = {"name": "relu", "drop_hermite_below": 2}
    data = with_teacher(made_up(tmp_path, table | {"step": STEPS}, activation=relu, width=2))
    assert [(event.step, event.mark) for event in found_teacher(data)] == ([(8, "teacher found")] if found else [])
    assert list(found_teacher(replace(data, snapshots=None))) == []


def test_a_teacher_that_is_lost_again_is_told(tmp_path: Path) -> None:
    table = {"recovered": [2] * 7, "aligned_mass": [1.0] * 7, "mass_error": [0.0] * 7}
    data = made_up(
        tmp_path,
        table | {"step": STEPS, "loss": [1.0, 1e-9, 1e-9, 1e-9, 0.1, 0.1, 0.1]},
        activation={"name": "relu", "drop_hermite_below": 2},
    )
    assert [event.step for event in found_teacher(with_teacher(data))] == [1, 8]
    again = table | {"step": STEPS, "loss": [1.0, 1e-9, 1e-9, 0.1, 0.1, 1e-9, 1e-9]}
    again |= {"recovered": [2] * 7}
    data = made_up(tmp_path, again, activation={"name": "relu", "drop_hermite_below": 2})
    assert "has found the teacher again: " in list(found_teacher(with_teacher(data)))[-1].text


@pytest.mark.parametrize(("left", "died"), [(95, False), (94, True)])
def test_more_than_a_twentieth_has_to_die(tmp_path: Path, left: int, died: bool) -> None:
    data = made_up(tmp_path, {"step": STEPS, "alive": [100, 100, 99, left, left, left, left]})
    assert [event.step for event in dying(data)] == ([4] if died else [])


def test_neurons_that_grow_from_nothing_and_then_die_one_by_one_do_not_live_again(tmp_path: Path) -> None:
    alive = [0, 391, 400, 398, 390, 381, 381]
    assert told(dying, made_up(tmp_path, {"step": STEPS, "alive": alive})) == [
        (2, "400 neurons have grown to a mass that matters")
    ]


def test_neurons_die_grow_and_all_die(tmp_path: Path) -> None:
    data = made_up(tmp_path, {"step": [*STEPS, 64, 128], "alive": [9, 9, 8, 8, 8, 9, 9, 0, 0]})
    assert told(dying, data) == [
        (2, "1 neuron has died, each with less than 1e-06 of the teacher's mass, which is too little to be seen"),
        (16, "1 neuron has grown to a mass that matters"),
        (64, "No neuron is alive any more"),
    ]


@pytest.mark.parametrize("find", [subspace, lines, found_teacher, dying])
@pytest.mark.parametrize("values", [[NAN], [None], [float("inf")], [0.0], [None, NAN, float("inf"), 1.0]])
def test_nothing_fails_without_values(
    tmp_path: Path, find: Callable[[RunData], Iterator[Event]], values: list[float | None]
) -> None:
    names = ("subspace", "recovered", "alive", "aligned_mass", "mass_error", "loss")
    table = {"step": list(range(len(values)))} | dict.fromkeys(names, values)
    assert list(find(with_teacher(made_up(tmp_path, table)))) == []
