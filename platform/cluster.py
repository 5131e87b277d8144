"""Joining the Ray cluster that a run uses, and leaving it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray

from platform.config import ResourceConfig


@contextmanager
def ray_session(resources: ResourceConfig) -> Iterator[None]:
    """The given cluster, else the one this process is a job of, else a local Ray that ends with the run."""
    address = resources.address or os.environ.get("RAY_ADDRESS")
    options: dict[str, Any] = {"address": address} if address else _local(resources)
    ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)
    try:
        yield
    finally:
        ray.shutdown()


def _local(resources: ResourceConfig) -> dict[str, Any]:
    options: dict[str, Any] = {"address": "local", "include_dashboard": False, "num_cpus": resources.cpus}
    if resources.object_store_mib is not None:
        options["object_store_memory"] = resources.object_store_mib << 20
    return options
