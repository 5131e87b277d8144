"""A run's folder with all that both levels leave, made without a search or a training."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from platform.config.recipes import tiny_video
from platform.config.run import RunConfig
from platform.latencies.table import LatencyTable
from platform.results.store import Row, write_rows
from platform.run.folder import RunFolder, open_run_folder, write_text
from platform.stages.temporal.found import found_allocation
from platform.tracking.outbox import Outbox
from spaces.architecture import Architecture
from spaces.initialise import initialise
from spaces.registry import build_space
from spaces.temporal.allocation import Allocation
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.temporal_space import TemporalSpace
from tests.platform.trial_rows import trial_row
from workers.data.skeleton import COCO17, POSETRACK17
from workers.latency.measure import Setting
from workers.latency.predictor import train_predictor
from workers.weights.allocation import TrainedAllocation, save_allocation
from workers.weights.key_frame import KeyFrame
from workers.weights.safetensors import save_network, save_weights
from workers.weights.temporal_supernet import save_temporal_supernet

SPACE = build_space("mobilenetv3-small", 17, (64, 64))
TEMPORAL = TemporalSpace(SPACE, SPACE.smallest())
ALLOCATIONS = AllocationSpace(TEMPORAL, 3)
SETTING = Setting(space=SPACE.name, keypoints=17, input_hw=(64, 64), runtime="torch", threads=1)
TRIALS = 4


class Untracked:
    """Takes what a stage tells of itself, where no server is under test."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


def whole_run(storage: Path, data: Path, name: str = "whole") -> RunFolder:
    """A run on the synthetic data set `data` whose every file can be read; its figures mean nothing."""
    folder = open_run_folder(config_of(storage, data, name))
    _write_spatial(folder, name)
    _write_temporal(folder, name)
    _write_latencies(folder)
    Outbox(folder.outbox).add("tag", name="a", value="b")
    folder.journal.write_text("")
    return folder


def config_of(storage: Path, data: Path, name: str = "whole") -> RunConfig:
    base = tiny_video()
    return replace(
        base, name=name, storage=storage, stages=("report",), data=replace(base.data, root=data),
        finetune=replace(base.finetune, root=data / "posetrack18"),
        search=replace(base.search, trials=TRIALS),
        temporal=replace(base.temporal, search=replace(base.temporal.search, trials=TRIALS)),
    )  # fmt: skip


def subnets(name: str, count: int = TRIALS) -> list[Row]:
    rng = np.random.default_rng(0)
    return [_subnet_row(name, trial, SPACE.sample(rng)) for trial in range(count)]


def _subnet_row(name: str, trial: int, architecture: Architecture) -> Row:
    cost = SPACE.cost(architecture)
    return trial_row(
        trial, run=name, key=architecture.key, architecture=architecture.to_json(), space=SPACE.name,
        gmacs=cost.gmacs, macs=cost.macs, params=cost.params, ap=0.1 + 0.1 * trial,
    )  # fmt: skip


def _write_spatial(folder: RunFolder, name: str) -> None:
    rows, smallest = subnets(name), SPACE.smallest()
    for row in rows:
        folder.trials.append(row)
    write_rows(folder.warm_start("spatial_search"), rows[:1])
    best = {key: rows[-1][key] for key in ("key", "gmacs", "params", "ap", "ar", "architecture")}
    write_text(folder.best, json.dumps(best | {"ap_untrained": 0.0}, indent=2))
    supernet = initialise(SPACE.supernet(), seed=0, sigma=0.1)
    save_weights(folder.supernet, supernet.state_dict(), {"space": SPACE.name, "keypoints": "17"})
    network = initialise(SPACE.network(smallest), seed=0, sigma=0.1)
    save_network(folder.network, network, SPACE, smallest, COCO17.names)
    save_network(folder.finetuned, network, SPACE, smallest, POSETRACK17.names)
    for path in (folder.network, folder.finetuned):
        write_text(path.with_suffix(".json"), json.dumps({"key": best["key"], "ap": 0.5}))


def _write_temporal(folder: RunFolder, name: str) -> None:
    rng = np.random.default_rng(0)
    rows = [_allocation_row(name, trial, ALLOCATIONS.sample(rng)) for trial in range(TRIALS)]
    for row in rows:
        folder.trials.append(row)
    best = rows[-1]
    allocation = Allocation.from_json(best["architecture"])
    network = initialise(SPACE.network(SPACE.smallest()), seed=0, sigma=0.1)
    key_frame = KeyFrame(
        architecture=SPACE.smallest(), input_hw=(64, 64), joints=POSETRACK17.names,
        weights=network.state_dict(),
    )  # fmt: skip
    weights = tuple(
        initialise(TEMPORAL.network(choice), seed=1, sigma=0.1).state_dict() for choice in allocation.frames
    )
    supernet = initialise(TEMPORAL.supernet(), seed=0, sigma=0.1).state_dict()
    save_temporal_supernet(folder.temporal_supernet, supernet, TEMPORAL, POSETRACK17.names, 3)
    trained = TrainedAllocation(key_frame=key_frame, allocation=allocation, weights=weights)
    for path in (folder.allocation_networks, folder.retrained_networks):
        save_allocation(path, trained)
        write_text(path.with_suffix(".json"), json.dumps(found_allocation(ALLOCATIONS, best), indent=2))


def _allocation_row(name: str, trial: int, allocation: Allocation) -> Row:
    return trial_row(
        trial, run=name, stage="temporal_search", key=allocation.key, architecture=allocation.to_json(),
        space=ALLOCATIONS.name, gmacs=0.01 + 0.01 * trial, ap=0.1 + 0.1 * trial, ap_all=0.5,
        frame_aps="[0.5, 0.4, 0.3, 0.2]",
    )  # fmt: skip


def _write_latencies(folder: RunFolder) -> None:
    rng = np.random.default_rng(1)
    samples = [(SPACE.sample(rng), 1.0 + number) for number in range(12)]
    train_predictor(SPACE, SETTING, "cpu", samples).save(folder.latency_predictor)
    for table in (LatencyTable(folder.latency_table), LatencyTable(folder.frame_latency_table)):
        table.put(_measured(samples[0][0]))


def _measured(architecture: Architecture) -> dict[str, Any]:
    return {
        "key": architecture.key, "architecture": architecture.to_json(), "space": SPACE.name,
        "keypoints": 17, "input_hw": "64x64", "median_ms": 1.0, "p10_ms": 1.0, "p90_ms": 1.0,
        "control_ms": 1.0, "quiet_ms": 1.0, "control_ratio": 1.0, "runs": 5, "steady": True,
        "runtime": "torch", "runtime_version": "2", "threads": 1, "cpu": "cpu", "cores": [0], "node": "here",
    }  # fmt: skip
