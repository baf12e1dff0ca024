"""Archives of arrays, of which the headers can be read alone."""

import io
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.storage.npz import read_npz, shapes_in


def test_shapes_are_those_of_the_arrays(tmp_path: Path) -> None:
    arrays: dict[str, Any] = {
        "first_layer": np.ones((4, 6)),
        "second_layer": np.ones(4, np.float32),
        "progress": np.array("text"),
    }
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "a.npz", allow_pickle=False, **arrays)
        assert shapes_in(tmp_path / "a.npz") == {name: values.shape for name, values in arrays.items()}
        assert shapes_in(tmp_path / "a.npz") == {name: v.shape for name, v in read_npz(tmp_path / "a.npz").items()}


def test_shapes_are_read_without_the_arrays(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", large=np.zeros((1000, 10_000)))
    tracemalloc.start()
    assert shapes_in(tmp_path / "a.npz") == {"large": (1000, 10_000)}
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1e6


def _archive(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK",
        b"not an archive",
        _archive(a=b""),
        _archive(a=b"\x93NUMPY\x01\x00"),
        _archive(a=b"\x93NUMPY\x09\x00"),
    ],
)
def test_what_is_no_archive_of_arrays_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r".+"):
        shapes_in(tmp_path / "a.npz")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        shapes_in(tmp_path / "nowhere.npz")
    with pytest.raises(OSError, match="not a regular file"):
        shapes_in(tmp_path)
