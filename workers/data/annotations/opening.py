"""Annotation files opened by path or URI; what is no JSON is one line that names the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pyarrow.fs import FileSystem, FileType
from pydantic_core import from_json  # reads COCO's files in half the time of json, with equal numbers

from workers.errors import DataError
from workers.secrets import redacted

Json = dict[str, Any]
Location = Path | str  # a path, or a URI such as file:///data/a.json

REPAIR = "Write the file as COCO's person_keypoints annotations."
_RESTORE = "Restore the annotation file."
LARGEST_FILE = 2 << 30  # nine times COCO's largest file


def read_bytes(place: Location, most: int = LARGEST_FILE) -> bytes:
    """The whole file. Raises OSError, or ValueError for a URI that is none, no plain file or a bigger one."""
    if isinstance(place, str) and "://" in place:
        system, path = FileSystem.from_uri(place)
        info = system.get_file_info(path)
        _check(info.type in (FileType.File, FileType.NotFound), info.size or 0, most)
        with system.open_input_file(path) as file:
            return bytes(file.read(most))
    path = Path(place)
    _check(path.is_file() or not path.exists(), path.stat().st_size, most)  # a pipe would be waited for
    return path.read_bytes()


def _check(plain: bool, size: int, most: int) -> None:
    if not plain:
        raise ValueError("it is no plain file")
    if size > most:
        raise ValueError(f"it has {size:,} bytes, of at most {most:,}")


def load_value(place: Location, repair: str = _RESTORE) -> Any:
    """What a JSON file holds; NaN, Infinity and every Unicode encoding are read.

    Raises DataError, naming the file, where it cannot be opened, is broken off, nested too deep (some 200
    levels) or has a number of more than 4,300 digits.
    """
    try:
        return from_json(_as_utf8(read_bytes(place)), cache_strings="keys")
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {redacted(f'{place}: {error}')}. {repair}") from error


def load_json(place: Location, repair: str = REPAIR) -> Json:
    """The JSON object that a file holds. Raises DataError, naming the file, where it is none."""
    content = load_value(place)
    if not isinstance(content, dict):
        raise DataError(f"{place}: the file must hold one JSON object. {repair}")
    return content


def _as_utf8(data: bytes) -> bytes:
    encoding = json.detect_encoding(data)
    return data if encoding == "utf-8" else data.decode(encoding).encode()
