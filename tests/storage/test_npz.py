"""Archives of arrays that somebody else may have made: plain arrays are read, all else is told."""

import io
import os
import pickle
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.storage.npz import arrays_at_end, arrays_in, read_npz, shapes_in, write_npz

ARRAYS: dict[str, Any] = {
    "numbers": np.arange(6.0).reshape(2, 3),
    "single": np.float32(1.5),
    "text": np.array("progress …"),
    "none": np.zeros((0, 4)),
}


def test_what_is_written_is_read_bit_for_bit(tmp_path: Path) -> None:
    write_npz(tmp_path / "a.npz", ARRAYS)
    arrays = read_npz(tmp_path / "a.npz")
    assert arrays.keys() == ARRAYS.keys()
    for name, values in ARRAYS.items():
        assert arrays[name].dtype == values.dtype
        assert arrays[name].shape == values.shape
        assert arrays[name].tobytes() == values.tobytes()
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_an_array_of_objects_is_not_written_and_the_old_file_stays(tmp_path: Path) -> None:
    write_npz(tmp_path / "a.npz", {"x": np.ones(2)})
    with pytest.raises(ValueError, match=r"pickle|Object arrays"):
        write_npz(tmp_path / "a.npz", {"x": np.array([{}], dtype=object)})
    assert read_npz(tmp_path / "a.npz")["x"].tolist() == [1.0, 1.0]


class Opened:
    """Its pickle makes a folder when it is opened."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("kind", ["array in an archive", "array", "pickle"])
def test_a_pickle_is_not_opened(kind: str, tmp_path: Path) -> None:
    file, folder = tmp_path / "a.npz", tmp_path / "opened"
    with file.open("wb") as out:
        if kind == "pickle":
            pickle.dump(Opened(folder), out)
        elif kind == "array":
            np.save(out, np.array([Opened(folder)], dtype=object), allow_pickle=True)
        else:
            np.savez(out, x=np.array([Opened(folder)], dtype=object))
    with pytest.raises(ValueError, match=r"never loaded|single array|does not begin as an archive"):
        read_npz(file)
    assert not folder.exists()


def archive(directory: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(directory / "a.npz", "w") as out:
        for name, content in members.items():
            out.writestr(f"{name}.npy", content)
    return directory / "a.npz"


def array(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def header(shape: tuple[int, ...]) -> bytes:
    """An array that says it is this large, and holds nothing."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"no array", b"", array(np.ones(4))[:-8], header((10**9, 10**6)), header((10**18, 10**18)), header((-1,))],
    ids=["text", "empty", "cut off", "huge", "larger than any", "negative"],
)
def test_a_member_that_is_no_whole_array_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        read_npz(archive(tmp_path, good=array(np.ones(2)), bad=content))


def test_a_changed_byte_is_noticed(tmp_path: Path) -> None:
    file = archive(tmp_path, x=array(np.ones(100)))
    content = bytearray(file.read_bytes())
    content[400] ^= 1
    file.write_bytes(content)
    with pytest.raises(ValueError, match="CRC"):
        read_npz(file)


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04 nothing", b"text", array(np.ones(2))])
def test_what_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"\S"):
        read_npz(tmp_path / "a.npz")
    with pytest.raises(ValueError, match=r"\S"):
        arrays_in(io.BytesIO(content))


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe"])
def test_what_cannot_be_read_is_an_error_of_the_system(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "a.npz"
    if kind == "folder":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)
    with pytest.raises(OSError, match=r"No such file|not a regular file"):
        read_npz(file)


# --- shapes alone -------------------------------------------------------------------------------


def test_shapes_are_those_of_the_arrays(tmp_path: Path) -> None:
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "a.npz", allow_pickle=False, **ARRAYS)
        found = {name: values.shape for name, values in read_npz(tmp_path / "a.npz").items()}
        assert shapes_in(tmp_path / "a.npz") == found == {name: values.shape for name, values in ARRAYS.items()}


def test_shapes_are_read_without_the_arrays(tmp_path: Path) -> None:
    file = archive(tmp_path, large=header((10**9, 10**6)))
    assert shapes_in(file) == {"large": (10**9, 10**6)}
    np.savez_compressed(file, large=np.zeros((1000, 10_000)))
    tracemalloc.start()
    assert shapes_in(file) == {"large": (1000, 10_000)}
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1e6


MAGIC = b"\x93NUMPY"


@pytest.mark.parametrize("content", [b"", b"no array", MAGIC, MAGIC + b"\x01\x00", MAGIC + b"\x09\x00"])
def test_shapes_of_what_is_no_array_are_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        shapes_in(archive(tmp_path, good=array(np.ones(2)), bad=content))


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04 nothing", b"text", array(np.ones(2))])
def test_shapes_in_what_is_no_archive_are_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"\S"):
        shapes_in(tmp_path / "a.npz")


def test_shapes_in_what_cannot_be_read_are_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        shapes_in(tmp_path / "nowhere.npz")
    with pytest.raises(OSError, match="not a regular file"):
        shapes_in(tmp_path)


def test_the_end_of_arrays_is_what_the_whole_of_them_has_last(tmp_path: Path) -> None:
    rng, path = np.random.default_rng(0), tmp_path / "a.npz"
    arrays = {"step": np.arange(5), "rows": rng.normal(size=(5, 3, 2)), "teacher": rng.normal(size=(3, 2)), "one": 1.5}
    write_npz(path, arrays)
    with path.open("rb") as file:
        found = arrays_at_end(file, ("step", "rows", "biases"))
    assert found.keys() == arrays.keys()
    for name, values in read_npz(path).items():
        np.testing.assert_array_equal(found[name], values[-1:] if name in ("step", "rows") else values)


def test_the_end_of_no_entries_has_none(tmp_path: Path) -> None:
    write_npz(tmp_path / "a.npz", {"rows": np.empty((0, 3))})
    with (tmp_path / "a.npz").open("rb") as file:
        assert arrays_at_end(file, ["rows"])["rows"].shape == (0, 3)


@pytest.mark.parametrize("whole", [False, True])
def test_what_is_no_plain_archive_has_no_end(tmp_path: Path, whole: bool) -> None:
    path = tmp_path / "a.npz"
    growing = [] if whole else ["rows"]
    np.savez_compressed(path, rows=np.zeros((9, 9)))
    with path.open("rb") as file, pytest.raises(ValueError, match="compressed"):
        arrays_at_end(file, growing)
    np.savez(path, rows=np.array([{}], dtype=object))
    with path.open("rb") as file, pytest.raises(ValueError, match="plain array"):
        arrays_at_end(file, growing)
    write_npz(path, {"rows": np.zeros((9, 9))})
    content = path.read_bytes()
    path.write_bytes(content.replace(b"(9, 9)", b"(9,99)"))
    with path.open("rb") as file, pytest.raises(ValueError, match="fewer numbers"):
        arrays_at_end(file, growing)
    for cut in (b"", content[:-30], b"PK" + content[:100]):
        path.write_bytes(cut)
        with path.open("rb") as file, pytest.raises(ValueError, match=r"begin|zip|file|header|fewer|magic"):
            arrays_at_end(file, growing)


def test_a_header_that_breaks_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    write_npz(path, {"rows": np.zeros((999, 999))})  # more than is read before the checksum is known
    path.write_bytes(path.read_bytes().replace(b"(999, 999), }", b"(999L, {{((  "))
    with pytest.raises(ValueError, match="EOF"):
        read_npz(path)
    with path.open("rb") as file, pytest.raises(ValueError, match="EOF"):
        arrays_at_end(file, ["rows"])
