"""A Parquet file that says it unfolds to more than memory should be spent on is refused unread."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.parquet_size import check_size


@pytest.mark.parametrize(("most_rows", "most_bytes"), [(999, 1 << 20), (1000, 10)])
def test_too_many_rows_or_bytes_are_refused(most_rows: int, most_bytes: int, tmp_path: Path) -> None:
    pq.write_table(pa.table({"trial": list(range(1000))}), tmp_path / "a.parquet")
    file = pq.ParquetFile(tmp_path / "a.parquet")
    check_size(file)
    with pytest.raises(pa.ArrowInvalid, match=r"it holds 1,000 rows and .* of at most"):
        check_size(file, most_rows, most_bytes)
