"""Initial weights from a file that somebody else may have made: read as numbers, or refused with a reason."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.config.student import FileInit
from featlearn.config.weight_file import InvalidWeights, read_student
from featlearn.storage.digests import file_digest
from tests.config.broken import MINIMAL, Broken, changed, complaints_of, must_be_refused, write


def _weights(name: str, expected: str, **arrays: np.ndarray) -> Broken:
    def make(where: Path) -> Path:
        np.savez(where / "w.npz", **arrays)  # type: ignore[arg-type]
        return write(where, MINIMAL.replace("{width: 4}", "{width: 4, init: {kind: file, path: w.npz}}"))

    return Broken(name, make, [("4:46", "student.init.path", expected)])


_FILE_INIT = "{width: 4, init: {kind: file, path: nowhere.npz}}"

BROKEN = [
    changed("no_weight_file", "{width: 4}", _FILE_INIT, ("4:46", "student.init.path", "No such file")),
    _weights("weights_without_second", "no array", first_layer=np.ones((4, 3))),
    _weights("weights_of_wrong_shape", "expected shapes", first_layer=np.ones((4, 3)), second_layer=np.ones(3)),
    _weights("weights_of_wrong_width", "student.width is 4", first_layer=np.ones((6, 3)), second_layer=np.ones(6)),
    _weights("weights_not_finite", "finite", first_layer=np.full((4, 3), np.nan), second_layer=np.ones(4)),
    _weights("weights_pickled", "plain arrays", first_layer=np.array([{}], dtype=object), second_layer=np.ones(1)),
]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_a_broken_weight_file_is_refused_at_the_key_that_names_it(case: Broken, tmp_path: Path) -> None:
    must_be_refused(case, tmp_path)


def test_damaged_archives_are_named(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": (10**9, 10**6)})
    cases = {"huge.npz": buffer.getvalue(), "text.npz": b"no array at all"}
    for name, content in cases.items():
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("first_layer.npy", content)
            archive.writestr("second_layer.npy", content)
    (tmp_path / "loop.npz").symlink_to("loop.npz")
    for name in [*cases, "loop.npz", "/dev/zero", "a\\0b"]:
        text = MINIMAL.replace("{width: 4}", f'{{init: {{kind: file, path: "{name}"}}}}')
        assert "student.init.path: " in complaints_of(write(tmp_path, text))[0], name


def saved(directory: Path, **arrays: Any) -> FileInit:
    np.savez(directory / "w.npz", **arrays)
    return FileInit(kind="file", path=str(directory / "w.npz"))


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int64, np.uint8, np.longdouble])
def test_weights_of_every_kind_of_real_number_are_read(dtype: type, tmp_path: Path) -> None:
    first: np.ndarray = np.arange(12).reshape(4, 3).astype(dtype)
    second: np.ndarray = np.arange(4).astype(dtype)
    student = read_student(saved(tmp_path, first_layer=first, second_layer=second), 4, 3)
    assert student.first_layer.dtype == student.second_layer.dtype == np.float64
    assert student.first_layer.tolist() == np.arange(12.0).reshape(4, 3).tolist()
    assert student.second_layer.tolist() == [0.0, 1.0, 2.0, 3.0]


def test_the_width_may_follow_from_the_file_and_other_arrays_are_left_alone(tmp_path: Path) -> None:
    init = saved(tmp_path, first_layer=np.ones((5, 3)), second_layer=np.ones(5), progress=np.array("…"))
    assert read_student(init, None, 3).first_layer.shape == (5, 3)


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (np.ones((4, 2)), np.ones(4), "rows have 2 entries, the teacher's inputs 3"),
        (np.ones((0, 3)), np.ones(0), "expected shapes (m, d) and (m), got first_layer (0, 3), second_layer (0,)"),
        (np.ones(3), np.ones(3), "got first_layer (3,), second_layer (3,)"),
        (np.ones((4, 3)), np.ones((4, 1)), "got first_layer (4, 3), second_layer (4, 1)"),
        (np.full((4, 3), 1e51), np.ones(4), "at most 1e+50"),
        (np.ones((4, 3), complex), np.ones(4), "must be finite real numbers"),
        (np.ones((4, 3)), np.ones(4, bool), "must be finite real numbers"),
        (np.ones((4, 3)), np.full(4, "1"), "must be finite real numbers"),
        (np.ones((4, 3)), np.array([1, 2, 3, np.inf]), "must be finite real numbers"),
        (np.full((4, 3), np.longdouble("1e4000")), np.ones(4), "must be finite real numbers"),
    ],
)
def test_other_weights_are_refused(first: np.ndarray, second: np.ndarray, told: str, tmp_path: Path) -> None:
    init = saved(tmp_path, first_layer=first, second_layer=second)
    with pytest.raises(InvalidWeights) as caught:
        read_student(init, None, 3)
    assert told in str(caught.value)
    assert str(tmp_path / "w.npz") in str(caught.value)


def test_a_file_with_another_digest_is_refused(tmp_path: Path) -> None:
    init = saved(tmp_path, first_layer=np.ones((4, 3)), second_layer=np.ones(4))
    pinned = init.model_copy(update={"sha256": file_digest(Path(init.path))})
    assert read_student(pinned, 4, 3).second_layer.tolist() == [1.0] * 4
    saved(tmp_path, first_layer=np.zeros((4, 3)), second_layer=np.ones(4))
    with pytest.raises(InvalidWeights, match="has changed since this configuration was written"):
        read_student(pinned, 4, 3)
