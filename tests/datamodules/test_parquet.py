"""Parquet gives the cells that text gives, and says why where it cannot."""

import pandas as pd
import pytest

from datamodules.parquet import read_parquet
from datamodules.tables import TableError


def test_cells_are_words(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"Path": ["a", "b"], "duration_s": [1.5, None], "speaker": [7, 8]}).to_parquet(path)
    table = read_parquet(path)
    assert table.header == ("path", "duration_s", "speaker")
    assert table.columns == (["a", "b"], ["1.5", ""], ["7", "8"])
    assert table.where(1) == f"{path}:2"


def test_what_is_no_table_is_refused(tmp_path):
    path = tmp_path / "t.parquet"
    with pytest.raises(TableError, match="cannot be read as Parquet"):
        read_parquet(path)
    path.write_text("path,key\n")
    with pytest.raises(TableError, match="cannot be read as Parquet"):
        read_parquet(path)
    pd.DataFrame({"path": [["a", "b"]]}).to_parquet(path)
    with pytest.raises(TableError, match="words and numbers"):
        read_parquet(path)
    pd.DataFrame({"path": []}).to_parquet(path)
    with pytest.raises(TableError, match="found no rows"):
        read_parquet(path)
