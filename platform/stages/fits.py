"""Whether the processors and GPUs that a run asks for are there: Ray would wait for them without a word."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, final

import ray
import torch
from ray._private.state import state as cluster_state  # what Ray Data asks, too; there is no public way
from ray._private.utils import get_num_cpus  # what ray.init counts by itself

from platform.config.run import RunConfig
from platform.config.sections.resources import ResourceConfig
from platform.config.stage_names import StageName
from platform.run.cluster import ray_session
from platform.terminal.errors import ConfigError
from platform.trials.slots import Resources, capacity

TRAININGS: frozenset[StageName] = frozenset(
    {"spatial_train", "spatial_retrain", "spatial_finetune", "temporal_train", "temporal_retrain"}
)
WITH_SLOTS: frozenset[StageName] = frozenset(
    {"spatial_search", "spatial_retrain", "spatial_finetune", "temporal_search", "temporal_retrain"}
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A number of processes at a time, and what each of them takes of one node."""

    field: str
    count: int
    each: Resources
    advice: str

    def __str__(self) -> str:
        return f"{self.count} x {_said(self.each)} ({self.field})"

    @property
    def total(self) -> Resources:
        return {name: self.count * amount for name, amount in self.each.items()}


def check_fits(config: RunConfig, say: Callable[[str], None]) -> None:
    """ConfigError, with what is there, where a stage could never begin; `say` hears what is waited for.

    It waits where the autoscaler of a joined cluster may bring the nodes. A cluster is joined for the look.
    """
    wanted = list(needs_of(config))
    if not wanted:
        return
    if not (config.resources.address or os.environ.get("RAY_ADDRESS")):
        check_nodes([_local(config.resources)], wanted, None, say, "the local Ray")
        return
    with ray_session(config.resources):
        most = cluster_state.get_max_resources_from_cluster_config()
        check_nodes(ray.nodes(), wanted, most, say, "the cluster")


def check_nodes(
    nodes: list[Mapping[str, Any]], wanted: list[Need], most: Resources | None, say: Callable[[str], None],
    where: str,
) -> None:  # fmt: skip
    """Holds each need against the nodes as Ray lists them, and against the `most` an autoscaler may bring."""
    for need in wanted:
        if capacity(nodes, need.each) >= need.count:
            continue
        has = " and ".join(_said(_counted(node["Resources"])) for node in nodes if node["Alive"])
        if most and all(most.get(name, 0) >= amount for name, amount in need.total.items()):
            say(f"resources: {need} are not there yet; waits for the autoscaler's nodes beside {has}")
            continue
        raise ConfigError(
            f"{need.field} needs {need.count} x {_said(need.each)}, but {where} has {has}. {need.advice}"
        )


def needs_of(config: RunConfig) -> Iterator[Need]:
    """What the stages of the run ask for at the least."""
    resources, stages = config.resources, set(config.stages)
    if TRAININGS & stages:
        yield Need(
            field="resources.train-workers", count=resources.least_train_workers,
            each=_each(resources.cpus_per_train_worker, resources.gpus_per_train_worker),
            advice="Give a smaller --resources.train-workers, --resources.cpus-per-train-worker or "
            "--resources.gpus-per-train-worker.",
        )  # fmt: skip
    if WITH_SLOTS & stages:
        yield Need(
            field="resources.slots", count=1, each=_each(resources.cpus_per_slot, resources.gpus_per_slot),
            advice="Give a smaller --resources.cpus-per-slot or --resources.gpus-per-slot.",
        )  # fmt: skip


def _each(cpus: float, gpus: float) -> Resources:
    return {"CPU": cpus, "GPU": gpus} if gpus else {"CPU": cpus}


def _local(resources: ResourceConfig) -> Mapping[str, Any]:
    """The machine of this process, as Ray would list it."""
    cpus = resources.cpus or get_num_cpus()
    return {"Alive": True, "Resources": {"CPU": cpus, "GPU": torch.cuda.device_count()}}


def _counted(resources: Resources) -> Resources:
    return {name: resources.get(name, 0) for name in ("CPU", "GPU")}


def _said(resources: Resources) -> str:
    return " and ".join(
        f"{amount:g} {name}{'' if amount == 1 else 's'}" for name, amount in resources.items()
    )
