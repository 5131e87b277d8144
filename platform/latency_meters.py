"""Ray actors that measure latency, each on cores of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import ray
from ray.util import ActorPool

from spaces.architecture import Architecture
from workers.latency.measure import Setting
from workers.latency.on_ray import LatencyMeter
from workers.latency.steadiness import Steadiness

DEATHS = 2  # of an actor that one measurement survives


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

    def measure(self, architectures: Sequence[Architecture]) -> Iterator[dict[str, Any]]:
        """What `LatencyMeter.measure` gives of each, in the order in which they are ready."""
        texts = [architecture.to_json() for architecture in architectures]
        yield from self._pool.map_unordered(lambda actor, text: actor.measure.remote(text), texts)

    def close(self) -> None:
        for actor in self._actors:
            ray.kill(actor)

    def __enter__(self) -> Meters:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
