"""Evaluation clips cut out once, frame by frame, as what a search shares between its workers."""

# Shapes: T + 1 frames, N[t] clips with a frame t, H/W input pixels.
from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from workers.data.clips import Clips
from workers.data.people import People
from workers.evaluation.crops import ValidationCrops, prepare_crops


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClipCrops:
    """The crops of clips: for each frame t those of the clips that have one; nothing writes to the arrays.

    Row n of every frame is clip n, for the longest clips come first: the row before it in time is row n of
    frame t - 1, so `heatmaps[:len(frames[t])]` is what is propagated to frame t.
    """

    frames: tuple[ValidationCrops, ...]  # T + 1, of N[0] >= N[1] >= ... rows; the key frames first
    rows: np.ndarray  # (N[0] + N[1] + ...,) int64: of the people, frame by frame; each person once

    def __len__(self) -> int:
        """People of all frames."""
        return len(self.rows)


def prepare_clip_crops(clips: Clips, input_hw: tuple[int, int]) -> ClipCrops:
    """Cuts out the clips of `disjoint_clips`; without a clip of T + 1 frames the last frames have no crop.

    Raises DataError when there is no clip, or, naming the file, when an image cannot be read.
    """
    lengths = np.array([len(clip) for clip in clips.clips])
    if (np.diff(lengths) > 0).any():
        raise ValueError("the longest clips must come first, as disjoint_clips has them")
    rows = [
        np.array([clip.rows[frame] for clip in clips.clips[: int((lengths > frame).sum())]], np.int64)
        for frame in range(clips.frames)
    ]
    order = np.concatenate(rows)
    crops = prepare_crops(_chosen(clips.people, order), input_hw)
    bounds = np.cumsum([0, *map(len, rows)])
    frames = tuple(_part(crops, slice(*bounds[frame : frame + 2].tolist())) for frame in range(len(rows)))
    return ClipCrops(frames=frames, rows=order)


def _chosen(people: People, rows: np.ndarray) -> People:
    return People(
        people=tuple(people.people[row] for row in rows.tolist()), skipped=people.skipped,
        skeleton=people.skeleton, annotation_path=people.annotation_path,
    )  # fmt: skip


def _part(crops: ValidationCrops, rows: slice) -> ValidationCrops:
    return ValidationCrops(
        images=crops.images[rows], affines=crops.affines[rows], image_ids=crops.image_ids[rows],
        annotation_ids=crops.annotation_ids[rows], box_scores=crops.box_scores[rows],
    )  # fmt: skip
