"""Reads people from COCO's own keypoint layout.

root/{split}/*.jpg                                 images, split being train2017 or val2017
root/annotations/person_keypoints_{split}.json     images, annotations, categories
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from workers.data.annotations.table import Annotations, read_annotations, remaining
from workers.data.images import find_flaws
from workers.data.people import CROWD, IGNORED, UNLABELLED, People, Person
from workers.errors import DataError

_LAYOUT = "A data folder holds {split}/ with the images and annotations/person_keypoints_{split}.json."
NO_JOINTS = "without keypoints"
NO_BOX = "without a box"
SMALL = "box below one pixel"
OUTSIDE = "box outside the image"


def read_people(root: Path, split: str, *, check_images: bool = True) -> People:
    """The usable people of root/{split}, and counts of the skipped ones.

    Skipped: crowd regions, people without a labelled keypoint or a box, boxes below one pixel or outside the
    image, people of other categories or of images that are not listed, images that are missing, broken or of
    another size. Boxes partly outside are clipped. Joint names and left-right pairs come from the file's
    categories; COCO's 17 where they name none. `check_images=False` leaves the image files unopened. Raises
    DataError, naming the file, when the folder, the annotation file or a key is missing, a field is not what
    it must be, or nobody is left.
    """
    folder, annotation_path = locate(Path(root), split)
    annotations = read_annotations(annotation_path)
    people, skipped = usable(annotations, folder, check_images=check_images)
    result = People(
        people=tuple(people),
        skipped=dict(skipped),
        skeleton=annotations.skeleton,
        annotation_path=annotation_path,
        notes=annotations.notes,
    )
    if not people:
        raise DataError(
            f"{annotation_path} has no usable person ({result.summary}). "
            f"Use a split with labelled people whose images lie in {folder}."
        )
    return result


def annotation_file(root: Path, split: str) -> Path:
    """Path of the keypoint annotations of a split in COCO's layout."""
    return Path(root) / "annotations" / f"person_keypoints_{split}.json"


def usable(
    annotations: Annotations, folder: Path, *, check_images: bool, ignored: np.ndarray | None = None
) -> tuple[list[Person], Counter[str]]:
    """Everybody who can be used, perhaps nobody, and how many others there are by reason.

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
    pictures = annotations.picture_rows[rows]
    boxes = clipped(annotations.boxes[rows], annotations.pictures.sized(pictures))
    inside, outside = remaining(rows, {OUTSIDE: (boxes[:, 2:] < 1).any(axis=1)})
    people = _people(annotations, folder, inside, boxes[np.isin(rows, inside)])
    counts = Counter(annotations.skipped) + skipped + outside
    if not check_images:
        return people, counts
    people, flaws = without_flaws(people, annotations)
    return people, counts + flaws


def without_flaws(people: list[Person], annotations: Annotations) -> tuple[list[Person], Counter[str]]:
    """The people whose image file can be used, and how many others there are by reason."""
    sizes = dict(zip(annotations.pictures.ids.tolist(), annotations.pictures.sizes_hw.tolist(), strict=True))
    used = {person.image_path: tuple(sizes[person.image_id]) for person in people}
    flaws = find_flaws(used.items())
    counts = Counter(str(flaws[person.image_path]) for person in people if person.image_path in flaws)
    return [person for person in people if person.image_path not in flaws], counts


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


def _people(annotations: Annotations, folder: Path, rows: np.ndarray, boxes: np.ndarray) -> list[Person]:
    columns = zip(
        image_paths(annotations, folder, rows),
        annotations.image_ids[rows].tolist(),
        annotations.ids[rows].tolist(),
        map(tuple, boxes.tolist()),
        annotations.keypoints[rows].astype(np.float32),
        annotations.areas[rows].tolist(),
        strict=True,
    )
    return [
        Person(image_path=path, image_id=image_id, annotation_id=number, box_xywh_px=box, keypoints=keypoints,
               area_px2=area)
        for path, image_id, number, box, keypoints, area in columns
    ]  # fmt: skip
