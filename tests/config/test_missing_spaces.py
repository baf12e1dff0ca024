"""A mapping whose colons have no spaces is one complaint, which says how it is written."""

from pathlib import Path

import pytest

from featlearn.config.load import load_config
from featlearn.config.yaml_source import ConfigError
from tests.config.broken import MINIMAL, write


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("teacher={input_dim:50,width:3}", "teacher: a space is missing after a colon: write input_dim: 50, width: 3"),
        (
            "data={kind:online, batch_size:3}",
            "data: a space is missing after a colon: write kind: online, batch_size: 3",
        ),
        (
            "stages.go.step_size={start:0.01,factor: 0.5, every: 8}",
            "stages.go.step_size: a space is missing after a colon: write start: 0.01",
        ),
    ],
)
def test_spaces_that_are_missing_after_colons_are_one_complaint(tmp_path: Path, override: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(write(tmp_path, MINIMAL), [override])
    (complaint,) = error.value.complaints
    assert str(complaint).endswith(told)


def test_what_else_is_wrong_is_told_beside_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(write(tmp_path, MINIMAL), ["teacher={input_dim:50,width:3}", "student.width=-1", "seed:1=2"])
    assert {c.key for c in error.value.complaints} == {"teacher", "student.width", "seed:1"}


def test_it_is_told_where_it_stands_in_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(write(tmp_path, MINIMAL.replace("student: {width: 4}", "student: {width:4}")))
    (complaint,) = error.value.complaints
    assert (complaint.mark.line, complaint.key) == (4, "student")
