"""Who is who over the labelled frames of PoseTrack18's videos, and where each person can be followed.

A *run* is as long as one tracked person can be followed: in each labelled frame from its first to its last
the person is usable, and two successive ones are at most `max_frame_gap` frames of the video apart. Who
leaves, is hidden in an ignored region or has no box ends a run; who returns begins another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import final

import numpy as np

from workers.data.annotations.pictures import Pictures
from workers.data.annotations.table import Annotations
from workers.data.annotations.values import whole_number
from workers.data.detections import Detections
from workers.data.people import People
from workers.data.posetrack import Sequence as Video
from workers.data.posetrack import annotation_folder, people_of, read_sequences, require_own_image_ids
from workers.errors import DataError

MAX_FRAME_GAP = 4  # PoseTrack18 labels 30 successive frames in a video's middle; in val also every fourth


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One tracked person in one labelled frame."""

    sequence: str
    track_id: int  # unique within the sequence
    frame: int  # number of the frame in the video, from the image's name
    labelled: int  # how many labelled frames the sequence has before this one


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tracks:
    """The people of a split and, row for row, who they are."""

    people: People
    sightings: tuple[Sighting, ...]

    def runs(self, max_frame_gap: int = MAX_FRAME_GAP) -> list[tuple[int, ...]]:
        """The rows of each run, in the order of sequences, tracks and frames; each row lies in one run."""
        if max_frame_gap < 1:
            raise DataError(f"max_frame_gap must be at least 1, but it is {max_frame_gap}.")
        tracks: Mapping[tuple[str, int], list[int]] = defaultdict(list)
        for row, seen in enumerate(self.sightings):
            tracks[seen.sequence, seen.track_id].append(row)
        return [run for rows in tracks.values() for run in self._split(rows, max_frame_gap)]

    def _split(self, rows: Sequence[int], max_frame_gap: int) -> Iterator[tuple[int, ...]]:
        rows = sorted(rows, key=lambda row: self.sightings[row].frame)
        begun = 0
        for place, (one, other) in enumerate(pairwise(rows), start=1):
            if not self._follows(one, other, max_frame_gap):
                yield tuple(rows[begun:place])
                begun = place
        yield tuple(rows[begun:])

    def _follows(self, row: int, later_row: int, max_frame_gap: int) -> bool:
        first, second = self.sightings[row], self.sightings[later_row]
        return second.labelled == first.labelled + 1 and second.frame - first.frame <= max_frame_gap


def read_tracks(
    root: Path, split: str, *, check_images: bool = True, detections: Detections | None = None
) -> Tracks:
    """The tracked people of a split, in the layout and with the rules of `read_posetrack`.

    With `detections` each person has the box of the detection that is theirs; who is not detected is skipped.
    Raises DataError, naming the file, where it is no PoseTrack18, a track or frame has no number, a track
    is twice in a frame, or nobody is left.
    """
    videos = list(read_sequences(root, split, check_images=check_images))
    if detections is not None:
        require_own_image_ids(video.annotations for video in videos)
        videos = [_with_boxes(video, detections) for video in videos]
    people = people_of(videos, annotation_folder(root, split))
    return Tracks(people=people, sightings=tuple(seen for video in videos for seen in _sightings(video)))


def _with_boxes(video: Video, detections: Detections) -> Video:
    people, undetected = detections.boxes_for(video.people)
    return replace(video, people=people, skipped=video.skipped + undetected)


def _sightings(video: Video) -> Iterator[Sighting]:
    annotations = video.annotations
    frames = frame_numbers(annotations.pictures)
    labelled = {frame: number for number, frame in enumerate(sorted(_labelled(annotations, frames)))}
    rows = np.flatnonzero(np.isin(annotations.ids, [person.annotation_id for person in video.people]))
    tracks = annotations.records.take(rows).whole("track_id")
    track_of = dict(zip(annotations.ids[rows].tolist(), tracks.tolist(), strict=True))
    frame_of = dict(zip(annotations.pictures.ids.tolist(), frames, strict=True))
    met: set[tuple[int, int]] = set()
    for person in video.people:
        frame, track_id = frame_of[person.image_id], track_of[person.annotation_id]
        if (track_id, frame) in met:
            raise DataError(
                f"{video.path}: track {track_id} must be once in a frame, but is twice in "
                f"{person.image_path}. Give each person of a frame its own track_id."
            )
        met.add((track_id, frame))
        yield Sighting(sequence=video.name, track_id=track_id, frame=frame, labelled=labelled[frame])


def _labelled(annotations: Annotations, frames: Sequence[int]) -> set[int]:
    """Frames that were labelled, be it with nobody; PoseTrack18 says so of each image."""
    people = {frames[row] for row in annotations.picture_rows.tolist()}
    said = annotations.pictures.records.flag("is_labeled").tolist()
    return people | {frame for frame, labelled in zip(frames, said, strict=True) if labelled}


def frame_numbers(pictures: Pictures) -> list[int]:
    """12 for 000012.jpg, of each image. Raises DataError, by the image's id, where a name is no number."""
    names = pictures.names(np.arange(len(pictures)))
    found = [whole_number(Path(name).stem) for name in names]
    wrong = np.array([number is None or number < 0 for number in found], bool)
    pictures.records.refuse_first(
        wrong, "{record} must be named by the number of its frame, as 000012.jpg is: 'file_name'", "file_name"
    )
    return [number for number in found if number is not None]
