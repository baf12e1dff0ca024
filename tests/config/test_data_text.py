"""Tables as text: what other programs write is read, and what could be meant in two ways is refused with its line."""

import gzip
import re
from pathlib import Path

import numpy as np
import pytest

from featlearn.config.data_columns import InvalidData, Wanted
from featlearn.config.data_file import read_data
from featlearn.config.data_text import without_index
from tests.config.broken import write

HEADER = "input_0,input_1,input_2,input_3,input_4,label\n"
LINE = "1,2,3,4,5,6\n"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", " is empty"),
        (HEADER, " has a header and no samples"),
        (
            HEADER.replace(",label", ""),
            ":1: no column is a label: say which it is, as in `label: input_4` beside `path`",
        ),
        (HEADER.replace("label", "input_5"), ":1: no column is a label: say which it is, as in `label: input_5`"),
        (HEADER.replace("label", "input_0,label"), ":1: column input_0 is there twice"),
        (HEADER.replace("label", "y,label"), ":1: more than one column could be the label (y, label)"),
        (
            HEADER.replace("input_2", "age"),
            "are not x1, x2, … alike: say which are the inputs, as in `inputs: [input_0",
        ),
        (HEADER.replace("input_4,", ""), ":1: has 4 inputs (input_0, input_1, input_2, input_3), and the teacher's"),
        (HEADER.replace("input_0", ""), "(input_1, input_2, input_3, input_4), and the teacher's input_dim is 5"),
        (HEADER.replace("input_4", ""), ":1: column 5 has no name; say which with the keys `inputs` and `label`"),
        ("label\n1\n", ":1: has no column beside the label"),
        (
            LINE,
            ":1: has no names, so its columns are called 1 … 6: say which is the label, as in `label: 6` for the last",
        ),
        ("0,1\n2,3\n", ":1: 0 and 1 could be names or a sample; name the columns in the first line"),
        (HEADER + LINE + "1,2,3,four,5,6\n", ":3: input_3 is 'four', not a finite number"),
        (HEADER + LINE + "\n1,2,3,,5,6\n", ":4: input_3 is '', not a finite number; leave out lines without a value"),
        (HEADER + LINE + "1,2,3,4,5\n" + LINE, ":3: has 5 cells, the header 6"),
        (HEADER + "1,2,3,4,5\n1,2,3,4,5\n", ":2: has 5 cells, the header 6"),
        (HEADER + LINE + "1,2,3,4,5,nan\n", ":3: label is 'nan', not a finite number"),
        (HEADER + LINE + LINE + "1,inf,3,4,5,6\n", ":4: input_1 is 'inf', not a finite number"),
        (HEADER + "1,2,3,4,1e999,6\n", ":2: input_4 is '1e999', too large for a number"),
        (HEADER + "1;2;3;4;5;6\n", ":2: has 1 cells, the header 6"),
        (HEADER + "1,5,2,5,3,5,4,5,5,5,6,5\n", ":2: has 12 cells, the header 6; are there decimal commas"),
        (HEADER + '"1.5","2,5",3,4,5,6\n', ":2: '2,5' has another decimal mark than the lines before; write points"),
        (HEADER + '"1,234",2,3,4,5,6\n', ":2: '1,234' has a decimal comma or thousands, which cannot be told"),
        (HEADER + '"1,2,3",1.5,3,4,5,6\n', ":2: input_0 is '1,2,3', not a finite number"),
        ("," + HEADER + "7," + LINE + "3," + LINE, "if it is pandas' index, write the file with index=False"),
        (b"\xff\xfe\x00binary", " is not UTF-8 text"),
    ],
)
def test_a_broken_csv_is_refused_with_its_line(content: str | bytes, fault: str, tmp_path: Path) -> None:
    path = write(tmp_path, content, "own.csv")
    with pytest.raises(InvalidData, match=re.escape(f"{path}{fault}" if fault[0] in ": " else fault)) as caught:
        read_data(path, None, Wanted(1 if fault.startswith(":1: 0 and 1") else 5))
    assert str(path) in str(caught.value)


X = np.array([[0.5, -1.25], [1.5, 0.001], [-0.75, 2.0]])
Y = np.array([1.0, -0.5, 1234.5])


def table_of(separator: str, header: str = "", decimal: str = ".", end: str = "\n", name: str = "") -> str:
    """X and Y as text; ``name`` begins each line and is followed by the number of the line."""
    lines = [
        [f"{name}{k}"] * bool(name) + [f"{v:g}" for v in (*x, y)] for k, (x, y) in enumerate(zip(X, Y, strict=True))
    ]
    body = end.join(separator.join(line).replace(".", decimal) for line in lines) + end
    return (header + end if header else "") + body


