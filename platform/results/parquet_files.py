"""Parquet files read as a schema says, or one line that names the file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from analysis.parquet_size import read_bounded
from workers.errors import DataError


def read_parquet(path: Path, schema: pa.Schema, never_null: Sequence[str]) -> pa.Table:
    """The columns of `schema` that the file has, in its types; other columns are left out.

    Raises FileNotFoundError, and DataError where the file is damaged, holds another type, or lacks one of the
    columns `never_null` or a value in it.
    """
    if path.exists() and not path.is_file():
        raise DataError(f"{path} must be a readable Parquet file, but it is no plain file.")
    try:
        table = read_bounded(path)
        known = [field for field in schema if field.name in table.column_names]
        table = table.select([field.name for field in known]).cast(pa.schema(known))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, pa.ArrowException) as error:  # ValueError: ArrowInvalid among others
        raise DataError(f"{path} must be a readable Parquet file, but: {error}.") from error
    lacks = [name for name in never_null if name not in table.column_names or table[name].null_count]
    if lacks:
        raise DataError(f"{path} must have {', '.join(never_null)} in each row, but not {', '.join(lacks)}.")
    return table
