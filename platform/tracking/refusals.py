"""Which errors are about one record, so that the others can go on, and which are the server's own."""

from __future__ import annotations

import re
from typing import final

from workers.secrets import redacted

LATER = (401, 407, 408, 425, 429, 499)  # who asks, how often, how long: nothing that a record is to blame for
STATUS = re.compile(r"failed with error code (\d{3}) ")  # MLflow's words for an answer that is not JSON
OUR_VALUES = (
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
)  # no request can hold it


@final
class RecordError(Exception):
    """A record that is not sent: says what it must be."""


def about_record(error: Exception) -> bool:
    """Whether the error is about what was sent: a 4xx answer, or a value that no request can hold.

    Of a server that does not answer at all or answers with 5xx, nothing is known of the record.
    """
    from mlflow.exceptions import MlflowException  # takes seconds to import

    status = _status(error)
    if status is not None and status != 500:
        return 400 <= status < 500 and status not in LATER
    inner = error.__cause__ if isinstance(error, MlflowException) else error
    return isinstance(inner, (RecordError, *OUR_VALUES)) and not isinstance(inner, OSError)


def one_line(error: Exception) -> str:
    """What an error says, on one line of a bounded length, without passwords."""
    return redacted(" ".join(str(error).split()))[:200] or type(error).__name__


def _status(error: Exception) -> int | None:
    """The HTTP status of an answer, or what MLflow gives a database's error."""
    answer = getattr(error, "response", None)  # of requests
    status = getattr(answer, "status_code", None)
    if isinstance(status, int):
        return status
    from mlflow.exceptions import MlflowException

    if not isinstance(error, MlflowException):
        return None
    if found := STATUS.search(str(error)):
        return int(found[1])
    return error.get_http_status_code()
