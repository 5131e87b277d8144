"""Reads people from COCO's own keypoint layout.

root/{split}/*.jpg                                 images, split being train2017 or val2017
root/annotations/person_keypoints_{split}.json     images, annotations, categories
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from workers.data.annotations.table import Annotations, read_annotations, remaining
from workers.data.images import Flaw, Size
from workers.data.images import check_images as look_at
from workers.data.people import CROWD, IGNORED, UNLABELLED, Box, People, Person
from workers.data.pictures.files import Fence
from workers.data.skeleton import Skeleton
from workers.errors import DataError

_LAYOUT = "A data folder holds {split}/ with the images and annotations/person_keypoints_{split}.json."
NO_JOINTS = "without keypoints"
NO_BOX = "without a box"
SMALL = "box below one pixel"
OUTSIDE = "box outside the image"


def read_people(root: Path, split: str, *, check_images: bool = True) -> People:
    """The usable people of root/{split}, and counts of the skipped ones.

    Skipped: crowd regions, people without a labelled keypoint or a box, boxes below one pixel or outside the
    image, people of other categories or of images that are not listed, images that are missing, broken, of
    another size, no plain files or outside root. Boxes partly outside are clipped. Joint names and left-right
    pairs come from the file's categories; COCO's 17 where they name none. `check_images=False` leaves the
    image files unopened. Raises DataError, naming the file, when the folder, the annotation file or a key is
    missing, a field is not what it must be, or nobody is left.
    """
    folder, annotation_path = locate(Path(root), split)
    annotations = read_annotations(annotation_path)
    found = usable(annotations, folder, Fence(folder, Path(root)), check_images=check_images)
    result = People(
        people=found.people,
        skipped=dict(found.skipped),
        skeleton=annotations.skeleton,
        annotation_path=annotation_path,
        notes=dict(found.notes),
    )
    if not found.people:
        raise DataError(
            f"{annotation_path} has no usable person ({result.summary}). "
            f"Use a split with labelled people whose images lie in {folder}."
        )
    return result


def read_file_skeleton(path: Path) -> Skeleton:
    """The joints that an annotation file names; DataError, naming the file, where it cannot be read."""
    return read_annotations(path).skeleton


def annotation_file(root: Path, split: str) -> Path:
    """Path of the keypoint annotations of a split in COCO's layout."""
    return Path(root) / "annotations" / f"person_keypoints_{split}.json"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Usable:
    """Who of one file can be used, why others cannot, and what was read otherwise than it is written."""

    people: tuple[Person, ...]
    skipped: Counter[str]
    notes: Counter[str]


def usable(
    annotations: Annotations,
    folder: Path,
    fence: Fence,
    *,
    check_images: bool,
    ignored: np.ndarray | None = None,
) -> Usable:
    """Everybody who can be used, perhaps nobody, their images named from `folder` and inside the fence.

    `ignored` (N,) are those inside an ignored region. Raises DataError, by the image's id, where a person's
    image has no name or size.
    """
    nobody = np.zeros(len(annotations), bool)
    rows, skipped = remaining(np.arange(len(annotations)), {
        CROWD: annotations.crowd,
        NO_JOINTS: ~annotations.has_joints,
        UNLABELLED: annotations.labelled == 0,
        NO_BOX: ~annotations.has_box,
        IGNORED: nobody if ignored is None else ignored,
        SMALL: (annotations.boxes[:, 2:] < 1).any(axis=1),
    })  # fmt: skip
    paths = image_paths(annotations, folder, rows)
    boxes = clipped(annotations.boxes[rows], annotations.pictures.sized(annotations.picture_rows[rows]))
    chosen, lost = remaining(np.arange(len(rows)), {
        OUTSIDE: (boxes[:, 2:] < 1).any(axis=1), Flaw.OUTSIDE: outside(paths, fence),
    })  # fmt: skip
    people = _people(annotations, rows[chosen], [paths[row] for row in chosen.tolist()], boxes[chosen])
    skipped += Counter(annotations.skipped) + lost
    found = Usable(people, skipped, Counter(annotations.notes))
    return without_flaws(found) if check_images else found


def without_flaws(found: Usable) -> Usable:
    """Only the people whose image file can be used."""
    checked = look_at({person.image_path: _stated(person) for person in found.people}.items())
    flaws = checked.flaws
    lost = Counter(str(flaws[person.image_path]) for person in found.people if person.image_path in flaws)
    people = tuple(person for person in found.people if person.image_path not in flaws)
    return Usable(people, found.skipped + lost, found.notes + checked.turns)


def _stated(person: Person) -> Size:
    assert person.image_hw is not None, "the reader gives everybody the size that is stated"
    return person.image_hw


def outside(paths: Sequence[str], fence: Fence) -> np.ndarray:
    """(N,) bool: which image files are not in the data set's folders."""
    return np.array([not fence.holds(path) for path in paths], bool)


def locate(root: Path, split: str) -> tuple[Path, Path]:
    """The image folder and the annotation file of a split, both absolute."""
    folder, annotation_path = (root / split).resolve(), annotation_file(root, split).resolve()
    missing = next((path for path in (root, folder, annotation_path) if not path.exists()), None)
    if missing is not None:
        raise DataError(f"{missing} does not exist. {_LAYOUT.format(split=split)}")
    return folder, annotation_path


def image_paths(annotations: Annotations, folder: Path, rows: np.ndarray) -> list[str]:
    """The image file of each annotation row. Raises DataError, by the image's id, where one has no name."""
    pictures, places = np.unique(annotations.picture_rows[rows], return_inverse=True)
    paths = [str(folder / name) for name in annotations.pictures.names(pictures)]
    return [paths[place] for place in places.tolist()]


def clipped(boxes: np.ndarray, sizes_hw: np.ndarray) -> np.ndarray:
    """The part of each xywh box (N, 4) inside its image (N, 2); its sides are below 0 where none is."""
    low = np.maximum(boxes[:, :2], 0)
    high = np.minimum(boxes[:, :2] + boxes[:, 2:], sizes_hw[:, ::-1])
    return np.hstack([low, high - low])


def _people(
    annotations: Annotations, rows: np.ndarray, paths: Sequence[str], boxes: np.ndarray
) -> tuple[Person, ...]:
    columns = zip(
        paths,
        annotations.image_ids[rows].tolist(),
        annotations.ids[rows].tolist(),
        boxes.tolist(),
        annotations.keypoints[rows].astype(np.float32),
        annotations.areas[rows].tolist(),
        annotations.pictures.sizes_hw[annotations.picture_rows[rows]].tolist(),
        strict=True,
    )
    return tuple(
        Person(image_path=path, image_id=image_id, annotation_id=number, box_xywh_px=_box(box),
               keypoints=keypoints, area_px2=area, image_hw=(height, width))
        for path, image_id, number, box, keypoints, area, (height, width) in columns
    )  # fmt: skip


def _box(numbers: Sequence[float]) -> Box:
    x, y, width, height = numbers
    return x, y, width, height
