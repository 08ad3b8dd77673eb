"""Tables are read whatever separates their columns; lines are numbered as an editor does."""

import pytest

from datamodules.tables import TableError, read_table

NAMES = {"filename", "cm-score", "score", "key"}


@pytest.fixture
def read(tmp_path):
    """Write a text to a file and read it."""

    def reader(text, encoding="utf-8"):
        path = tmp_path / "table.txt"
        path.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
        return read_table(path, NAMES)

    return reader


@pytest.mark.parametrize("separator", [" ", "  ", "\t", ",", ";", "|", ", "])
def test_separators(read, separator):
    table = read(separator.join(["a", "b", "1.5"]) + "\n" + separator.join(["c", "d", "-2e-3"]) + "\n")
    assert table.columns == (("a", "c"), ("b", "d"), ("1.5", "-2e-3"))
    assert (table.header, table.ended) == (None, True)


def test_quotes_and_separators_in_names(read):
    assert read('"a, b.wav",0.5\n"c",0.25\n').columns == (("a, b.wav", "c"), ("0.5", "0.25"))
    assert read("a,b.wav 0.5\nc.wav 0.25\n").columns == (("a,b.wav", "c.wav"), ("0.5", "0.25"))


def test_between_bars_a_quote_is_a_quote(read):
    table = read('a|"What?" he said|1\nb|12" long|2\nc|"No boat come|3\n')
    assert table.columns[1] == ('"What?" he said', '12" long', '"No boat come')


def test_only_line_feeds_end_a_line(read):
    assert read("a|one\u2028two|1\nb|three\x0bfour|2\n").columns[0] == ("a", "b")


def test_the_first_of_the_names_decides_which_column(read):
    table = read("score\tcm-score\n1\t2\n")
    assert table.column(("cm-score", "score")) == ("2",)


def test_a_header_is_known_by_its_names(read):
    table = read("FileName\tCM-score\nE_1\t0.5\n")
    assert table.header == ("filename", "cm-score")
    assert table.columns == (("E_1",), ("0.5",))
    assert table.column(("score", "cm-score")) == ("0.5",)
    assert table.column(("key",)) is None
    assert table.where(0).endswith("table.txt:2")


def test_blank_lines_comments_and_byte_order_marks(read):
    table = read("\ufeff# scores\r\n\r\na 1\r\n\r\nb 2", encoding="utf-8")
    assert table.columns == (("a", "b"), ("1", "2"))
    assert list(table.lines) == [3, 5]
    assert not table.ended


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a 1\nb 2\nc\n", r"table\.txt:3: found 1 columns \('c'\), expected 2 as in line 1"),
        ("a 1\nb c 2\n", r"table\.txt:2: found 3 columns"),
        ("\n# nothing\n", "found no lines"),
        ("filename,score\n", "a header only"),
        ('a,"b\nc,d\n', r"table\.txt:1: found a quote that its line does not close"),
        ('a,"b\n' + "c,d\n" * 50_000, r"table\.txt:1: found a quote that its line does not close"),
        (b"\xff\xfe\x00\x01", "no text"),
    ],
)
def test_what_is_no_table_is_refused(read, content, message):
    with pytest.raises(TableError, match=message):
        read(content)


def test_a_missing_file(tmp_path):
    with pytest.raises(TableError, match=r"none\.txt: cannot be read \(No such file"):
        read_table(tmp_path / "none.txt", NAMES)
