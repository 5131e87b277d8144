"""The synthetic data set: drawn people in short clips, in COCO's layout and in PoseTrack18's at once.

root/train2017/*.jpg  root/val2017/*.jpg  root/annotations/person_keypoints_{train,val}2017.json
root/posetrack18/images/{train,val}/CLIP/*.jpg, hard links to those above
root/posetrack18/annotations/{train,val}/CLIP.json
root/made.json, the configuration; written last
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import final

import cv2
import numpy as np

from spaces.streams import clip_sequence
from workers.data.synthetic.clip import ClipFrame, make_clip
from workers.data.synthetic.config import SyntheticConfig
from workers.data.synthetic.labels import PersonLabel
from workers.data.synthetic.layout import (
    Document,
    coco_document,
    coco_file_name,
    posetrack_document,
    posetrack_file_name,
    sequence_name,
)
from workers.errors import DataError
from workers.files import link_or_copy, whole_folder
from workers.processes import Helper, in_turn

MARKER = "made.json"
DRAWING = 1  # raise it when the same configuration draws other pixels or labels
CLIPS_A_PROCESS = 40  # at least so many are drawn by each; fewer are not worth its start
_JPEG_QUALITY = 90
_SPLITS = ("train", "val")
Labels = list[tuple[PersonLabel, ...]]  # the people of each frame of a clip


def write_synthetic_dataset(root: Path, config: SyntheticConfig) -> Path:
    """Draws the data set into `root` unless it lies there finished; returns `root`.

    Everything is drawn beside `root` and renamed to it at the end, so a folder with a marker is complete.
    Raises DataError where `root` holds something else.
    """
    if _finished(root, config):
        return root
    try:
        with whole_folder(root) as draft:
            _draw_into(draft, config)
    except OSError:  # whoever drew the same at the same time and was first has won
        if not _finished(root, config):
            raise
    return root


def _finished(root: Path, config: SyntheticConfig) -> bool:
    """Whether the folder holds this very data set; False where it is free, DataError where it is taken."""
    marker = root / MARKER
    if not marker.is_file():
        if root.exists() and (not root.is_dir() or any(root.iterdir())):
            raise DataError(
                f"{root} holds no finished synthetic data set (no {MARKER}) but is not empty. "
                "Name a new folder for the synthetic data, or remove this one."
            )
        return False
    wanted, found = _marker_text(config), marker.read_text(encoding="utf-8")
    if found != wanted:
        raise DataError(
            f"{root} holds synthetic data of another configuration or version: it has {_one_line(found)}, "
            f"wanted {_one_line(wanted)}. Name another folder, ask for what it has, or remove it."
        )
    return True


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _marker_text(config: SyntheticConfig) -> str:
    return json.dumps({"drawing": DRAWING, "config": asdict(config)}, indent=1, sort_keys=True) + "\n"


def _draw_into(draft: Path, config: SyntheticConfig) -> None:
    size = (config.height_px, config.width_px)
    for split in _SPLITS:
        numbers = config.clips_of(split)
        clips = list(zip(numbers, _drawn(draft, config, split, numbers), strict=True))
        coco = coco_document(clips, *size)
        _write_json(draft / "annotations" / f"person_keypoints_{split}2017.json", coco)
        for clip, frames in clips:
            document = posetrack_document(clip, split, frames, *size)
            path = draft / "posetrack18" / "annotations" / split / f"{sequence_name(clip)}.json"
            _write_json(path, document)
    (draft / MARKER).write_text(_marker_text(config), encoding="utf-8")


def _drawn(draft: Path, config: SyntheticConfig, split: str, clips: Sequence[int]) -> Iterator[Labels]:
    """Draws the clips, where there are many on all cores; the people of each, in order."""
    processes = min(os.cpu_count() or 1, len(clips) // CLIPS_A_PROCESS)
    if processes < 2:
        artist = Artist(draft, config)
        yield from (artist.draw(split, clip) for clip in clips)
        return
    artists = [Helper(Artist, draft, config) for _ in range(processes)]
    try:
        with closing(in_turn(artists, "draw", ((split, clip) for clip in clips))) as drawn:
            yield from (labels for _, labels in drawn)
    finally:
        for each in artists:
            each.close()


@final
class Artist:
    """Draws clips into a folder; in each process that does, there is one."""

    def __init__(self, draft: Path, config: SyntheticConfig) -> None:
        self._draft, self._config = draft, config

    def draw(self, split: str, clip: int) -> Labels:
        """Writes the images of one clip and returns the people of each frame."""
        labels = []
        for number, frame in enumerate(self._frames(clip)):
            path = self._draft / f"{split}2017" / coco_file_name(clip, number)
            _write_jpeg(path, frame.image)
            link_or_copy(path, self._draft / "posetrack18" / posetrack_file_name(clip, split, number))
            labels.append(frame.people)
        return labels

    def _frames(self, clip: int) -> Iterator[ClipFrame]:
        config, seed = self._config, clip_sequence(self._config.seed, clip)
        return make_clip(
            seed, config.frames_per_clip, config.people_per_clip, (config.height_px, config.width_px),
            config.difficulty, config.transience,
        )  # fmt: skip


def _write_jpeg(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    path.write_bytes(encoded.tobytes())


def _write_json(path: Path, document: Document) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, separators=(",", ":")), encoding="utf-8")
