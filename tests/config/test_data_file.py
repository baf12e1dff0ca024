"""Data of one's own from an npz or a csv file: read as numbers, or refused with file, line and fault."""

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.config.data_file import InvalidData, read_data
from featlearn.config.load import load_config
from featlearn.config.model import Config
from featlearn.config.yaml_source import ConfigError
from featlearn.storage.digests import file_digest
from featlearn.training.networks import generator
from tests.config.broken import MINIMAL, Broken, changed, must_be_refused, write

BROKEN = [
    changed(
        "no_data_file",
        "seed: 0",
        "data: {kind: empirical, path: nowhere.npz}",
        ("2:31", "data.path", "No such file"),
    ),
]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_a_data_file_that_is_missing_is_refused_at_the_key_that_names_it(case: Broken, tmp_path: Path) -> None:
    must_be_refused(case, tmp_path)


def config_with(place: Path, name: str) -> Config:
    """A configuration with a teacher of five inputs and a data file."""
    text = MINIMAL.replace("input_dim: 3", "input_dim: 5")
    return load_config(write(place, text.replace("seed: 0", f"data: {{kind: empirical, path: {name}}}")))


HEADER = "input_0,input_1,input_2,input_3,input_4,label\n"
LINE = "1,2,3,4,5,6\n"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", ":1: the header has no column input_0 (6 of 6 missing)"),
        (HEADER, " has a header and no samples"),
        (HEADER.replace(",label", ""), ":1: the header has no column label (1 of 6 missing)"),
        (HEADER.replace("label", "input_5"), ":1: unknown column 'input_5'; expected input_0 … input_4 and label"),
        (HEADER.replace("label", "input_0"), ":1: column input_0 is there twice"),
        (HEADER.replace("label", "target"), ":1: unknown column 'target'"),
        (LINE, ":1: unknown column '1'"),
        (HEADER + LINE + "1,2,3,four,5,6\n", ":3: input_3 is 'four', not a finite number"),
        (HEADER + LINE + "\n1,2,3,,5,6\n", ":4: input_3 is '', not a finite number"),
        (HEADER + LINE + "1,2,3,4,5\n" + LINE, ":3: has 5 cells, the header 6"),
        (HEADER + "1,2,3,4,5\n1,2,3,4,5\n", ":2: has 5 cells, the header 6"),
        (HEADER + LINE + "1,2,3,4,5,nan\n", ":3: label is 'nan', not a finite number"),
        (HEADER + LINE + LINE + "1,inf,3,4,5,6\n", ":4: input_1 is 'inf', not a finite number"),
        (HEADER + "1,2,3,4,1e999,6\n", ":2: input_4 is '1e999', too large for a number"),
        (HEADER + "1;2;3;4;5;6\n", ":2: has 1 cells, the header 6"),
        (b"\xff\xfe\x00binary", " is not UTF-8 text"),
    ],
)
def test_a_broken_csv_is_refused_with_its_line(content: str | bytes, fault: str, tmp_path: Path) -> None:
    path = write(tmp_path, content, "own.csv")
    _refused(tmp_path, path, fault)


_X, _Y = np.ones((4, 5)), np.ones(4)


@pytest.mark.parametrize(
    ("arrays", "fault"),
    [
        ({"inputs": _X}, "has no array 'labels'"),
        ({"x": _X, "labels": _Y}, "has no array 'inputs'"),
        ({"inputs": _X, "labels": _Y[:3]}, "got inputs (4, 5), labels (3,)"),
        ({"inputs": _X, "labels": _Y[:, None]}, "got inputs (4, 5), labels (4, 1)"),
        ({"inputs": _X[:0], "labels": _Y[:0]}, "n ≥ 1"),
        ({"inputs": _X[:, :3], "labels": _Y}, "inputs have 3 entries, the teacher's 5"),
        ({"inputs": _X.astype(complex), "labels": _Y}, "expected real numbers"),
        ({"inputs": _X, "labels": _Y.astype(str)}, "expected real numbers"),
        ({"inputs": np.where(np.eye(4, 5) > 0, np.nan, 1), "labels": _Y}, "inputs[0, 0] is nan"),
        ({"inputs": _X, "labels": np.array([1, 2, np.inf, 3])}, "labels[2] is inf"),
        ({"inputs": np.array([{}], dtype=object), "labels": _Y}, "plain arrays"),
    ],
)
def test_a_broken_npz_is_refused_with_what_is_wrong(arrays: dict[str, Any], fault: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "own.npz", **arrays)
    _refused(tmp_path, tmp_path / "own.npz", fault)


