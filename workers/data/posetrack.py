"""Reads people from PoseTrack18's own layout: one annotation file per sequence, with COCO's keys.

    root/annotations/{split}/SEQUENCE.json     images, annotations, categories; split being train or val
    root/images/{split}/SEQUENCE/*.jpg         the files' names in the annotations are relative to root

Unlike COCO's, people have no area (here it is taken from the box), joints are labelled with 1, ears never
are, and parts of an image are ignored: they are nobody, and who lies wholly inside one is not used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import cv2
import numpy as np

from workers.data.annotations.opening import load_json
from workers.data.annotations.pictures import Pictures, read_pictures
from workers.data.annotations.table import Annotations, read_annotations
from workers.data.annotations.values import shown
from workers.data.coco import usable
from workers.data.images import Flaw, Size, image_size, refusal
from workers.data.joints.names import places_of, unlike
from workers.data.people import People, Person
from workers.data.pictures.files import Fence
from workers.data.posetrack_regions import ignored_regions
from workers.data.skeleton import POSETRACK17
from workers.errors import DataError
from workers.files import visible

_LAYOUT = "A PoseTrack18 folder holds images/{split}/SEQUENCE/ and annotations/{split}/SEQUENCE.json."
REWRITE = (
    "Write it as PoseTrack18's annotation files: images, annotations, categories with the joints' names."
)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """One annotated video: its usable people, why others are not, and all records of its file."""

    path: Path
    annotations: Annotations
    people: tuple[Person, ...]
    skipped: Counter[str]
    notes: Counter[str]

    @property
    def name(self) -> str:
        """Name of the annotation file, and of the folder with the images."""
        return self.path.stem


def read_posetrack(root: Path, split: str, *, check_images: bool = True) -> People:
    """The usable people of all sequences of a split, in the order of their names, and counts of the skipped.

    Skipped are those whom COCO's reader skips, and those all of whose labelled joints lie in ignored regions.
    Raises DataError, naming the file, where it is no PoseTrack18, two sequences have an image id in common,
    or nobody is left.
    """
    sequences = list(read_sequences(root, split, check_images=check_images))
    require_own_image_ids(sequence.annotations for sequence in sequences)
    return people_of(sequences, annotation_folder(root, split))


def read_sequences(root: Path, split: str, *, check_images: bool = True) -> Iterator[Sequence]:
    """The sequences of a split, in the order of their names; see `read_posetrack`."""
    for path in locate_posetrack(root, split):
        annotations = read_sequence(Path(root), path)
        found = usable(
            annotations, Path(root).resolve(), Fence(root), check_images=check_images,
            ignored=inside_regions(annotations),
        )  # fmt: skip
        yield Sequence(path, annotations, found.people, found.skipped, found.notes)


def people_of(sequences: Iterable[Sequence], folder: Path) -> People:
    """The people of all sequences, read from `folder`. Raises DataError where nobody is left."""
    people: list[Person] = []
    skipped, notes = Counter[str](), Counter[str]()
    for sequence in sequences:
        people += sequence.people
        skipped += sequence.skipped
        notes += sequence.notes
    result = People(
        people=tuple(people), skipped=dict(skipped), skeleton=POSETRACK17, annotation_path=folder,
        notes=dict(notes),
    )  # fmt: skip
    if not people:
        raise DataError(
            f"{folder} has no usable person ({result.summary}). "
            "Use a split with labelled people whose images are there."
        )
    return result


def posetrack_annotations(root: Path, split: str) -> list[Annotations]:
    """A split's ground truth for `CocoScorer`; who has no box or is in an ignored region is ignored."""
    parts = [read_sequence(Path(root), path) for path in locate_posetrack(root, split)]
    require_own_image_ids(parts)
    return [part.without_joints(~part.has_box | inside_regions(part)) for part in parts]


def require_own_image_ids(parts: Iterable[Annotations]) -> None:
    """Raises DataError where two files have an image id in common, for whom only ids tell images apart."""
    place_of: dict[int, object] = {}
    for part in parts:
        ids = part.pictures.ids.tolist()
        twice = next((number for number in ids if number in place_of), None)
        if twice is not None:
            raise DataError(
                f"{part.place}: image {twice} must be of this sequence alone, but {place_of[twice]} has one "
                "with this id, too. Number the images of all sequences."
            )
        place_of |= dict.fromkeys(ids, part.place)


def locate_posetrack(root: Path, split: str) -> list[Path]:
    """The annotation file of each sequence; DataError where there is none."""
    paths = visible(annotation_folder(root, split), "*.json")
    if not paths:
        raise DataError(f"{annotation_folder(root, split)} has no *.json. {_LAYOUT.format(split=split)}")
    return paths


def annotation_folder(root: Path, split: str) -> Path:
    """Folder of the annotation files of a split."""
    return Path(root) / "annotations" / split


def read_sequence(root: Path, path: Path) -> Annotations:
    """One file's records, their joints put in POSETRACK17's order by name.

    Images that it states no size of have that of the first such image's file. Raises DataError, naming the
    file, where it is no PoseTrack18 annotation file.
    """
    content = load_json(path, REWRITE)
    pictures = _with_sizes(root, read_pictures(path, content, REWRITE))
    annotations = read_annotations(path, content, pictures=pictures, default=POSETRACK17, repair=REWRITE)
    names = annotations.skeleton.names
    places = places_of(POSETRACK17.names, names)
    if places is None:
        raise DataError(
            f"{path}: its joints must be PoseTrack18's 17, but its joints are "
            f"{', '.join(map(shown, names))}; {unlike(names, POSETRACK17.names)}. {REWRITE}"
        )
    return annotations.in_order(places, POSETRACK17)


def inside_regions(annotations: Annotations) -> np.ndarray:
    """(N,) bool: whether each labelled joint lies in an ignored region; False without labelled joints."""
    regions = [[region.astype(np.float32) for region in each]
               for each in ignored_regions(annotations.pictures.records)]  # fmt: skip
    rows = zip(annotations.keypoints, annotations.picture_rows.tolist(), strict=True)
    return np.array([_is_inside(joints, regions[picture]) for joints, picture in rows], bool)


def _is_inside(joints: np.ndarray, regions: list[np.ndarray]) -> bool:
    labelled = joints[joints[:, 2] > 0, :2].astype(np.float32).tolist()
    return bool(labelled) and all(
        any(cv2.pointPolygonTest(region, point, False) >= 0 for region in regions) for point in labelled
    )


def _with_sizes(root: Path, pictures: Pictures) -> Pictures:
    """The published files do not say how large the images are; those of a sequence are alike."""
    unsized = (pictures.sizes_hw == 0).any(axis=1)
    if not unsized.any():
        return pictures
    size_hw = _common_size(root, pictures, np.flatnonzero(unsized))
    return replace(pictures, sizes_hw=np.where(unsized[:, None], size_hw, pictures.sizes_hw))


def _common_size(root: Path, pictures: Pictures, rows: np.ndarray) -> Size:
    """Size of the first image that can be read; where none can, the refusal of the last."""
    fence, refused = Fence(root), DataError("")
    for row in rows:
        (name,) = pictures.names(np.array([row]))
        path = str(root / name)
        try:
            if fence.holds(path):
                return image_size(path)
            refused = DataError(refusal(path, Flaw.OUTSIDE))
        except DataError as error:
            refused = error
    raise refused
