"""A ``run.json`` for the tests."""

from typing import Any

from featlearn.runs.records import ActivationRecord, Environment, GitRecord, RunInfo


def an_info(**changes: Any) -> RunInfo:
    """What run.json says of a run that has begun, but for some fields."""
    info = RunInfo(
        status="running",
        name="minimal",
        created="2026-11-23T13:04:26+01:00",
        config_hash="3f2a1c",
        seed=0,
        teacher_width=3,
        rank=2,
        activation=ActivationRecord(name="relu", drop_hermite_below=2),
        backend="fused",
        device="cpu",
        threads=1,
        precision="float64",
        versions={"featlearn": "0.1.0", "torch": None},
        machine={"system": "Linux"},
        git=GitRecord(commit=None, dirty=None),
    )
    return info.changed(**changes)


def an_environment(**changed: Any) -> Environment:
    """An environment, but for some fields."""
    made: dict[str, Any] = {
        "created": "",
        "versions": {"numpy": "2.0", "torch": None},
        "machine": {"processor": "x86_64"},
    }
    return Environment(**({**made, "git": GitRecord(commit="a" * 40, dirty=False)} | changed))
