"""Good JSON documents made bad in one to four places, for tests of whatever reads them."""

from __future__ import annotations

import copy
import json
import math
import os
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st

from spaces.errors import VipnasError

EXAMPLES = "VIPNAS_FUZZ_EXAMPLES"  # how many a test tries; few by default
_FEW = 40
# What fails is not made smaller: that would take minutes where a command is tried.
_PHASES = tuple(each for each in Phase if each is not Phase.shrink)

Path = tuple[str | int, ...]

ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 3, 0.5, -0.0, 7.0, 1e300, -1e300, math.nan, math.inf, -math.inf,
    10**400, -(10**400), 2**63, -(2**63) - 1, 2**53 + 1, "", " ", "1", "-1", "01", "NaN", "nose", "{record}",
    "a\nb", "\0", "../x", "\u0661", [], [[]], [None], [1], [1, 2, 3, 4], ["1", 2, 3, 4], [math.nan] * 4,
    [1e300] * 4, [0] * 51, [None] * 51, [math.nan] * 51, [2] * 51, [[1, 2], [3]], {}, {"id": 1}, [{}],
    [{"id": 1}], {"a": {"b": []}},
)  # fmt: skip


def examples() -> settings:
    """Settings of a test: the same few examples each time, or as many random ones as the environment says."""
    many = int(os.environ.get(EXAMPLES, _FEW))
    return settings(max_examples=many, phases=_PHASES, derandomize=EXAMPLES not in os.environ)


def read(reader: Callable[[], Any]) -> Any:
    """What a reader gives; None where it refuses in one line."""
    try:
        return reader()
    except VipnasError as error:
        refusal = str(error)
    assert refusal.strip()
    assert "\n" not in refusal
    return None


@st.composite
def mutated(draw: st.DrawFn, document: Any) -> Any:
    """The document after one to four edits: a value replaced, removed, repeated, wrapped or put elsewhere."""
    content = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 4))):
        paths = list(_paths(content))
        if not paths:
            break
        content = draw(st.sampled_from(EDITS))(draw, content, draw(st.sampled_from(paths)))
    return content


@st.composite
def as_bytes(draw: st.DrawFn, content: Any) -> bytes:
    """The document as a file has it: whole in some encoding, broken off, or with a byte changed."""
    data = json.dumps(content).encode()
    kind = draw(
        st.sampled_from(("whole",) * 12 + ("encoded", "broken off", "changed", "deep", "long number"))
    )
    if kind == "encoded":
        return data.decode().encode(draw(st.sampled_from(("utf-8-sig", "utf-16", "utf-32", "utf-16-be"))))
    if kind == "broken off":
        return data[: draw(st.integers(0, len(data)))]
    if kind == "changed":
        place = draw(st.integers(0, len(data) - 1))
        return data[:place] + bytes([draw(st.integers(0, 255))]) + data[place + 1 :]
    if kind == "deep":
        return data[:-1] + b',"x":' + b"[" * draw(st.sampled_from((150, 2000, 200000)))
    if kind == "long number":
        return data.replace(b"1", b"1" * draw(st.sampled_from((400, 5000))), 1)
    return data


def _paths(content: Any, here: Path = ()) -> Iterator[Path]:
    if isinstance(content, dict | list):
        items = content.items() if isinstance(content, dict) else enumerate(content)
        for key, value in items:
            yield (*here, key)
            yield from _paths(value, (*here, key))


def _holder(content: Any, path: Path) -> Any:
    """The list or object that holds what lies at the path."""
    for key in path[:-1]:
        content = content[key]
    return content


def _replace(draw: st.DrawFn, content: Any, path: Path) -> Any:
    _holder(content, path)[path[-1]] = copy.deepcopy(draw(st.sampled_from(ODD_VALUES)))
    return content


def _remove(draw: st.DrawFn, content: Any, path: Path) -> Any:
    del _holder(content, path)[path[-1]]
    return content


def _repeat(draw: st.DrawFn, content: Any, path: Path) -> Any:
    holder = _holder(content, path)
    if isinstance(holder, list):
        holder.insert(draw(st.integers(0, len(holder))), copy.deepcopy(holder[int(path[-1])]))
    return content


def _wrap(draw: st.DrawFn, content: Any, path: Path) -> Any:
    holder = _holder(content, path)
    value = holder[path[-1]]
    holder[path[-1]] = draw(st.sampled_from(([value], {"value": value}, [[value]], str(value))))
    return content


def _move(draw: st.DrawFn, content: Any, path: Path) -> Any:
    other = draw(st.sampled_from(list(_paths(content))))
    value = content
    for key in other:
        value = value[key]
    _holder(content, path)[path[-1]] = copy.deepcopy(value)
    return content


def _everywhere(draw: st.DrawFn, content: Any, path: Path) -> Any:
    """One field of all records of a list at once, as an exporter's mistake is."""
    value, key = copy.deepcopy(draw(st.sampled_from((*ODD_VALUES, ...)))), path[-1]
    lists = [each for each in (content, *_values(content)) if isinstance(each, list)]
    for record in (record for each in lists for record in each if isinstance(record, dict) and key in record):
        if value is ...:
            del record[key]
        else:
            record[key] = value
    return content


def _values(content: Any) -> list[Any]:
    return list(content.values()) if isinstance(content, dict) else []


EDITS: tuple[Callable[[st.DrawFn, Any, Path], Any], ...] = (
    _replace, _replace, _replace, _remove, _repeat, _wrap, _move, _everywhere,
)  # fmt: skip
