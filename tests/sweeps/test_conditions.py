"""Conditions on lines: which they choose, and which are refused because nothing could ever meet them."""

import pytest

from featlearn.storage.errors import WrongChoice
from featlearn.sweeps.conditions import condition
from featlearn.sweeps.selection import Keys
from tests.sweeps.test_selection import LINES, line


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("student.width=100", "a"),
        ("student.width = 1e2", "a"),
        ("student.width!=100", "b"),
        ("student.width>=100", "ab"),
        ("student.width<100", ""),
        ("loss<1e-6", "as"),
        ("loss>1e-6", "b"),
        ("recovered=3", "a"),
        ("status=done", "abs"),
        ("status!=done", ""),
        ("kind=sweep", "s"),
        ("name=quickstart", "ab"),
        ("name~QUICK", "ab"),
        ("name!=quickstart", "s"),
        ("tags=paper", "a"),
        ("tags!=paper", "bs"),
        ("tags~pap", "a"),
        ("note~note", "ab"),
        ("created>2026-11", "ab"),
        ("created<2026", ""),
        ("data.kind=population", "ab"),
        ('main.train=["first_layer"]', "ab"),
        ("nesterov=false", "ab"),
        ("main.train!=null", "ab"),
        ("student.width==100", "a"),
        ("status~DON", "abs"),
        ("name<2", ""),
        ("gap=null", "as"),
        ("gap!=5", "ab"),
        ("main.weight_decay=0.01", "ab"),
        ("main.weight_decay<0.01", ""),
        ("seed=1", "b"),
    ],
)
def test_conditions_choose(text: str, names: str) -> None:
    asked = condition(text, Keys(LINES))
    assert "".join(found.name for found in LINES if asked.holds(found)) == names


def test_lists_of_numbers_contain_what_is_written_in_them() -> None:
    lines = [line("a", teacher__magnitude=[0.7, 1.3]), line("b", teacher__magnitude=[1, 2])]
    asked = condition("magnitude~0.7", Keys(lines))
    assert [asked.holds(found) for found in lines] == [True, False]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("studnt.width=1", "did you mean student.width"),
        ("loss", "expected KEY=VALUE"),
        ("=3", "expected KEY=VALUE"),
        ("", "expected KEY=VALUE"),
        ("loss<<1", "expected KEY=VALUE"),
        ("loss< <1", "expected KEY=VALUE"),
        ("created=>2026", "expected KEY=VALUE"),
        ("loss<1e-6 and seed=1", "repeat the option: --where 'loss<1e-6' --where 'seed=1'"),
        ("loss<1e-6, seed=1", "repeat the option: --where 'loss<1e-6' --where 'seed=1'"),
        ("name=quickstart && seed<3", "repeat the option: --where 'name=quickstart' --where 'seed<3'"),
        ("note~a, seed=1", "repeat the option"),
        ("loss<1e-6 or seed=1", "one after the other"),
        ("loss<1e-6 seed=1", "loss is a number, and '1e-6 seed=1' is not; write it as in loss<1e-07"),
        ("loss<abc", "loss is a number, and 'abc' is not"),
        ("loss=abc", "loss is a number, and 'abc' is not"),
        ("loss<null", "loss is a number"),
        ("nesterov=0", "true or false, and '0' is not; write it as in stages.main.nesterov=false"),
        ("nesterov>false", "has no order"),
        ("main.train=first_layer", "is a list, and 'first_layer' is not"),
        ("tags<x", "tags has no order"),
        ("status=don", "did you mean done\\? it is one of running, done, .*, stopped, unreadable"),
        ("status<done", "status has no order"),
        ("status~x", "status is never 'x'"),
        ("kind=sweeps", "did you mean sweep\\? it is one of run, sweep, reproduction"),
    ],
)
def test_a_wrong_condition_says_what_would_be_right(text: str, told: str) -> None:
    with pytest.raises(WrongChoice, match=told):
        condition(text, Keys(LINES))


def test_two_conditions_in_one_are_a_value_where_a_run_has_it() -> None:
    named = line("c")
    assert named.about is not None
    named.about["name"] = "a, seed=1"
    asked = condition("name=a, seed=1", Keys([*LINES, named]))
    assert [found.name for found in [*LINES, named] if asked.holds(found)] == ["c"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("seed=7", "none has seed=7: seed is 0, 1"),
        ("loss<1e-9", "none has loss<1e-9: loss is 1e-07, 0.001, 1e-09"),
        ("data.kind=online", "none has data.kind=online: data.kind is population"),
        ("main.train=[]", 'none has stages.main.train=[]: stages.main.train is ["first_layer"]'),
        ("backend=torch", "none has backend=torch: backend is null in all"),
        ("seed=1", None),
    ],
)
def test_what_no_run_meets_is_told_with_the_values_that_there_are(text: str, told: str | None) -> None:
    assert condition(text, Keys(LINES)).why_none(LINES) == told


def test_many_values_are_told_in_short() -> None:
    lines = [line(str(k), {"loss": k / 7}, seed=k, data__kind=f"k{k}") for k in range(10)]
    keys = Keys(lines)
    assert condition("seed=11", keys).why_none(lines) == "none has seed=11: seed is 0 to 9"
    assert condition("loss<0", keys).why_none(lines) == "none has loss<0: loss is 0 to 1.286"
    told = condition("data.kind=x", keys).why_none(lines)
    assert told == "none has data.kind=x: data.kind is k0, k1, k2, k3, k4, k5, k6, k7 or one of 2 more"
