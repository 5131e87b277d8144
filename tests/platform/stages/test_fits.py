"""What a run asks of processors and GPUs, held against nodes as Ray lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from platform.config.recipes import recipe
from platform.config.run import RunConfig
from platform.config.sections.resources import ResourceConfig
from platform.stages.fits import check_nodes, needs_of
from platform.terminal.errors import ConfigError


def node(alive: bool = True, **resources: float) -> Mapping[str, Any]:
    return {"Alive": alive, "Resources": resources}


def wanting(stages: tuple[Any, ...] = ("spatial_train", "spatial_search"), **resources: Any) -> RunConfig:
    return replace(recipe("coco-mbv3"), stages=stages, resources=ResourceConfig(**resources))


def looked_at(
    config: RunConfig, *nodes: Mapping[str, Any], most: Mapping[str, float] | None = None
) -> list[str]:
    """What a person is told to wait for."""
    said: list[str] = []
    check_nodes(list(nodes), list(needs_of(config)), most, said.append, "the cluster")
    return said


def test_a_worker_never_spans_two_nodes() -> None:
    config = wanting(train_workers=2, cpus_per_train_worker=3)
    with pytest.raises(ConfigError, match=r"train-workers needs 2 x 3 CPUs, but the cluster has 4 CPUs"):
        looked_at(config, node(CPU=4.0), node(CPU=2.0))
    assert looked_at(config, node(CPU=4.0), node(CPU=3.0)) == []


def test_a_dead_node_and_one_without_gpus_do_not_count() -> None:
    config = wanting(train_workers=1, gpus_per_train_worker=1)
    with pytest.raises(
        ConfigError, match=r"1 x 1 CPU and 1 GPU, but the cluster has 8 CPUs and 0 GPUs\. Give"
    ):
        looked_at(config, node(CPU=8.0), node(alive=False, CPU=8.0, GPU=1.0))


def test_where_an_autoscaler_may_bring_nodes_it_is_said_for_what_the_run_waits() -> None:
    config = wanting(train_workers=8, gpus_per_train_worker=1)
    most = {"CPU": 64.0, "GPU": 8.0}
    (said,) = looked_at(config, node(CPU=2.0), most=most)
    assert "8 x 1 CPU and 1 GPU (resources.train-workers) are not there yet; waits for the auto" in said
    with pytest.raises(ConfigError, match="but the cluster has 2 CPUs"):
        looked_at(config, node(CPU=2.0), most={"CPU": 64.0, "GPU": 4.0})


def test_two_numbers_of_workers_need_the_least() -> None:
    assert looked_at(wanting(train_workers=(2, 8)), node(CPU=2.0)) == []


def test_a_run_without_trainings_and_searches_needs_nothing() -> None:
    assert list(needs_of(wanting(("data", "report")))) == []
