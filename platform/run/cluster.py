"""Joining the Ray cluster that a run uses, and leaving it."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

import ray
import ray.util

from platform.config.sections.resources import ResourceConfig
from platform.run.ray_messages import a_line_each
from platform.terminal.ends import handlers_kept
from platform.terminal.errors import ClusterError
from workers.threads import call_on

R = TypeVar("R")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
ANSWER_S = 10


@contextmanager
def ray_session(resources: ResourceConfig) -> Iterator[None]:
    """The given cluster, else the one this process is a job of, else a local Ray that ends with the run.

    Raises ClusterError where the cluster cannot be joined, or a local Ray cannot be started.
    """
    address = resources.address or os.environ.get("RAY_ADDRESS")
    with a_line_each():
        try:
            _join(resources, address)
            yield
        finally:
            ray.shutdown()


def _join(resources: ResourceConfig, address: str | None) -> None:
    options: dict[str, Any] = {"address": address} if address else _local(resources)
    if address:
        _check_answers(address)
    try:
        with handlers_kept():
            ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)
    except Exception as error:  # Ray has no class of its own for a node that does not come up
        what = f"join the cluster at {address}" if address else "start on this machine"
        raise ClusterError(
            f"Ray must {what}, but: {_first_line(error)} Try again when the machine has less to do, or look "
            "into Ray's session folder: its logs say more."
        ) from error


def _check_answers(address: str) -> None:
    """Ray itself waits for minutes for a host that does not answer."""
    place = urlsplit(address if "://" in address else f"//{address}")
    try:
        host, port = place.hostname, place.port
    except ValueError:  # no number: Ray says so
        return
    if host is None or port is None:  # such as auto
        return
    hosts = [host]
    if host in LOOPBACK:
        hosts.append(ray.util.get_node_ip_address())  # what Ray takes for it
    for each in hosts:
        try:
            socket.create_connection((each, port), ANSWER_S).close()
            return
        except OSError as error:
            refused = error
    raise ClusterError(
        f"--resources.address (or RAY_ADDRESS) must be that of a Ray cluster that answers, but {address} "
        f"does not: {refused}. Start one (ray start --head), or leave the address out."
    )


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return f"{lines[0].rstrip('.')}."


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
