"""Joining the Ray cluster that a run uses, and leaving it."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import ray

from platform.config.sections.resources import ResourceConfig
from platform.terminal.ends import handlers_kept
from workers.threads import call_on

R = TypeVar("R")


@contextmanager
def ray_session(resources: ResourceConfig) -> Iterator[None]:
    """The given cluster, else the one this process is a job of, else a local Ray that ends with the run."""
    address = resources.address or os.environ.get("RAY_ADDRESS")
    options: dict[str, Any] = {"address": address} if address else _local(resources)
    try:
        with handlers_kept():
            ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)
        yield
    finally:
        ray.shutdown()


def in_a_slot(resources: ResourceConfig, function: Callable[..., R], *arguments: Any) -> R:
    """What the function, of a module that workers have, gives in a Ray task with a trial's cores and GPUs.

    It computes on as many threads as a trial.
    """
    task = ray.remote(call_on).options(num_cpus=resources.cpus_per_slot, num_gpus=resources.gpus_per_slot)
    result: R = ray.get(task.remote(resources.cpus_per_slot, function, *arguments))
    return result


def _local(resources: ResourceConfig) -> dict[str, Any]:
    options: dict[str, Any] = {"address": "local", "include_dashboard": False, "num_cpus": resources.cpus}
    if resources.object_store_mib is not None:
        options["object_store_memory"] = resources.object_store_mib << 20
    return options
