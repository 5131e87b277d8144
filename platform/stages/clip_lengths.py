"""Whether any video is as long as the clips that the temporal level asks for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from platform.config.run import RunConfig
from platform.terminal.errors import ConfigError
from workers.data.annotations.opening import load_json
from workers.data.posetrack import locate_posetrack


def check_clips(config: RunConfig, splits: tuple[str, ...]) -> None:
    """ConfigError, with the field, where T + 1 frames are more than the longest video of a split has.

    A person may be seen in fewer frames than the video has: what is found here is found without images.
    """
    root = config.temporal.root or config.finetune.root
    for field, frames in _asked(config):
        if root is not None:
            _check_files(root, splits, field, frames)
        elif config.data.root is None and (has := config.data.made.frames_per_clip) < frames + 1:
            raise ConfigError(
                f"{field} {frames} needs clips of {frames + 1} frames, but synthetic clips have {has}. Give "
                f"--data.made.frames-per-clip {frames + 1} or --{field} {max(1, has - 1)}."
            )


def _asked(config: RunConfig) -> Iterator[tuple[str, int]]:
    """T by its field, where a stage of the run uses it."""
    if "temporal_train" in config.stages:
        yield "temporal.trained-frames", config.temporal.trained_frames
    if "temporal_search" in config.stages:
        yield "temporal.frames", config.temporal.frames


def _check_files(root: Path, splits: tuple[str, ...], field: str, frames: int) -> None:
    for split in splits:
        longest = 0
        for path in locate_posetrack(root, split):
            content = load_json(path)
            longest = max(longest, len(content["images"]) if isinstance(content.get("images"), list) else 0)
            if longest > frames:
                break
        else:
            raise ConfigError(
                f"{field} {frames} needs clips of {frames + 1} frames, but the longest video of {root}, "
                f"split {split}, has {longest}. Give --{field} {max(1, longest - 1)}."
            )
