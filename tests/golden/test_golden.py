"""Short runs give what they gave when they were last looked at."""

import json

import pytest

from featlearn import run_batch
from tests.golden.short import CASES, STORED, config


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids="/".join)
def test_a_short_run_gives_what_it_gave(case: tuple[str, str]) -> None:
    stored = json.loads(STORED.read_text())["/".join(case)]
    rows = run_batch([config(*case)])[0].rows
    assert len(rows) == len(stored)
    for row, old in zip(rows, stored, strict=True):
        numbers = {k: v for k, v in old.items() if isinstance(v, float)}
        assert {k: v for k, v in row.items() if k not in numbers} == {k: v for k, v in old.items() if k not in numbers}
        for name, value in numbers.items():
            assert row[name] == pytest.approx(value, rel=1e-9, abs=1e-12), name
