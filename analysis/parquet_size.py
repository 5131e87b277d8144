"""How much a Parquet file of somebody else may unfold to: a small one can claim any number of rows."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

MOST_ROWS = 1_000_000  # ten times the largest search that is planned for
MOST_UNPACKED = 1 << 30  # bytes


def read_bounded(path: Path) -> pa.Table:
    """The whole file. Raises ArrowInvalid where it says that it holds too much, else as Parquet's reader."""
    file = pq.ParquetFile(path)
    check_size(file)
    return file.read()


def check_size(file: pq.ParquetFile, most_rows: int = MOST_ROWS, most_bytes: int = MOST_UNPACKED) -> None:
    """Raises ArrowInvalid, as Parquet's reader does, where the file says that it holds more."""
    facts = file.metadata
    size = sum(facts.row_group(number).total_byte_size for number in range(facts.num_row_groups))
    if facts.num_rows > most_rows or size > most_bytes:
        raise pa.ArrowInvalid(
            f"it says that it holds {facts.num_rows:,} rows and {size:,} bytes, of at most {most_rows:,} and "
            f"{most_bytes:,}"
        )
