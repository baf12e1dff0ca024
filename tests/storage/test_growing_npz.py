"""Npz files that grow are at any time what NumPy reads, hold every entry, and are written once."""

import os
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from featlearn.storage import growing_npz
from featlearn.storage.growing_npz import Entry, GrowingNpz
from tests.storage.damage import contents, outside

CAPACITY = 9
FIXED = {"teacher": np.arange(6.0).reshape(2, 3), "masses": np.array([1.0, -2.0])}


def entry(number: int) -> Entry:
    rng = np.random.default_rng(number)
    return {
        "step": np.array(10 * number),
        "second": rng.standard_normal(4).astype(np.float32),
        "first": rng.standard_normal((4, 3)),
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "arrays.npz"


def grown(path: Path) -> GrowingNpz:
    return GrowingNpz(path, FIXED, entry(0), CAPACITY)


def check(path: Path, count: int) -> None:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
    with np.load(path, allow_pickle=False) as found:
        assert set(found.files) == FIXED.keys() | entry(0).keys()
        for name, values in FIXED.items():
            assert_array_equal(found[name], values, strict=True)
        for name in entry(0):
            assert_array_equal(found[name], np.array([entry(i)[name] for i in range(count)]), strict=True)


def test_every_entry_is_there_after_every_write(path: Path) -> None:
    file = grown(path)
    for number in range(CAPACITY):
        file.append(entry(number))
        assert file.count == number + 1
        if number not in (2, 3):
            file.write()
            check(path, number + 1)


def test_arrays_that_do_not_lie_in_memory_in_order_are_written_as_they_read(path: Path) -> None:
    file = GrowingNpz(path, {}, {"x": np.zeros((2, 3))}, 1)
    transposed = np.arange(6.0).reshape(3, 2).T
    file.append({"x": transposed})
    file.write()
    with np.load(path) as found:
        assert_array_equal(found["x"], transposed[None])


@pytest.mark.parametrize("content", [b"", b"rubbish" * 1000])
def test_a_new_file_takes_the_place_of_what_was_there(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    file = grown(path)
    file.append(entry(0))
    file.sync()
    check(path, 1)


def test_a_link_in_its_place_is_not_written_through(path: Path, tmp_path: Path) -> None:
    victim = outside(tmp_path)
    before = contents(victim)
    for target in (victim / "thesis.tex", victim / "nothing", path):
        path.unlink(missing_ok=True)
        path.symlink_to(target)
        with pytest.raises(OSError, match="link"):
            grown(path).keep(1, (0, 0, 0))
        file = grown(path)
        file.append(entry(0))
        file.write()
        assert not path.is_symlink()
        check(path, 1)
    assert contents(victim) == before


@pytest.fixture
def sums(path: Path) -> tuple[int, ...]:
    """Of the first three entries of a file that holds five."""
    file = grown(path)
    for number in range(5):
        file.append(entry(number))
        if number == 2:
            file.write()
            three = file.sums
    file.write()
    return three


@pytest.mark.parametrize("torn", [0, 1, 100, 330], ids=lambda count: f"{count} bytes less")
def test_a_file_goes_on_after_its_first_entries_whatever_came_of_the_others(
    torn: int, path: Path, sums: tuple[int, ...]
) -> None:
    os.truncate(path, path.stat().st_size - torn)
    file = grown(path)
    file.keep(3, sums)
    check(path, 3)
    for number in (3, 4, 5):
        file.append(entry(number))
    file.sync()
    check(path, 6)


@pytest.mark.parametrize("name", list(entry(0)))
def test_a_file_that_has_lost_an_entry_is_noticed_and_stays_as_it_was(
    name: str, path: Path, sums: tuple[int, ...]
) -> None:
    content = path.read_bytes()
    place = content.index(entry(2)[name].tobytes())
    for damaged in (content[:place] + b"\xff" + content[place + 1 :], content[:place]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="it does not hold the 3 entries"):
            grown(path).keep(3, sums)
        assert path.read_bytes() == damaged


def test_little_waits_in_memory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing_npz, "MOST_PENDING", 250)  # an entry has 120 bytes
    file = grown(path)
    for number in range(3):
        file.append(entry(number))
        assert path.exists() is (number == 2)
    check(path, 3)


def test_what_a_full_disk_refuses_can_be_written_later(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = grown(path)
    file.append(entry(0))
    file.write()
    put, calls = growing_npz._Array.put, iter(range(100))

    def refused(self: growing_npz._Array, *arguments: object) -> None:
        if next(calls) == 1:
            raise OSError(28, "No space left on device")
        put(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(growing_npz._Array, "put", refused)
    file.append(entry(1))
    file.append(entry(2))
    with pytest.raises(OSError, match="No space left"):
        file.write()
    check(path, 1)
    file.write()
    check(path, 3)


def test_an_entry_of_another_shape_or_type_is_refused(path: Path) -> None:
    for wrong in (np.zeros(4), np.zeros(3, np.float32)):
        file = grown(path)
        file.append(dict(entry(0)) | {"second": wrong})
        with pytest.raises(ValueError, match="second: "):
            file.write()


def test_the_checksum_of_both_is_made_of_those_of_each() -> None:
    rng = np.random.default_rng(0)
    for first, second in [(0, 0), (0, 5), (7, 0), (1, 1), (128, 4097), (3, 100_000)]:
        a, b = rng.bytes(first), rng.bytes(second)
        assert growing_npz._sum_of_both(zlib.crc32(a), zlib.crc32(b), second) == zlib.crc32(a + b)


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="Linux counts what a process writes")
def test_no_entry_is_written_twice(path: Path) -> None:
    def written() -> int:
        lines = Path("/proc/self/io").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("wchar:"))

    like = {"step": np.array(0), "x": np.zeros((100, 200))}
    file, before = GrowingNpz(path, FIXED, like, 60), written()
    for number in range(60):
        file.append(like | {"step": np.array(number)})
        file.sync()
    assert path.stat().st_size <= written() - before < 1.1 * path.stat().st_size


def test_what_does_not_grow_may_be_empty(path: Path) -> None:
    file = GrowingNpz(path, {"teacher": np.zeros((0, 3)), "masses": np.zeros(0)}, entry(0), CAPACITY)
    file.append(entry(0))
    file.sync()
    with np.load(path) as arrays:
        assert {name: arrays[name].shape for name in ("teacher", "masses")} == {"teacher": (0, 3), "masses": (0,)}
        assert_array_equal(arrays["first"], entry(0)["first"][None])
