"""A whole video followed: frame after frame read, predicted and timed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import final

from workers.data.tracks import MAX_FRAME_GAP
from workers.errors import DataError
from workers.video.boxes import TrackedBoxes
from workers.video.frames import Frame, FrameNotes, read_frames
from workers.video.streaming import FramePoses, StreamingPredictor


@final
@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """One frame with its poses and the time that they took."""

    frame: Frame
    poses: FramePoses
    read_s: float  # reading and decoding the frame
    predict_s: float  # cutting people out, networks, decoding heatmaps


def follow(
    predictor: StreamingPredictor, source: Path, boxes: TrackedBoxes, notes: FrameNotes | None = None
) -> Iterator[Followed]:
    """Every frame that was looked at for people, in order, each before the next is read.

    Where frames lie further apart than in training clips everybody begins anew. The first frame is predicted
    T + 1 times before its time counts, so that each network has run. `notes` is told which frames cannot be
    used. Raises DataError where a frame cannot be read, none can be used, or boxes are of frames that are not
    there.
    """
    notes = notes or FrameNotes()
    missing = set(boxes.of_frame)
    last: int | None = None
    frames = read_frames(source, boxes.images, boxes.stated_hw, notes)
    started_s = time.perf_counter()
    for frame in frames:
        read_s = time.perf_counter() - started_s
        if last is None:
            warm_up(predictor, frame, boxes)
        elif frame.number - last > MAX_FRAME_GAP:
            predictor.forget()
        last = frame.number
        missing.discard(frame.number)
        followed = _predicted(predictor, frame, boxes, read_s)
        given = boxes.at(frame.number, frame.image.shape[:2])
        notes.boxes_outside += len(given.track_ids) - len(followed.poses)
        yield followed
        started_s = time.perf_counter()
    missing -= notes.skipped.keys()
    if missing:
        raise DataError(
            f"the boxes are of frame {min(missing)}, which {source} does not have "
            f"({len(missing)} such frames). Give the frames that the boxes were found in."
        )
    if last is None:
        raise DataError(f"{source} has no frame that can be used. {' '.join(notes.lines())} Name the frames.")


def warm_up(predictor: StreamingPredictor, frame: Frame, boxes: TrackedBoxes) -> None:
    """Every network sees the frame's people once; afterwards nothing is known of them."""
    for _ in range(predictor.networks.period):
        _predicted(predictor, frame, boxes, 0)
    predictor.forget()


def _predicted(predictor: StreamingPredictor, frame: Frame, boxes: TrackedBoxes, read_s: float) -> Followed:
    people = boxes.at(frame.number, frame.image.shape[:2])
    started_s = time.perf_counter()
    poses = predictor.step(frame.image, people.xywh_px, people.track_ids)
    return Followed(frame, poses, read_s, time.perf_counter() - started_s)
