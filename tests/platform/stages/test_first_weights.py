"""Trainings that begin with a file's weights: what they begin with and say, and what is read no more."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from torch import Tensor, nn

from platform.config.own_file import read_own
from platform.config.recipes import tiny, tiny_video
from platform.config.run import RunConfig
from platform.run.context import Run
from platform.run.folder import open_run_folder
from platform.run.taken_supernets import take_supernet
from platform.stages.first_weights import begin_allocation, begin_network, begin_supernet, begin_temporal
from platform.stages.preflight import check
from platform.terminal.errors import ConfigError
from platform.terminal.paths import absolute
from spaces.extract import extract
from spaces.initialise import initialise
from spaces.registry import build_space
from spaces.temporal.allocation_space import AllocationSpace
from tests.workers.weights.filling import fill
from workers.data.coco import read_people
from workers.data.skeleton import COCO17, POSETRACK17
from workers.errors import DataError
from workers.training.checkpoints import CheckpointStore
from workers.training.parallel.ranks import Ranks
from workers.training.tasks.network import NetworkTraining, Start
from workers.training.tasks.supernet import SupernetTraining
from workers.weights.allocation import TrainedAllocation, save_allocation
from workers.weights.key_frame import KeyFrame
from workers.weights.released import to_released, write_checkpoint
from workers.weights.safetensors import save_network, save_weights
from workers.weights.temporal_supernet import save_temporal_supernet

SPACE = build_space("mobilenetv3-small", 17, (64, 64))
SMALLEST = SPACE.smallest()


def run_of(config: RunConfig) -> Run:
    """A run of which nothing is tracked."""
    return Run(config, open_run_folder(config), None, Console(file=io.StringIO()))  # type: ignore[arg-type]


def said(run: Run) -> str:
    file = run.console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def with_init(storage: Path, path: Path, **fields: Any) -> RunConfig:
    config = replace(tiny(), storage=storage, **fields)
    return replace(config, train=replace(config.train, init=path))


@pytest.fixture
def network() -> nn.Module:
    return fill(SPACE.network(SMALLEST))


@pytest.fixture
def ours(network: nn.Module, tmp_path: Path) -> Path:
    save_network(tmp_path / "network.safetensors", network, SPACE, SMALLEST, COCO17.names)
    return tmp_path / "network.safetensors"


def assert_begins(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert {name for name, tensor in expected.items() if not torch.equal(found[name], tensor)} == set()


def test_a_network_begins_with_exactly_the_weights_of_its_file(
    ours: Path, network: nn.Module, tmp_path: Path, synthetic_root: Path
) -> None:
    config = replace(tiny(), storage=tmp_path)
    run = run_of(replace(config, retrain=replace(config.retrain, init=ours)))
    weights = begin_network(run, "spatial_retrain", SPACE, SMALLEST, COCO17.names)

    people, task = read_people(synthetic_root, "train2017"), run.spatial_task()
    training = NetworkTraining(task, people, Start(architecture=SMALLEST, weights=weights), Ranks())

    assert_begins(training.network.state_dict(), network.state_dict())
    total = sum(not name.endswith("tracked") for name in network.state_dict())
    assert said(run) == f"spatial_retrain: init: {total} of {total} tensors loaded from {ours}\n"
    assert task.train.init is None  # a worker of another machine has no such file


def test_a_supernets_slice_is_the_network_that_it_began_with(
    network: nn.Module, tmp_path: Path, synthetic_root: Path
) -> None:
    write_checkpoint(tmp_path / "theirs.pth", to_released(network, SMALLEST))
    run = run_of(with_init(tmp_path, tmp_path / "theirs.pth"))
    weights = begin_supernet(run, "spatial_train", SPACE, COCO17.names)

    people, task = read_people(synthetic_root, "train2017"), run.spatial_task()
    training = SupernetTraining(task, people, Ranks(), weights=weights)
    fresh = initialise(SPACE.supernet(), task.seed, task.train.init_sigma).state_dict()

    sliced = extract(SPACE, training.network, SMALLEST).state_dict()
    learnt = {name: each for name, each in network.state_dict().items() if not name.endswith("tracked")}
    assert_begins(sliced, learnt)
    rest = {name: tensor for name, tensor in fresh.items() if name.startswith("stages.3.2.")}
    assert rest
    assert_begins(dict(training.network.state_dict()), rest)
    assert " tensors loaded from " in said(run)


def test_joints_of_other_data_are_moved_by_name_and_said(ours: Path, tmp_path: Path) -> None:
    run = run_of(with_init(tmp_path, ours))
    weights = begin_supernet(run, "spatial_train", SPACE, POSETRACK17.names)
    assert weights is not None
    assert f"the heatmaps of {ours} go to the joints of their names" in said(run)


def test_a_continued_training_reads_the_file_no_more_and_it_may_be_gone(ours: Path, tmp_path: Path) -> None:
    config = with_init(tmp_path, ours)
    run = run_of(config)
    assert begin_supernet(run, "spatial_train", SPACE, COCO17.names) is not None
    CheckpointStore(run.checkpoints_uri("spatial_train"), keep=1).save(1, {"step": 1}, {})
    ours.unlink()

    check(config)
    again = run_of(config)
    assert begin_supernet(again, "spatial_train", SPACE, COCO17.names) is None
    assert said(again) == ""

    (tmp_path / "tiny" / "checkpoints" / "spatial_train" / "step-000000001.pt").write_bytes(b"torn")
    with pytest.raises(ConfigError, match=r"begins with the weights in .*, but it is no file"):
        begin_supernet(again, "spatial_train", SPACE, COCO17.names)


def test_a_run_goes_on_with_the_same_content_wherever_it_lies_and_with_no_other(
    ours: Path, network: nn.Module, tmp_path: Path
) -> None:
    config = with_init(tmp_path, ours)
    folder = open_run_folder(config)
    recorded = json.loads(folder.environment.read_text())["first_weights"]
    assert recorded == folder.first_weights
    assert set(recorded) == {"train.init"}

    moved = ours.rename(tmp_path / "moved.safetensors")
    open_run_folder(with_init(tmp_path, moved))
    assert read_own(folder.path).train.init == moved

    with torch.no_grad():
        next(network.parameters()).add_(1)
    save_network(moved, network, SPACE, SMALLEST, COCO17.names)
    digest = recorded["train.init"][:12]
    for other, says in (
        (with_init(tmp_path, moved), f"{digest} -> "),
        (replace(tiny(), storage=tmp_path), "> none"),
    ):
        with pytest.raises(ConfigError, match=rf"other first weights \(train\.init: .*{says}"):
            open_run_folder(other)


def test_a_supernet_of_another_run_is_taken_where_both_began_alike(ours: Path, tmp_path: Path) -> None:
    first = open_run_folder(with_init(tmp_path, ours, name="first"))
    save_weights(first.supernet, {"a": torch.ones(1)}, {})
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(ours.read_bytes())
    taken = {
        name: take_supernet(run_of(replace(config, name=name, warm_start=(first.path,))))
        for name, config in {
            "alike": with_init(tmp_path, copy), "new": replace(tiny(), storage=tmp_path),
        }.items()
    }  # fmt: skip
    assert taken == {"alike": first.path, "new": None}


def test_a_path_is_absolute_from_where_it_is_typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    config = absolute(with_init(Path("runs"), Path("a.pth")))
    assert config.train.init == tmp_path / "a.pth"


KEY_FRAME = KeyFrame(
    architecture=SPACE.biggest(), input_hw=(64, 64), joints=POSETRACK17.names,
    weights=fill(SPACE.network(SPACE.biggest())).state_dict(),
)  # fmt: skip


def temporal(storage: Path, **fields: Any) -> RunConfig:
    config = replace(tiny_video(), storage=storage)
    return replace(config, temporal=replace(config.temporal, **fields))


def test_a_t_supernet_begins_with_another_ones_weights(tmp_path: Path) -> None:
    space, path = KEY_FRAME.temporal(), tmp_path / "t.safetensors"
    trained = fill(space.supernet(), seed=4).state_dict()
    save_temporal_supernet(path, trained, space, POSETRACK17.names, 3)
    config = temporal(tmp_path, init=path)
    check(config)
    run = run_of(config)
    weights = begin_temporal(run, "temporal_train", KEY_FRAME, space.operations)
    assert weights is not None
    assert_begins(weights, trained)

    other = replace(KEY_FRAME, joints=COCO17.names)
    with pytest.raises(DataError, match="must be for the data's joints nose, left_eye"):
        begin_temporal(run, "temporal_train", other, space.operations)


def allocation(seed: int, frames: int) -> TrainedAllocation:
    space = AllocationSpace(KEY_FRAME.temporal(), 3)
    cut = replace(space.biggest(), frames=space.biggest().frames[:frames])
    weights = tuple(
        fill(space.temporal.network(choice), seed + frame).state_dict()
        for frame, choice in enumerate(cut.frames)
    )
    return TrainedAllocation(key_frame=KEY_FRAME, allocation=cut, weights=weights)


def test_frames_of_an_allocation_begin_with_those_of_their_number(tmp_path: Path) -> None:
    path, given, found = tmp_path / "a.safetensors", allocation(10, frames=1), allocation(20, frames=2)
    save_allocation(path, given)
    config = temporal(tmp_path)
    retrain = replace(config.temporal.retrain, init=path)
    config = temporal(tmp_path, retrain=retrain)
    check(config)
    run = run_of(config)
    begun = begin_allocation(run, "temporal_retrain", found)
    assert_begins(dict(begun.weights[0]), dict(given.weights[0]))
    assert_begins(dict(begun.weights[1]), dict(found.weights[1]))
    assert "not in it: frame2." in said(run)
