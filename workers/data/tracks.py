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

from workers.data.coco import Json
from workers.data.detections import Detections
from workers.data.people import People
from workers.data.posetrack import Sequence as Video
from workers.data.posetrack import annotation_folder, people_of, read_sequences
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
        videos = [_with_boxes(video, detections) for video in videos]
    people = people_of(videos, annotation_folder(root, split))
    return Tracks(people=people, sightings=tuple(seen for video in videos for seen in _sightings(video)))


def _with_boxes(video: Video, detections: Detections) -> Video:
    people, undetected = detections.boxes_for(video.people)
    return replace(video, people=people, skipped=video.skipped + undetected)


def _sightings(video: Video) -> Iterator[Sighting]:
    frame_of = {image["id"]: _frame(image, video) for image in video.content["images"]}
    labelled = {frame: number for number, frame in enumerate(sorted(_labelled(video, frame_of)))}
    track_of = {annotation["id"]: annotation for annotation in video.content["annotations"]}
    met: set[tuple[int, int]] = set()
    for person in video.people:
        frame = frame_of[person.image_id]
        track_id = _track_id(track_of[person.annotation_id], video)
        if (track_id, frame) in met:
            raise DataError(
                f"{video.path}: track {track_id} must be once in a frame, but is twice in "
                f"{person.image_path}. Give each person of a frame its own track_id."
            )
        met.add((track_id, frame))
        yield Sighting(sequence=video.name, track_id=track_id, frame=frame, labelled=labelled[frame])


def _labelled(video: Video, frame_of: Mapping[int, int]) -> set[int]:
    """Frames that were labelled, be it with nobody; PoseTrack18 says so of each image."""
    people = {
        frame_of[annotation["image_id"]]
        for annotation in video.content["annotations"]
        if annotation["image_id"] in frame_of
    }
    return people | {frame_of[image["id"]] for image in video.content["images"] if image.get("is_labeled")}


def _frame(image: Json, video: Video) -> int:
    name = Path(image["file_name"]).stem
    if not name.isdecimal():
        raise DataError(
            f"{video.path}: an image must be named by the number of its frame, as 000012.jpg is, "
            f"but one is {image['file_name']!r}. Rename the images."
        )
    return int(name)


def _track_id(annotation: Json, video: Video) -> int:
    track_id = annotation.get("track_id")
    if not isinstance(track_id, int):
        raise DataError(
            f"{video.path}: annotation {annotation['id']} must have a whole number as track_id, "
            f"but it has {track_id!r}. Number the tracked people of a sequence."
        )
    return track_id
