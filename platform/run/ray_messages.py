"""What Ray tells a driver of its cluster, a line each: of a node that died it prints the end of its log."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import ray._private.worker

_LONGEST = 300  # characters of a line
NODE_DIED = re.compile(r"The node with node id: (\S+) and address: (\S+) .*has been marked dead", re.DOTALL)
SAID_OTHERWISE = ("A worker died or was killed", "Raylet is terminated")  # a search and a training say these
NUMBERS = re.compile(r"\S*\d\S*")  # they alone differ where Ray says a thing again


@contextmanager
def a_line_each() -> Iterator[None]:
    """Ray's messages to this driver in the block are a line each, once; of deaths that we say they are none.

    Ray has no setting for it: `log_to_driver=False` silences the workers alone.
    """
    worker: Any = ray._private.worker
    before = worker.print_to_stdstream
    told = set[str]()

    def tell(data: Mapping[str, Any], ignore_prefix: bool) -> None:
        for message in data["lines"]:
            line, what = in_a_line(message)
            if line and what not in told:
                told.add(what)
                print(line, flush=True)

    worker.print_to_stdstream = tell
    try:
        yield
    finally:
        worker.print_to_stdstream = before


def in_a_line(message: str) -> tuple[str, str]:
    """What a person is told of it, nothing where something else says it; and what is told once alone."""
    if died := NODE_DIED.search(message):
        return f"Ray: the node {died[2]} died; what ran there is done again elsewhere", died[1]
    said = message.strip()
    if not said or said.startswith(SAID_OTHERWISE):
        return "", ""
    line = f"Ray: {said.splitlines()[0][:_LONGEST]}"
    return line, NUMBERS.sub("", line)