INDEXED = ",x0,x1,y\n0,0.5,-1.25,1.0\n1,1.5,0.001,-0.5\n2,-0.75,2.0,1234.5\n"
AS_WRITTEN: dict[str, tuple[str, str | bytes]] = {
    "pandas, with its index": ("a.csv", INDEXED),
    "pandas, read and written again": ("a.csv", "Unnamed: 0" + INDEXED),
    "pandas, of an array with a label": ("a.csv", table_of(",", "0,1,y")),
    "pandas, compressed": ("a.csv.gz", gzip.compress(INDEXED.encode())),
    "polars": ("a.csv", table_of(",", "x1,x2,y")),
    "R's write.csv": ("a.csv", '"","x1","x2","y"\n"1",0.5,-1.25,1\n"2",1.5,0.001,-0.5\n"3",-0.75,2,1234.5\n'),
    "R's write.csv2": ("a.csv", table_of(";", '"x1";"x2";"y"', ",")),
    "Excel, German, with its separator": ("a.csv", "sep=;\r\n" + table_of(";", "Input_0;Input_1;Label", ",", "\r\n")),
    "Excel, as Unicode text": ("a.txt", table_of("\t", "x.1\tx.2\ttarget", end="\r\n").encode("utf-16")),
    "Excel, with thousands": ("a.csv", table_of(",", "x1,x2,y").replace("1234.5", '"1,234.50"')),
    "LibreOffice, German, with thousands": ("a.csv", table_of(";", "x1;x2;y", ",").replace("1234,5", "1.234,50")),
    "a spreadsheet with typographic minus signs": ("a.csv", table_of(",", "x1,x2,y").replace("-", "−")),
    "MATLAB's writetable, in tabs": ("a.tsv", table_of("\t", "x_1\tx_2\ty")),
    "NumPy's savetxt with a header": ("a.txt", "# made by hand\n" + table_of(" ", "# x1 x2 y")),
    "Fortran": (
        "a.dat",
        "% x1 x2 y\n  0.5D+00 -1.25D+00   1.0D+00\n  1.5D+00  1.0D-03  -5.0D-01\n -7.5D-01  0.2D+01  1.2345D+03\n",
    ),
    "scikit-learn, inputs and target": ("a.csv", "# iris\n" + table_of(",", "feature 1,feature 2,target")),
}


@pytest.mark.parametrize(("name", "content"), AS_WRITTEN.values(), ids=AS_WRITTEN)
@pytest.mark.parametrize("input_dim", [2, None])
def test_what_other_programs_write_is_read(
    name: str, content: str | bytes, input_dim: int | None, tmp_path: Path
) -> None:
    inputs, labels = read_data(write(tmp_path, content, name), None, Wanted(input_dim))
    np.testing.assert_array_equal(inputs, X)
    np.testing.assert_array_equal(labels, Y)


@pytest.mark.parametrize(
    ("header", "inputs", "label"),
    [
        ("", None, "3"),
        ("0,1,2", None, "2"),
        ("a,b,c", ("a", "b"), "c"),
        ("a,b,c", "*", "c"),
        ("pixel a,pixel b,y", "pixel*", None),
        ("x[2],x[3],y", "x[*", None),
        ("x1,x2,score", None, "score"),
    ],
)
def test_columns_are_chosen_by_name(
    header: str, inputs: tuple[str, ...] | str | None, label: str | None, tmp_path: Path
) -> None:
    read = read_data(write(tmp_path, table_of(",", header), "a.csv"), None, Wanted(2, inputs, label))
    np.testing.assert_array_equal(read[0], X)
    np.testing.assert_array_equal(read[1], Y)


def test_columns_that_are_not_wanted_may_hold_anything(tmp_path: Path) -> None:
    text = "day,b,a,y\nMon,2,1,3\nTue,NA,4,5\n"
    inputs, labels = read_data(write(tmp_path, text, "a.csv"), None, Wanted(None, ("a",), None))
    assert inputs.tolist() == [[1.0], [4.0]]
    assert labels.tolist() == [3.0, 5.0]
    with pytest.raises(InvalidData, match=r"a\.csv:3: b is 'NA', not a finite number; leave out"):
        read_data(tmp_path / "a.csv", None, Wanted(None, ("a", "b"), None))
    with pytest.raises(InvalidData, match=r"a\.csv:1: has no column 'c'; the columns are day, b, a, y"):
        read_data(tmp_path / "a.csv", None, Wanted(None, ("a", "c"), None))
    with pytest.raises(InvalidData, match="names a column twice, or the label"):
        read_data(tmp_path / "a.csv", None, Wanted(None, ("a", "y"), None))


@pytest.mark.parametrize("cells", ["1,5", "1.5", "0,125", "12.345,5", "1,5e-3", "1,234e-3", "1234,567"])
def test_a_decimal_mark_is_recognised_from_cells_that_allow_one_alone(cells: str, tmp_path: Path) -> None:
    text = f"x;y\n1;{cells}\n"
    expected = float(cells.replace(".", "").replace(",", ".") if "," in cells else cells)
    assert read_data(write(tmp_path, text, "a.csv"), None, Wanted())[1].tolist() == [expected]


def test_one_input_needs_no_number(tmp_path: Path) -> None:
    inputs, labels = read_data(write(tmp_path, "inputs,labels\n1,2\n\n3,4e0\n", "own.csv"), None, Wanted(1))
    assert inputs.tolist() == [[1.0], [3.0]]
    assert labels.tolist() == [2.0, 4.0]


def test_a_byte_order_mark_and_quoted_cells_are_read(tmp_path: Path) -> None:
    file = write(tmp_path, b'\xef\xbb\xbf"input_0","label"\r\n"1.5","-2"\r\n', "own.CSV")
    assert [x.tolist() for x in read_data(file, None, Wanted(1))] == [[[1.5]], [-2.0]]


def test_a_column_without_a_name_must_count_the_rows() -> None:
    assert without_index(np.array([[5.0, 1.0], [6.0, 2.0]]), "a.csv").tolist() == [[5.0], [6.0]]
    for index in ([2.0, 3.0], [0.0, 0.0], [1.0, 0.0]):
        with pytest.raises(InvalidData, match="does not count the rows"):
            without_index(np.array([[5.0, index[0]], [6.0, index[1]]]), "a.csv")
