"""Ray clusters of several nodes on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ray.cluster_utils import Cluster


@contextmanager
def two_nodes(**node: Any) -> Iterator[Cluster]:
    """A head and a node, both as Ray's `add_node` takes them, that end with the block."""
    started = Cluster(initialize_head=True, head_node_args=node | {"include_dashboard": False})
    try:
        started.add_node(**node)
        yield started
    finally:
        started.shutdown()
