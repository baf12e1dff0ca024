"""Data of one's own from an npz or a csv file: read as numbers, or refused with file, line and fault."""

import csv
import importlib
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.config import data_file
from featlearn.config.data_columns import InvalidData, Wanted
from featlearn.config.data_file import read_data, unlike_gaussian
from featlearn.config.load import load_config
from featlearn.config.model import Config
from featlearn.config.yaml_source import ConfigError
from featlearn.storage.digests import file_digest
from featlearn.storage.errors import Caution
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


_X, _Y = np.ones((4, 5)), np.ones(4)


@pytest.mark.parametrize(
    ("arrays", "fault"),
    [
        ({"inputs": _X}, "has the arrays inputs: which holds the label is not clear; save them by np.savez("),
        ({"w": _X, "labels": _Y}, "has the arrays w, labels: which holds the inputs is not clear"),
        ({"x": _X, "X": _X, "labels": _Y}, "which holds the inputs is not clear"),
        ({"inputs": _X, "labels": _Y[:3]}, "got inputs (4, 5), labels (3,)"),
        ({"inputs": _X, "labels": _X}, "got inputs (4, 5), labels (4, 5)"),
        ({"inputs": _X[:0], "labels": _Y[:0]}, "n ≥ 1"),
        ({"inputs": _X[:, :3], "labels": _Y}, "inputs have 3 entries, the teacher's 5"),
        ({"inputs": _X.astype(complex), "labels": _Y}, "expected real numbers"),
        ({"inputs": _X, "labels": _Y.astype(str)}, "expected real numbers"),
        ({"inputs": np.where(np.eye(4, 5) > 0, np.nan, 1), "labels": _Y}, "inputs[0, 0] is nan"),
        ({"inputs": _X, "labels": np.array([1, 2, np.inf, 3])}, "labels[2] is inf"),
        (
            {"inputs": np.array([{}], dtype=object), "labels": _Y},
            "plain arrays: it holds Python objects, which are never loaded",
        ),
    ],
)
def test_a_broken_npz_is_refused_with_what_is_wrong(arrays: dict[str, Any], fault: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "own.npz", **arrays)
    _refused(tmp_path, tmp_path / "own.npz", fault)


