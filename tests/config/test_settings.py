"""Settings by dotted keys: as the careful reader has them, and nothing that a foreign file could do harm with."""

from pathlib import Path
from typing import Any

import pytest

from featlearn.config.load import load_config
from featlearn.config.settings import read_settings
from featlearn.config.yaml_source import read_document
from tests.places import CONFIGS


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {path: value}
    return {k: v for key, inner in value.items() for k, v in leaves(inner, f"{path}.{key}".lstrip(".")).items()}


@pytest.mark.parametrize("name", [path.stem for path in CONFIGS.glob("*.yaml")])
def test_the_fast_reader_reads_what_the_careful_one_does(name: str, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(load_config(CONFIGS / f"{name}.yaml").to_yaml())
    found = read_settings(file)
    assert found == leaves(read_document(file).data)
    assert [*map(type, found.values())] == [*map(type, leaves(read_document(file).data).values())]
    assert found["activation.name"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: {b: 1e-3, c: [1, 2.5], d: on}", {"a.b": 1e-3, "a.c": [1, 2.5], "a.d": "on"}),
        ("a: x & y\nb: true", {"a": "x & y", "b": True}),
        (f"a: {[1.0] * 1000}\nb: 2", {"b": 2}),
        ("a: .nan\nb: .inf\nc: 1", {"c": 1}),
        ("a: &x [1]\nb: [*x, *x]", {}),
        ("a: !!python/object/apply:os.getcwd []", {}),
        ("a: [", {}),
        ("- " * 100_000, {}),
        ("[" * 100_000, {}),
        ("1", {}),
        ("", {}),
        (f"a: {'9' * 5000}", {}),
    ],
)
def test_what_is_unusual_is_read_with_care_or_not_at_all(text: str, found: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text)
    assert read_settings(file) == found


def test_many_variances_are_left_out_but_that_there_are_some(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    for count, told in ((3, [1.5] * 3), (300, "variances")):
        file.write_text(f"inputs: {{covariance: {[1.5] * count}}}\nother: {[1.5] * 300}\n")
        assert read_settings(file) == {"inputs.covariance": told}


def test_where_there_is_no_file_there_are_no_settings(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "config.yaml") == {}
    (tmp_path / "config.yaml").symlink_to(CONFIGS / "quickstart.yaml")
    assert read_settings(tmp_path / "config.yaml") == {}
