"""What the temporal level's training reads, refuses, and does not do twice; nothing here is trained."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from platform.config.recipes import tiny_video
from platform.config.run import RunConfig
from platform.config.sections.data import DataConfig
from platform.config.sections.temporal import TemporalConfig
from platform.config.sections.training import FinetuneConfig
from platform.run.context import Run
from platform.run.folder import RunFolder, open_run_folder
from platform.run.tracked import open_tracking
from platform.stages.preflight import check
from platform.stages.temporal import clips as temporal_level
from platform.stages.temporal import train as temporal_train
from platform.terminal.errors import ConfigError
from platform.tracking.sender import Tracking
from spaces.registry import build_space
from workers.data.skeleton import COCO17, POSETRACK17
from workers.errors import DataError
from workers.weights.safetensors import save_network

ContextOf = Callable[[RunConfig], Run]


@pytest.fixture
def config(tmp_path: Path, synthetic_root: Path) -> RunConfig:
    return replace(
        tiny_video(), storage=tmp_path, data=DataConfig(root=synthetic_root), stages=("temporal_train",),
        temporal=TemporalConfig(root=synthetic_root / "posetrack18", trained_frames=1),
    )  # fmt: skip


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracking]:
    """One for all: to make MLflow's database takes seconds."""
    config = replace(tiny_video(), storage=tmp_path_factory.mktemp("mlflow"))
    tracking = open_tracking(config, open_run_folder(config))
    yield tracking
    tracking.close(Console(file=io.StringIO()))


@pytest.fixture
def context_of(tracking: Tracking) -> ContextOf:
    return lambda config: Run(config, open_run_folder(config), tracking, Console(file=io.StringIO()))


def write_network(path: Path, input_hw: tuple[int, int] = (64, 64), keypoints: int = 17) -> None:
    space = build_space("mobilenetv3-small", keypoints, input_hw)
    save_network(path, space.network(space.smallest()), space, space.smallest(), COCO17.names)


def test_a_supernet_that_is_there_is_not_trained_again(config: RunConfig, context_of: ContextOf) -> None:
    context = context_of(config)
    context.folder.temporal_supernet.write_bytes(b"")
    temporal_train.run(context)
    file = context.console.file
    assert isinstance(file, io.StringIO)
    assert "temporal_train: done before" in file.getvalue()


def test_the_finetuned_network_is_the_key_frames_and_a_given_one_before_it(
    config: RunConfig, context_of: ContextOf
) -> None:
    context = context_of(config)
    write_network(context.folder.network)
    assert temporal_level.key_frame_path(context) == context.folder.network
    write_network(context.folder.finetuned)
    assert temporal_level.key_frame_path(context) == context.folder.finetuned
    given = context.folder.path / "given.safetensors"
    asked = replace(config, temporal=TemporalConfig(key_frame=given))
    other = Run(asked, context.folder, context.tracking, context.console)
    with pytest.raises(ConfigError, match=r"given\.safetensors is no file"):
        temporal_level.key_frame_path(other)
    write_network(given)
    assert temporal_level.key_frame_path(other) == given


def test_a_key_frames_network_gets_the_joints_of_the_clips(config: RunConfig, context_of: ContextOf) -> None:
    context = context_of(config)
    write_network(context.folder.network)
    found = temporal_level.key_frame(context, POSETRACK17.names)
    assert (found.joints, found.input_hw) == (POSETRACK17.names, config.space.input_hw)


def test_a_key_frames_network_for_other_crops_is_refused(config: RunConfig, context_of: ContextOf) -> None:
    context = context_of(config)
    write_network(context.folder.finetuned, input_hw=(128, 96))
    with pytest.raises(ConfigError, match=r"is for \(128, 96\)\. Give --space\.input-hw 128 96"):
        temporal_level.key_frame(context, POSETRACK17.names)


def test_a_stage_without_its_input_says_which_stage_makes_it(
    config: RunConfig, context_of: ContextOf
) -> None:
    with pytest.raises(ConfigError, match=r"finetuned\.safetensors is no file\. Run the stage spatial_fine"):
        temporal_train.run(context_of(config))
    undrawn = replace(config, name="undrawn", data=DataConfig(), temporal=TemporalConfig())
    context = context_of(undrawn)
    write_network(context.folder.finetuned)
    with pytest.raises(ConfigError, match=r"posetrack18 is none\. Give --temporal\.root .* stage data"):
        temporal_train.run(context)


def test_clips_longer_than_the_videos_are_refused(config: RunConfig, context_of: ContextOf) -> None:
    longer = replace(config, temporal=replace(config.temporal, trained_frames=3))
    context = context_of(longer)
    write_network(context.folder.finetuned)
    with pytest.raises(DataError, match="a clip needs 4 successive labelled frames"):
        temporal_train.run(context)


def test_without_fusion_there_are_no_operations(config: RunConfig, context_of: ContextOf) -> None:
    context = context_of(config)
    assert temporal_level.operations(context) == ("add", "mul", "cat")
    control = replace(config, temporal=replace(config.temporal, fusion=False))
    other = Run(control, context.folder, context.tracking, context.console)
    assert temporal_level.operations(other) == ()


def test_what_the_temporal_level_lacks_is_said_before_anything_starts(
    config: RunConfig, synthetic_root: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="temporal_train needs a key frame's network"):
        check(config)
    (config.storage / config.name).mkdir()
    write_network(RunFolder(config.storage / config.name).finetuned)
    check(config)
    with pytest.raises(ConfigError, match=r"temporal\.root must be a folder in PoseTrack18's layout"):
        check(replace(config, temporal=TemporalConfig()))
    with pytest.raises(ConfigError, match=r"temporal\.key-frame must be a file"):
        check(replace(config, temporal=replace(config.temporal, key_frame=tmp_path / "none")))
    with pytest.raises(DataError, match=r"annotations/test has no \*\.json"):
        check(replace(config, temporal=replace(config.temporal, val_split="test")))
    finetuned = FinetuneConfig(root=synthetic_root / "posetrack18")
    check(
        replace(config, temporal=TemporalConfig(trained_frames=1), finetune=finetuned)
    )  # its folder is taken


@pytest.mark.parametrize(
    ("field", "says"),
    [("trained_frames", r"temporal\.trained-frames must be at least 1"),
     ("frames", r"temporal\.frames must be at least 1"),
     ("batch_clips", r"temporal\.batch-clips must be at least resources\.train-workers \(2\), but it is 1")],
)  # fmt: skip
def test_numbers_that_cannot_be_are_refused(config: RunConfig, field: str, says: str) -> None:
    value: dict[str, Any] = {field: 1 if field == "batch_clips" else 0}
    with pytest.raises(ConfigError, match=says):
        replace(config, temporal=replace(config.temporal, **value))
