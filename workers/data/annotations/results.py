"""Lists of records that a detector or a network wrote, in COCO's format of results."""

from __future__ import annotations

from workers.data.annotations.opening import Source, load_value
from workers.data.annotations.records import Records, records_of


def read_results(place: Source, like: str) -> Records:
    """The records of a results file. Raises DataError, which ends in `like`, where it is no list of such."""
    return records_of(place, load_value(place, like), "the file", "record", like)
