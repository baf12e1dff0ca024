"""Tables of numbers as text, as spreadsheets, pandas, R, NumPy and Fortran write them.

What can be read in one way only is read: separators, byte-order marks, decimal commas, comments. The rest is refused
with its line.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import warnings
import zlib
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from featlearn.config.data_columns import InvalidData, Wanted

_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_NUMBER = re.compile(r"(?P<sign>[-+]?)(?P<digits>[\d.,]*\d[\d.,]*)(?:[eEdD](?P<exponent>[-+]?\d+))?", re.ASCII)
_GROUPED = {  # by the decimal mark, in thousands
    ".": re.compile(r"\d{1,3}(,\d{3})+(\.\d*)?"),
    ",": re.compile(r"\d{1,3}(\.\d{3})+(,\d*)?"),
}


def read_text(path: Path, wanted: Wanted) -> np.ndarray:
    """The columns of a table that are wanted, (n, d + 1), the label last, all finite.

    Raises:
        InvalidData: with file, line and fault.
    """
    try:
        with _opened(path) as file:
            layout = _layout(path, file)
        place = f"{path}:{layout.before + (layout.names is None)}"
        names = layout.names or [str(k + 1) for k in range(layout.cells)]
        try:
            columns = wanted.columns(names, named=layout.names is not None)
        except InvalidData as error:
            raise InvalidData(f"{place}: {error}") from None
        table = _fast(path, layout, columns.used())
        if table is None:
            table = _slow(path, layout, names, columns.used())
    except UnicodeDecodeError as error:
        raise InvalidData(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}; save it as UTF-8") from None
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        raise InvalidData(f"{path} cannot be read: {error}") from None
    if not len(table):
        raise InvalidData(f"{path} has a header and no samples")
    return without_index(table, place) if columns.index is not None else table


def without_index(table: np.ndarray, place: str) -> np.ndarray:
    """A table without its last column, which has no name and should count the rows from 0 or 1."""
    if table[0, -1] not in (0, 1) or (np.diff(table[:, -1]) != 1).any():
        raise InvalidData(
            f"{place}: a column without a name, and it does not count the rows; if it is pandas' index, write the file "
            "with index=False, else say which columns to take with the keys `inputs` and `label` of `data`"
        )
    return table[:, :-1]


# --- what the file looks like -------------------------------------------------------------------


@dataclass(frozen=True)
class _Layout:
    """How a table is written: its separator, the mark of comments, names (None where there are none), cells of a
    line, and how many lines come before the first sample."""

    separator: str
    comment: str
    names: list[str] | None
    cells: int
    before: int


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    with gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb") as raw:
        start = raw.peek(4)[:4]
        encoding = next((name for mark, name in _MARKS.items() if start.startswith(mark)), "utf-8")
        yield io.TextIOWrapper(raw, encoding, newline="")


def _layout(path: Path, file: TextIO) -> _Layout:
    separator, comment = "", ""
    for number, line in enumerate(file, 1):
        text = line.strip("\r\n ")
        if number == 1 and (told := re.fullmatch(r"sep=(.)", text)):  # as Excel has it
            separator = told[1]
        elif text.startswith(("#", "%")):
            comment = text
        elif text.strip():
            break
    else:
        raise InvalidData(f"{path} is empty")
    if "\0" in text:
        raise InvalidData(
            f"{path}:{number}: is no text in UTF-8; save it as UTF-8, or as UTF-16 with a byte-order mark"
        )
    separator = separator or next((mark for mark in "\t;,|" if mark in text), " ")
    cells, mark = _cells([text], separator), comment[:1] or "#"
    counts = len(cells) > 1 and cells == [str(k) for k in range(len(cells))]  # as pandas calls unnamed columns
    if counts and len(cells) == 2:
        raise InvalidData(f"{path}:{number}: 0 and 1 could be names or a sample; name the columns in the first line")
    if counts or not all(_NUMBER.fullmatch(_plain(cell)) for cell in cells):
        return _Layout(separator, mark, cells, len(cells), number)
    names = _cells([comment[1:].strip("\r\n ")], separator) if comment else []  # as NumPy's savetxt writes them
    is_header = len(names) == len(cells) and not any(_NUMBER.fullmatch(name) for name in names)
    return _Layout(separator, mark, names if is_header else None, len(cells), number - 1)


def _cells(lines: Iterable[str], separator: str) -> list[str]:
    rows = csv.reader(lines, delimiter=separator, skipinitialspace=True)
    return [cell.strip() for cell in next(rows, [])]


def _plain(cell: str) -> str:
    """A cell without blanks around it, its minus signs those of ASCII."""
    return cell.strip().replace("−", "-").replace("‒", "-").replace("–", "-")


# --- its numbers --------------------------------------------------------------------------------


def _fast(path: Path, layout: _Layout, used: list[int]) -> np.ndarray | None:
    """The table as NumPy reads it; None when there is a line that it does not take, or not finite."""
    separator = None if layout.separator == " " else layout.separator
    with _opened(path) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a table without lines, which has no samples
        try:
            table = np.loadtxt(
                file, delimiter=separator, comments=layout.comment, quotechar='"', skiprows=layout.before, ndmin=2
            )
        except UnicodeDecodeError:
            raise
        except ValueError:
            return None
    if not table.size:
        return table.reshape(0, len(used))
    chosen = table[:, used] if table.shape[1] == layout.cells else np.array([np.nan])
    return chosen if np.isfinite(chosen).all() else None


def _slow(path: Path, layout: _Layout, names: list[str], used: list[int]) -> np.ndarray:
    """The table cell by cell, or the first fault with its line."""
    decimal = _decimal_mark(path, layout, used)
    values = array("d")
    for place, cells in _rows(path, layout):
        for k in used:
            values.append(_number(cells[k], decimal, f"{place}: {names[k] or 'the first column'}"))
    return np.frombuffer(values, dtype=np.float64).reshape(-1, len(used)).copy()


def _rows(path: Path, layout: _Layout) -> Iterator[tuple[str, list[str]]]:
    """Each sample as text, and its place. Raises InvalidData at a line of another length."""
    with _opened(path) as file:
        for _ in range(layout.before):
            next(file)
        lines = (line.partition(layout.comment)[0].rstrip("\r\n ") for line in file)
        reader = csv.reader(lines, delimiter=layout.separator, skipinitialspace=True)
        for cells in reader:
            place = f"{path}:{layout.before + reader.line_num}"
            if not any(cells):
                continue
            if len(cells) != layout.cells:
                hint = "; are there decimal commas, or names of rows?" if len(cells) > layout.cells else ""
                first = "the header" if layout.names else "the first line"
                raise InvalidData(f"{place}: has {len(cells)} cells, {first} {layout.cells}{hint}")
            yield place, cells


def _decimal_mark(path: Path, layout: _Layout, used: list[int]) -> str:
    """The decimal mark of a table: a point unless commas are there that cannot separate thousands."""
    found, commas = "", ""
    for place, cells in _rows(path, layout):
        for k in used:
            cell = _plain(cells[k])
            commas = commas or (f"{place}: {cell!r:.80}" if "," in cell else "")
            mark = _mark_of(cell)
            if mark and found and mark != found:
                raise InvalidData(f"{place}: {cell!r:.80} has another decimal mark than the lines before; write points")
            found = mark or found
    if commas and not found:
        raise InvalidData(f"{commas} has a decimal comma or thousands, which cannot be told; write decimal points")
    return found or "."


def _mark_of(cell: str) -> str:
    """The decimal mark that a number must have; empty where it could be either."""
    match = _NUMBER.fullmatch(cell)
    if match is None or not {".", ","} & set(digits := match["digits"]):
        return ""
    possible = [mark for mark, grouped in _GROUPED.items() if grouped.fullmatch(digits)]
    possible += [mark for mark in ".," if re.fullmatch(rf"\d*\{mark}\d*", digits)]
    if match["exponent"] or re.match(r"0\d*[.,]|[.,]", digits):  # thousands have no exponent and begin with no zero
        possible = [mark for mark in possible if not _GROUPED[mark].fullmatch(digits)]
    return possible[0] if len(set(possible)) == 1 else ""


def _number(cell: str, decimal: str, place: str) -> float:
    match = _NUMBER.fullmatch(_plain(cell))
    digits = "" if match is None else match["digits"]
    other = "," if decimal == "." else "."
    if other in digits and _GROUPED[decimal].fullmatch(digits):
        digits = digits.replace(other, "")
    if match is None or not re.fullmatch(rf"\d*\{decimal}?\d*", digits):
        hint = "; leave out lines without a value" if cell.strip().casefold() in ("", "na", "nan", "null") else ""
        raise InvalidData(f"{place} is {cell.strip()!r:.80}, not a finite number{hint}")
    value = float(f"{match['sign']}{digits.replace(decimal, '.')}e{match['exponent'] or 0}")
    if not np.isfinite(value):
        raise InvalidData(f"{place} is {cell.strip()!r:.80}, too large for a number")
    return value
