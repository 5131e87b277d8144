"""YAML files of strangers: bounded in size, depth and in what their aliases multiply."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

_MOST_BYTES = 1 << 20  # of a file that a person writes
_MOST_DEPTH = 50
_MOST_VALUES = 100_000  # with every alias written out


def load_yaml(path: Path) -> Any:
    """What a YAML or JSON file holds, in UTF-8 or UTF-16, with or without a byte order mark.

    Raises OSError, and ValueError in one line for what is no such file: a device, another encoding, broken
    YAML, one that is too big, too deep, or that repeats itself by aliases into more than 100,000 values.
    """
    if path.exists() and not path.is_file():
        raise ValueError("it is no plain file")
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ValueError(f"it must have at most {_MOST_BYTES} bytes")
    try:
        _check_depth(content)
        loader = yaml.SafeLoader(content)
        try:
            node = loader.get_single_node()
            if node is not None:
                _check_values(node)
            return None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        _leave_out_the_text(error)
        raise ValueError(" ".join(str(error).split())) from error


def _leave_out_the_text(error: yaml.YAMLError) -> None:
    """Line and column stay; of the text around them, half a URI would not be known as one with a password."""
    for name in ("problem_mark", "context_mark"):
        mark = getattr(error, name, None)
        if mark is not None:
            mark.buffer = None


def _check_depth(content: bytes) -> None:
    depth = 0
    for event in yaml.parse(content, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MOST_DEPTH:
            raise ValueError(f"it is nested more than {_MOST_DEPTH} levels deep")


def _check_values(node: yaml.Node) -> None:
    """Counts each node once, by what it stands for; an alias within what it names has no end."""
    counts: dict[int, int] = {}
    stack = [(node, iter(_inner(node)))]
    under_way = {id(node)}
    while stack:
        current, rest = stack[-1]
        inner = next(rest, None)
        if inner is None:
            stack.pop()
            under_way.discard(id(current))
            counts[id(current)] = 1 + sum(counts[id(each)] for each in _inner(current))
            if counts[id(current)] > _MOST_VALUES:
                raise ValueError(f"its aliases make more than {_MOST_VALUES} values of it")
        elif id(inner) in under_way:
            raise ValueError("an alias in it holds itself")
        elif id(inner) not in counts:
            stack.append((inner, iter(_inner(inner))))
            under_way.add(id(inner))


def _inner(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from (key, value)
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value
