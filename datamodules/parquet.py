"""A Parquet file in, the same table of cells out that a text file gives: whoever reads the one reads the other."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from datamodules.tables import TableError, TextTable


def read_parquet(path: Path) -> TextTable:
    """Read columns of words and numbers; an empty cell is an empty word.

    Raises:
        TableError: no such file, no Parquet, no rows, or a column of something else, such as lists.
    """
    try:
        table = pq.read_table(path)
        columns = tuple(column.cast(pa.string()).fill_null("").to_pylist() for column in table.columns)
    except (OSError, ValueError, NotImplementedError) as error:
        raise TableError(f"{path}: cannot be read as Parquet of words and numbers ({error})") from error
    if not table.num_rows:
        raise TableError(f"{path}: found no rows, expected one for each trial")
    header = tuple(name.lower() for name in table.column_names)
    return TextTable(path, columns, range(1, table.num_rows + 1), header, ended=True)