@pytest.mark.parametrize("name", ["own.txt", "own", "folder.npz", "folder.csv", "nowhere.csv", "broken.npz"])
def test_other_things_are_refused_too(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder.npz").mkdir()
    (tmp_path / "folder.csv").mkdir()
    for file in ("own.txt", "own", "broken.npz"):
        write(tmp_path, "PK nothing", file)
    _refused(tmp_path, tmp_path / name, "")


def _refused(place: Path, path: Path, fault: str) -> None:
    with pytest.raises(ConfigError, match=f"data\\.path: .*{re.escape(fault)}") as caught:
        config_with(place, path.name)
    assert len(caught.value.complaints) == 1
    assert str(path) in str(caught.value)


# --- what is read -------------------------------------------------------------------------------


@pytest.fixture
def drawn() -> tuple[np.ndarray, np.ndarray]:
    rng = generator(0, "own data")
    return rng.standard_normal((30, 5)), rng.standard_normal(30)


def write_csv(file: Path, columns: dict[str, np.ndarray]) -> Path:
    with file.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(columns)
        writer.writerows(zip(*(x.tolist() for x in columns.values()), strict=True))
    return file


def test_npz_and_csv_give_the_same_bits(drawn: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    inputs, labels = drawn
    np.savez(tmp_path / "own.npz", inputs=inputs, labels=labels)
    write_csv(tmp_path / "own.csv", {f"input_{k}": inputs[:, k] for k in range(5)} | {"label": labels})
    for name in ("own.npz", "own.csv"):
        read = read_data(tmp_path / name, None, 5)
        np.testing.assert_array_equal(read[0], inputs)
        np.testing.assert_array_equal(read[1], labels)


def test_columns_may_stand_anywhere_and_be_called_inputs_and_labels(
    drawn: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    inputs, labels = drawn
    columns = {" labels": labels} | {f"inputs_{k}": inputs[:, k] for k in (4, 1, 3, 0, 2)}
    read = read_data(write_csv(tmp_path / "own.csv", columns), None, 5)
    np.testing.assert_array_equal(read[0], inputs)
    np.testing.assert_array_equal(read[1], labels)


def test_one_input_needs_no_number(tmp_path: Path) -> None:
    inputs, labels = read_data(write(tmp_path, "inputs,labels\n1,2\n\n3,4e0\n", "own.csv"), None, 1)
    assert inputs.tolist() == [[1.0], [3.0]]
    assert labels.tolist() == [2.0, 4.0]


def test_a_byte_order_mark_and_quoted_cells_are_read(tmp_path: Path) -> None:
    file = write(tmp_path, b'\xef\xbb\xbf"input_0","label"\r\n"1.5","-2"\r\n', "own.CSV")
    assert [x.tolist() for x in read_data(file, None, 1)] == [[[1.5]], [-2.0]]


def test_whole_numbers_are_read_as_float64(tmp_path: Path) -> None:
    np.savez(tmp_path / "own.npz", inputs=np.eye(2, dtype=np.int8), labels=np.arange(2, dtype=np.float32))
    inputs, labels = read_data(tmp_path / "own.npz", None, 2)
    assert inputs.dtype == labels.dtype == np.float64
    assert inputs.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_what_was_read_cannot_be_written_to(drawn: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    np.savez(tmp_path / "own.npz", inputs=drawn[0], labels=drawn[1])
    for values in read_data(tmp_path / "own.npz", None, 5):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 0


def test_a_file_is_read_once_and_again_when_it_has_changed(
    drawn: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    file = tmp_path / "own.npz"
    np.savez(file, inputs=drawn[0], labels=drawn[1])
    digest = file_digest(file)
    assert read_data(file, digest, 5)[0] is read_data(file, digest, 5)[0]
    before = read_data(file, None, 5)[1]
    np.savez(file, inputs=drawn[0], labels=2 * drawn[1])
    np.testing.assert_array_equal(read_data(file, None, 5)[1], 2 * before)
    with pytest.raises(InvalidData, match="has changed since this configuration was written"):
        read_data(file, digest, 5)
