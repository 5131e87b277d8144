"""The joint search as a stage, on real Ray actors, from weights that nobody trained."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

import pytest
import torch
from rich.console import Console

from platform.config.recipes import tiny_video
from platform.config.run import RunConfig
from platform.config.sections.data import DataConfig
from platform.config.sections.search import AllocationConfig
from platform.config.sections.temporal import TemporalConfig
from platform.latencies.table import LatencyTable
from platform.results.store import Row
from platform.run.cluster import ray_session
from platform.run.context import Run
from platform.run.folder import open_run_folder
from platform.run.tracked import open_tracking
from platform.stages import report
from platform.stages.temporal import search as temporal_search
from platform.terminal.errors import ConfigError
from spaces.errors import ConstraintError
from spaces.initialise import initialise
from spaces.registry import build_space
from spaces.temporal.allocation import Allocation
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.average import average
from spaces.temporal.temporal_space import TemporalSpace
from workers.data.skeleton import POSETRACK17
from workers.data.synthetic.config import SyntheticConfig
from workers.data.synthetic.dataset import write_synthetic_dataset
from workers.errors import DataError
from workers.video.networks import VideoNetworks
from workers.weights.allocation import load_allocation
from workers.weights.safetensors import save_network
from workers.weights.temporal_supernet import save_temporal_supernet

INPUT_HW = (64, 64)
SPATIAL = build_space("mobilenetv3-small", 17, INPUT_HW)
SEARCH = AllocationConfig(trials=5, sampler="prefix", max_gmacs=0.01, recalibration_clips=4, batch_size=8)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = SyntheticConfig(clips=4, frames_per_clip=4, people_per_clip=2, validation_fraction=0.5)
    return write_synthetic_dataset(tmp_path_factory.mktemp("clips") / "data", config)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, data: Path) -> RunConfig:
    storage = tmp_path_factory.mktemp("runs")
    return replace(
        tiny_video(), storage=storage, stages=("temporal_search",), data=DataConfig(root=data),
        temporal=TemporalConfig(root=data / "posetrack18", search=SEARCH),
    )  # fmt: skip


@pytest.fixture(scope="module")
def done(config: RunConfig) -> Iterator[Run]:
    """A search that was interrupted after two of its five trials, and went on."""
    with ray_session(config.resources):
        begun = replace(config, temporal=replace(config.temporal, search=replace(SEARCH, trials=2)))
        context = context_of(begun)
        write_weights(context)
        temporal_search.run(context)
        assert len(rows(context)) == 2
        context = context_of(config)
        temporal_search.run(context)
        yield context


def context_of(config: RunConfig) -> Run:
    folder = open_run_folder(config)
    console = Console(file=io.StringIO(), width=100)
    return Run(config, folder, open_tracking(config, folder), console)


def write_weights(context: Run) -> None:
    key_frame = SPATIAL.biggest()
    network = initialise(SPATIAL.network(key_frame), seed=2, sigma=0.2)
    save_network(context.folder.finetuned, network, SPATIAL, key_frame, POSETRACK17.names)
    space = TemporalSpace(SPATIAL, key_frame)
    weights = initialise(space.supernet(), seed=1, sigma=0.2).state_dict()
    save_temporal_supernet(context.folder.temporal_supernet, weights, space, POSETRACK17.names, 3)


def rows(context: Run) -> list[Row]:
    return context.folder.trials.rows("temporal_search")


def shared_prefix(one: Allocation, other: Allocation) -> int:
    pairs = zip(one.frames, other.frames, strict=True)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def printed(context: Run) -> str:
    file = context.console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def test_every_trial_is_a_row_with_its_averages_and_the_ap_of_each_frame(done: Run) -> None:
    found = rows(done)
    assert [row["trial"] for row in found] == list(range(5))
    assert len({row["key"] for row in found}) == 5
    for row in found:
        assert row["status"] == "finished", row["error"]
        aps = json.loads(row["frame_aps"])
        assert len(aps) == 4
        assert row["ap"] == pytest.approx(sum(aps[1:]) / 3)
        assert row["gmacs"] <= SEARCH.max_gmacs
        assert row["macs"] == pytest.approx(row["gmacs"] * 1e9, abs=1)
        assert row["people"] == 16
    allocations = [Allocation.from_json(row["architecture"]) for row in found]
    for one, row in zip(allocations, found, strict=True):  # two slots: any other may have come before it
        shared = max(shared_prefix(one, other) for other in allocations if other is not one)
        assert row["cached_frames"] <= shared


def test_the_best_is_written_with_networks_that_predict(done: Run) -> None:
    best = max(rows(done), key=lambda row: (row["ap"], -row["gmacs"]))
    found = json.loads(done.folder.allocation.read_text())
    assert found["key"] == best["key"]
    assert [frame["frame"] for frame in found["frames"]] == [0, 1, 2, 3]
    average = sum(frame["gmacs"] for frame in found["frames"]) / 4
    assert average == pytest.approx(best["gmacs"])
    trained = load_allocation(done.folder.allocation_networks)
    assert trained.allocation.to_json() == best["architecture"]
    networks = VideoNetworks.of(trained)
    heatmaps = networks.key_frame(torch.rand(1, 3, *INPUT_HW))
    for network in networks.frames:
        heatmaps = network(torch.rand(1, 3, *INPUT_HW), heatmaps)
        assert heatmaps.shape == (1, 17, 16, 16)


def test_the_report_prints_and_draws_the_allocation_frame_by_frame_and_the_front(done: Run) -> None:
    again = context_of(done.config)
    report.run(again)
    for word in ("key frame", "t+1", "t+3", "head", "GMACs", "on average"):
        assert word in printed(again)
    for name in ("allocation.png", "pareto_allocations.png"):
        assert (done.folder.path / name).read_bytes().startswith(b"\x89PNG")


def test_a_search_that_is_done_says_what_it_found_and_evaluates_nothing(done: Run) -> None:
    again = context_of(done.config)
    before = rows(again)
    temporal_search.run(again)
    assert "temporal_search: done before, 5 trials" in printed(again)
    assert f"temporal_search: allocation {rows(again)[0]['key'][:3]}" in printed(again)
    assert rows(again) == before


def test_trials_of_another_t_supernet_are_not_mixed_with(done: Run) -> None:
    context = context_of(replace(done.config, temporal=replace(
        done.config.temporal, search=replace(SEARCH, trials=6))))  # fmt: skip
    kept = context.folder.temporal_supernet.read_bytes()
    space = TemporalSpace(SPATIAL, SPATIAL.biggest())
    other = initialise(space.supernet(), seed=7, sigma=0.2).state_dict()
    save_temporal_supernet(context.folder.temporal_supernet, other, space, POSETRACK17.names, 3)
    with pytest.raises(DataError, match="scored with another T supernet"):
        temporal_search.run(context)
    context.folder.temporal_supernet.write_bytes(kept)


def test_what_another_run_knows_is_taken_over_and_only_what_is_new_is_evaluated(done: Run) -> None:
    """Nothing is in the new run's folder: T supernet and key frame's network come from the other one."""
    temporal = replace(done.config.temporal, search=replace(SEARCH, trials=1))
    config = replace(done.config, name="warm", temporal=temporal, warm_start=(done.folder.path,))
    context = context_of(config)
    temporal_search.run(context)

    known, found = rows(done), rows(context)
    assert [row["trial"] for row in found] == [-5, -4, -3, -2, -1, 0]
    assert [row["origin"] for row in found] == [*(f"tiny-video#{n}" for n in (4, 3, 2, 1, 0)), None]
    assert [row["ap"] for row in found[:5]] == [row["ap"] for row in reversed(known)]
    assert found[-1]["key"] not in {row["key"] for row in known}
    assert found[-1]["evaluation"] == known[0]["evaluation"]
    best = max(found, key=lambda row: (row["ap"], -row["gmacs"]))
    assert json.loads(context.folder.allocation.read_text())["key"] == best["key"]
    assert "5 trials of other runs are taken over" in printed(context)

    training = replace(config, name="trains", stages=("temporal_train", "temporal_search"))
    with pytest.raises(DataError, match=r"temporal_supernet\.safetensors is no file"):
        temporal_search.run(context_of(training))  # its own comes from the stage before


def test_every_frame_is_timed_and_its_trial_has_the_average(done: Run) -> None:
    quick = AllocationConfig(trials=3, max_latency_ms=1000, recalibration_clips=4, batch_size=8)
    temporal = replace(done.config.temporal, search=quick, frames=2)
    config = replace(done.config, name="quick", temporal=temporal)
    context = context_of(config)
    write_weights(context)
    temporal_search.run(context)

    found, table = rows(context), LatencyTable(context.folder.frame_latency_table)
    assert [row["status"] for row in found] == ["finished"] * 3
    for row in found:
        allocation = Allocation.from_json(row["architecture"])
        frames = [Allocation(allocation.space, (frame,)).key for frame in allocation.frames]
        whole_ms = sum(table[key]["median_ms"] for key in (SPATIAL.biggest().key, *frames))
        assert 0 < row["latency_ms"] == pytest.approx(whole_ms / 3)
        assert row["predicted_latency_ms"] is None
        assert row["constraint"] == "at most 1000 ms on average"

    report.run(context)
    front = context.folder.path / "pareto_allocations_latency.png"
    assert front.read_bytes().startswith(b"\x89PNG")


def test_a_bound_on_time_that_cannot_be_kept_or_measured_is_refused(done: Run) -> None:
    resources = done.config.resources
    for name, max_latency_ms, cpus_per_slot, error, says in (
        ("slow", 0.01, 1, ConstraintError, r"0\.01 ms over 4 frames must leave something beside"),
        ("busy", 1000, 2, ConfigError, r"needs 3 CPUs, 1 of them to measure on, but Ray has 2"),
    ):
        search = replace(SEARCH, max_latency_ms=max_latency_ms)
        config = replace(
            done.config, name=name, resources=replace(resources, cpus_per_slot=cpus_per_slot),
            temporal=replace(done.config.temporal, search=search),
        )  # fmt: skip
        context = context_of(config)
        write_weights(context)
        with pytest.raises(error, match=says):
            temporal_search.run(context)


def test_what_cannot_work_is_said_before_anything_is_evaluated(config: RunConfig) -> None:
    tight = replace(config.temporal, search=replace(SEARCH, max_gmacs=0.001))
    context = context_of(replace(config, name="tight", temporal=tight))
    with pytest.raises(DataError, match=r"temporal_supernet\.safetensors is no file\. Run the stage"):
        temporal_search.run(context)
    write_weights(context)
    space = AllocationSpace(TemporalSpace(SPATIAL, SPATIAL.biggest()), 3)
    smallest = average(space, space.smallest()).gmacs
    with pytest.raises(ConstraintError) as refused:
        temporal_search.run(context)
    said = re.fullmatch(
        r"no allocation over 3 frames of space 't-mobilenetv3-small' has at most 0\.001 GMACs on average; "
        r"its smallest has ([\d.]+)\. Raise temporal\.search\.max-gmacs\.", str(refused.value),
    )  # fmt: skip
    assert said is not None
    assert smallest <= float(said[1]) < smallest * 1.001
    other = SPATIAL.smallest()
    save_network(context.folder.finetuned, SPATIAL.network(other), SPATIAL, other, POSETRACK17.names)
    with pytest.raises(DataError, match="T supernet was trained below"):
        temporal_search.run(context)