@pytest.mark.parametrize(
    "name",
    [
        "own.mat",
        "own",
        "own.npz.gz",
        "folder.npz",
        "folder.csv",
        "nowhere.csv",
        "broken.npz",
        "broken.npy",
        "broken.csv.gz",
    ],
)
def test_other_things_are_refused_too(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder.npz").mkdir()
    (tmp_path / "folder.csv").mkdir()
    for file in ("own.mat", "own", "own.npz.gz", "broken.npz", "broken.npy", "broken.csv.gz"):
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
        read = read_data(tmp_path / name, None, Wanted(5))
        np.testing.assert_array_equal(read[0], inputs)
        np.testing.assert_array_equal(read[1], labels)


def test_columns_may_stand_anywhere_and_be_called_inputs_and_labels(
    drawn: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    inputs, labels = drawn
    columns = {" labels": labels} | {f"inputs_{k}": inputs[:, k] for k in (4, 1, 3, 0, 2)}
    read = read_data(write_csv(tmp_path / "own.csv", columns), None, Wanted(5))
    np.testing.assert_array_equal(read[0], inputs)
    np.testing.assert_array_equal(read[1], labels)


def test_whole_numbers_are_read_as_float64(tmp_path: Path) -> None:
    np.savez(tmp_path / "own.npz", inputs=np.eye(2, dtype=np.int8), labels=np.arange(2, dtype=np.float32))
    inputs, labels = read_data(tmp_path / "own.npz", None, Wanted(2))
    assert inputs.dtype == labels.dtype == np.float64
    assert inputs.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_what_was_read_cannot_be_written_to(drawn: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    np.savez(tmp_path / "own.npz", inputs=drawn[0], labels=drawn[1])
    for values in read_data(tmp_path / "own.npz", None, Wanted(5)):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 0


def test_a_file_is_read_once_and_again_when_it_has_changed(
    drawn: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    file = tmp_path / "own.npz"
    np.savez(file, inputs=drawn[0], labels=drawn[1])
    digest = file_digest(file)
    assert read_data(file, digest, Wanted(5))[0] is read_data(file, digest, Wanted(5))[0]
    before = read_data(file, None, Wanted(5))[1]
    np.savez(file, inputs=drawn[0], labels=2 * drawn[1])
    np.testing.assert_array_equal(read_data(file, None, Wanted(5))[1], 2 * before)
    with pytest.raises(InvalidData, match="has changed since this configuration was written"):
        read_data(file, digest, Wanted(5))


X = np.array([[0.5, -1.25], [1.5, 0.001], [-0.75, 2.0]])
Y = np.array([1.0, -0.5, 1234.5])


@pytest.mark.parametrize("names", [("X", "y"), ("inputs", "labels"), ("x", "target")])
def test_arrays_may_have_other_names_and_labels_a_second_axis(names: tuple[str, str], tmp_path: Path) -> None:
    arrays: dict[str, Any] = {names[0]: X, names[1]: Y[:, None], "other": np.ones(7)}
    np.savez(tmp_path / "a.npz", **arrays)
    inputs, labels = read_data(tmp_path / "a.npz", None, Wanted(2))
    np.testing.assert_array_equal(inputs, X)
    np.testing.assert_array_equal(labels, Y)
    chosen = read_data(tmp_path / "a.npz", None, Wanted(2, names[0], names[1]))
    np.testing.assert_array_equal(chosen[0], X)


def test_a_table_in_an_npy_file_needs_its_label_said(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.column_stack([Y, X]))
    inputs, labels = read_data(tmp_path / "a.npy", None, Wanted(2, None, "1"))
    np.testing.assert_array_equal(inputs, X)
    np.testing.assert_array_equal(labels, Y)
    with pytest.raises(InvalidData, match=r"its columns are called 1 … 3: say which is the label, as in `label: 3`"):
        read_data(tmp_path / "a.npy", None, Wanted(2))
    np.save(tmp_path / "a.npy", Y)
    with pytest.raises(InvalidData, match=r"expected a table .* got shape \(3,\)"):
        read_data(tmp_path / "a.npy", None, Wanted(2))


class TestParquet:
    def test_it_is_read_as_pandas_writes_it(self, tmp_path: Path) -> None:
        pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        columns = {"x0": X[:, 0], "x1": X[:, 1], "y": Y, "__index_level_0__": np.arange(3)}
        parquet.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
        inputs, labels = read_data(tmp_path / "a.parquet", None, Wanted(2))
        np.testing.assert_array_equal(inputs, X)
        np.testing.assert_array_equal(labels, Y)

    @pytest.mark.parametrize("library", ["polars", "pyarrow.parquet", "pandas"])
    def test_it_is_read_by_whichever_library_is_there(
        self, library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import_module = importlib.import_module

        def imported(name: str) -> Any:
            if name in data_file._LIBRARIES and name != library:
                raise ImportError(name)
            try:
                return import_module(name)
            except ImportError:
                pytest.skip(f"{name} is not installed")

        pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        parquet.write_table(pyarrow.table({"x": X[:, 0], "y": Y}), tmp_path / "a.parquet")
        monkeypatch.setattr(importlib, "import_module", imported)
        assert read_data(tmp_path / "a.parquet", None, Wanted())[0].tolist() == X[:, :1].tolist()
        write(tmp_path, "nothing", "b.parquet")
        with pytest.raises(InvalidData, match=r"b\.parquet cannot be read as Parquet: "):
            read_data(tmp_path / "b.parquet", None, Wanted())

    def test_without_a_library_it_says_which_would_do(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in data_file._LIBRARIES:
            monkeypatch.setitem(sys.modules, name, None)
        write(tmp_path, "PAR1", "a.parquet")
        with pytest.raises(InvalidData, match="install pyarrow, polars or pandas, or write the data as"):
            read_data(tmp_path / "a.parquet", None, Wanted())


def test_inputs_far_from_gaussian_are_read_with_a_caution(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", X=255 * np.ones((2, 3), dtype=np.uint8), y=np.ones(2))
    with pytest.warns(Caution, match=r"a\.npz: the inputs look unstandardised: their entries lie between 255 and 255"):
        assert read_data(tmp_path / "a.npz", None, Wanted(3))[0].max() == 255


def test_pixels_look_unstandardised_and_gaussian_inputs_do_not() -> None:
    rng = generator(0, "own data")
    assert unlike_gaussian(rng.standard_normal((50, 4))) is None
    for inputs in (rng.integers(0, 256, (50, 4)).astype(float), np.full((3, 2), 1e200), 0.01 * np.ones((3, 2))):
        assert "look unstandardised" in str(unlike_gaussian(inputs))
