"""Ray actors that measure latency, each on cores of its own, and what must hold for what they measure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, final

import ray
from ray.util import ActorPool

from platform.config.sections.resources import ResourceConfig
from platform.terminal.errors import ConfigError
from spaces.architecture import Architecture
from spaces.temporal.allocation import Allocation
from workers.errors import DataError
from workers.latency.measure import Setting
from workers.latency.on_ray import LatencyMeter
from workers.latency.steadiness import Steadiness

DEATHS = 2  # of an actor that one measurement survives

Timeable = Architecture | Allocation  # an allocation over one frame stands for that frame's network


@final
class Meters:
    """Usable in a `with`, which gives the cores back at its end."""

    def __init__(
        self, setting: Setting, policy: Steadiness, count: int = 1, resource: str | None = None
    ) -> None:
        # `resource` may be any node's label; so little of it is asked for that it never runs out.
        special = {} if resource is None else {resource: 1e-3}
        meter: Any = ray.remote(LatencyMeter).options(
            num_cpus=setting.threads, resources=special, scheduling_strategy="SPREAD",
            max_restarts=-1, max_task_retries=DEATHS,
        )  # fmt: skip
        self._actors = [meter.remote(setting, policy) for _ in range(count)]
        self._pool = ActorPool(self._actors)

    def measure(self, networks: Sequence[Timeable]) -> Iterator[dict[str, Any]]:
        """What `LatencyMeter` gives of each, in the order in which they are ready."""
        yield from self._pool.map_unordered(_begin, list(networks))

    def close(self) -> None:
        for actor in self._actors:
            ray.kill(actor)

    def __enter__(self) -> Meters:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _begin(meter: Any, network: Timeable) -> Any:
    method = meter.measure_frame if isinstance(network, Allocation) else meter.measure
    return method.remote(network.to_json())


def need_cores(resources: ResourceConfig, threads: int, asked: str, otherwise: str) -> None:
    """A core for measuring and one for a trial, or the search would wait for ever.

    ConfigError names what `asked` for it and what to do `otherwise`.
    """
    needed, there = threads + resources.cpus_per_slot, ray.cluster_resources().get("CPU", 0)
    if resources.address is None and there < needed:
        raise ConfigError(
            f"{asked} needs {needed} CPUs, {threads} of them to measure on, "
            f"but Ray has {there:g}. Give --resources.cpus {needed}, or {otherwise}."
        )


def one_processor(cpus: set[str]) -> str:
    """The only one; DataError where there are several."""
    if len(cpus) > 1:
        raise DataError(
            "latency must be measured on one kind of processor, but it came from "
            f"{' and '.join(sorted(cpus))}. Give --search.latency-resource, a Ray resource that only one "
            "kind of node has."
        )
    return cpus.pop()
