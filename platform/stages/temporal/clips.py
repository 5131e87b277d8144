"""What the stages of the temporal level share: tracked people, clips, and the key frame's network."""

from __future__ import annotations

from pathlib import Path

from platform.run.context import Run
from platform.terminal.errors import ConfigError
from spaces.temporal.allocation import OPERATIONS, Operation
from workers.data.clips import Clips, disjoint_clips, evenly_spaced_clips
from workers.data.tracks import Tracks, read_tracks
from workers.training.tasks.clip_validation import ClipScoring
from workers.weights.key_frame import KeyFrame, read_key_frame


def tracks_root(context: Run) -> Path:
    """The folder of tracked people; ConfigError where there is none."""
    config = context.config
    root = context.posetrack_root(config.temporal.root or config.finetune.root)
    if not root.is_dir():
        raise ConfigError(
            f"clips are read from a folder in PoseTrack18's layout, but {root} is none. "
            "Give --temporal.root FOLDER, or run the stage data before, which makes one."
        )
    return root


def training_tracks(context: Run) -> Tracks:
    config = context.config
    return _tracks(context, config.temporal.train_split or config.finetune.train_split)


def validation_tracks(context: Run) -> Tracks:
    config = context.config
    return _tracks(context, config.temporal.val_split or config.finetune.val_split)


def _tracks(context: Run, split: str) -> Tracks:
    tracks = read_tracks(tracks_root(context), split)
    context.heed(tracks.people)
    return tracks


def clip_scoring(context: Run, training: Clips) -> ClipScoring:
    """The validation tracks, each cut into clips from key frame to key frame, scored as the search does."""
    search = context.config.temporal.search
    return ClipScoring(
        clips=disjoint_clips(validation_tracks(context), training.frames),
        recalibration=evenly_spaced_clips(training, search.recalibration_clips),
        batch_size=search.batch_size,
    )


def operations(context: Run) -> tuple[Operation, ...]:
    """The operations by which heatmaps may be fused; none in the control without fusion."""
    return OPERATIONS if context.config.temporal.fusion else ()


def key_frame_path(context: Run) -> Path:
    """S-ViPNet's weights; ConfigError, naming the stages that make them, where there are none."""
    path = context.config.temporal.key_frame or context.folder.single_network
    if path is not None and path.is_file():
        return path
    wanted = path or context.folder.finetuned
    raise ConfigError(
        f"the temporal level needs the key frame's network, but {wanted} is no file. Run the stage "
        "spatial_finetune (or spatial_retrain) before, or give --temporal.key-frame FILE.safetensors."
    )


def key_frame(context: Run, joints: tuple[str, ...]) -> KeyFrame:
    """S-ViPNet with the data's joints; ConfigError where it is for crops of another size than the run's."""
    path = key_frame_path(context)
    found, wanted = read_key_frame(path, joints), context.config.space.input_hw
    if found.input_hw != wanted:
        raise ConfigError(
            f"the key frame's network must be for crops of space.input-hw {wanted}, but {path} is for "
            f"{found.input_hw}. Give --space.input-hw {found.input_hw[0]} {found.input_hw[1]}."
        )
    return found
