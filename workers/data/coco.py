"""Reads people from COCO's own keypoint layout.

root/{split}/*.jpg                                 images, split being train2017 or val2017
root/annotations/person_keypoints_{split}.json     images, annotations, categories
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from workers.data.images import Flaw, check_images
from workers.data.people import Box, People, Person
from workers.data.pictures.files import Fence
from workers.data.skeleton import COCO17, Skeleton, skeleton_from_names
from workers.errors import DataError

Json = dict[str, Any]
_LAYOUT = "A data folder holds {split}/ with the images and annotations/person_keypoints_{split}.json."


def read_people(root: Path, split: str, *, check_images: bool = True) -> People:
    """The usable people of root/{split}, and counts of the skipped ones.

    Skipped: crowd regions, people without a labelled keypoint, boxes below one pixel or outside the image,
    images that are missing, broken, of another size, no plain files or outside root. Boxes partly outside are
    clipped. Joint names and left-right pairs come from the file's category; COCO's 17 where it names none.
    `check_images=False` leaves the image files unopened. Raises DataError, naming the file, when the folder,
    the annotation file or a key is missing, the JSON is unreadable, or nobody is left.
    """
    folder, annotation_path = locate(Path(root), split)
    content = load_json(annotation_path)
    return AnnotationReader(folder, annotation_path, content, root).read(check_images=check_images)


def read_file_skeleton(path: Path) -> Skeleton:
    """The joints that an annotation file names; DataError, naming the file, where it cannot be read."""
    return AnnotationReader(path.parent, path, load_json(path)).skeleton


def annotation_file(root: Path, split: str) -> Path:
    """Where COCO's layout keeps the keypoints of a split."""
    return Path(root) / "annotations" / f"person_keypoints_{split}.json"


class _Unusable(Exception):
    """The reason why one annotation is skipped."""


class AnnotationReader:
    """One annotation file being turned into people; remembers the path for its error messages."""

    def __init__(self, folder: Path, annotation_path: Path, content: Json, root: Path | None = None) -> None:
        """Images lie in `folder`, or elsewhere in `root`, which is by default the same."""
        self.folder, self.path = folder, annotation_path
        self.images = {self.need(image, "id", "an image"): image for image in self.table(content, "images")}
        self.annotations = self.table(content, "annotations")
        self.category_id, self.skeleton = self.category(content)
        self.skipped: Counter[str] = Counter()
        self.noted: Counter[str] = Counter()  # decided about images
        self.fence = Fence(folder, root or folder)

    def read(self, *, check_images: bool) -> People:
        people = self.usable(check_images=check_images)
        result = People(
            people=tuple(people),
            skipped=dict(self.skipped),
            skeleton=self.skeleton,
            annotation_path=self.path,
            noted=dict(self.noted),
        )
        if not people:
            raise DataError(
                f"{self.path} has no usable person ({result.summary}). "
                f"Use a split with labelled people whose images lie in {self.folder}."
            )
        return result

    def usable(self, *, check_images: bool) -> list[Person]:
        """Everybody who can be used, perhaps nobody; the others are counted in `skipped`."""
        people = []
        for annotation in self.annotations:
            try:
                people.append(self.person(annotation))
            except _Unusable as reason:
                self.skipped[str(reason)] += 1
        return self.without_flaws(people) if check_images else people

    def person(self, annotation: Json) -> Person:
        """The annotation as a person. Raises _Unusable with the reason."""
        what = f"annotation {annotation.get('id', '(no id)')}"
        if self.need(annotation, "category_id", what) != self.category_id:
            raise _Unusable("of another category")
        if annotation.get("iscrowd"):
            raise _Unusable("crowd region")
        keypoints = self.numbers(annotation, "keypoints", 3 * self.skeleton.keypoints, what).reshape(-1, 3)
        if not (keypoints[:, 2] > 0).any():
            raise _Unusable("without labelled keypoints")
        image = self.images.get(self.need(annotation, "image_id", what))
        if image is None:
            raise _Unusable("of an image that is not listed")
        box = self.numbers(annotation, "bbox", 4, what)
        if not (np.isfinite(box).all() and np.isfinite(keypoints).all() and (box[2:] >= 1).all()):
            raise _Unusable("box below one pixel or numbers not finite")
        if self.outside(image):
            raise _Unusable(Flaw.OUTSIDE)
        return Person(
            image_path=self.image_path(image),
            image_id=image["id"],
            annotation_id=self.need(annotation, "id", what),
            box_xywh_px=_clip(box, self.size_hw(image)),
            keypoints=keypoints.astype(np.float32),
            area_px2=float(self.need(annotation, "area", what)),
            image_hw=self.size_hw(image),
        )

    def without_flaws(self, people: list[Person]) -> list[Person]:
        """The people whose image file can be used; the others are counted."""
        used = {person.image_path: self.size_hw(self.images[person.image_id]) for person in people}
        checked = check_images(used.items())
        flaws = checked.flaws
        self.noted.update(checked.turns)
        self.skipped.update(str(flaws[p.image_path]) for p in people if p.image_path in flaws)
        return [person for person in people if person.image_path not in flaws]

    def category(self, content: Json) -> tuple[int, Skeleton]:
        """Id and joints of the category that names keypoints; else of the first, with COCO's joints."""
        categories = self.table(content, "categories")
        if not categories:
            raise DataError(f"{self.path}: 'categories' is empty. {_REPAIR}")
        chosen = next((c for c in categories if c.get("keypoints")), categories[0])
        category_id = self.need(chosen, "id", "a category")
        if not chosen.get("keypoints"):
            return category_id, COCO17
        links = tuple((a - 1, b - 1) for a, b in chosen.get("skeleton", ()))
        return category_id, skeleton_from_names(tuple(chosen["keypoints"]), links)

    def image_path(self, image: Json) -> str:
        return str(self.folder / str(self.need(image, "file_name", f"image {image['id']}")))

    def outside(self, image: Json) -> bool:
        """Whether the image's file is not in the data set's folders."""
        return not self.fence.holds(self.image_path(image))

    def size_hw(self, image: Json) -> tuple[int, int]:
        what = f"image {image['id']}"
        return self.need(image, "height", what), self.need(image, "width", what)

    def table(self, content: Json, key: str) -> list[Json]:
        rows = self.need(content, key, "the file")
        if not (isinstance(rows, list) and all(isinstance(row, dict) for row in rows)):
            raise DataError(f"{self.path}: {key!r} must be a list of objects. {_REPAIR}")
        return rows

    def numbers(self, record: Json, key: str, count: int, what: str) -> np.ndarray:
        values = self.need(record, key, what)
        try:
            array = np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError):
            array = np.empty(0)
        if array.shape != (count,):
            raise DataError(f"{self.path}: {key!r} of {what} must be {count} numbers. {_REPAIR}")
        return array

    def need(self, record: Json, key: str, what: str) -> Any:
        if key not in record:
            raise DataError(f"{self.path}: {what} has no {key!r}. {_REPAIR}")
        return record[key]


_REPAIR = "Write the file as COCO's person_keypoints annotations."


def locate(root: Path, split: str) -> tuple[Path, Path]:
    """The image folder and the annotation file, both absolute."""
    folder, annotation_path = (root / split).resolve(), annotation_file(root, split).resolve()
    missing = next((path for path in (root, folder, annotation_path) if not path.exists()), None)
    if missing is not None:
        raise DataError(f"{missing} does not exist. {_LAYOUT.format(split=split)}")
    return folder, annotation_path


def load_json(path: Path) -> Json:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {path}: {error}. Restore the annotation file.") from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: the file must hold one JSON object. {_REPAIR}")
    return content


def _clip(box: np.ndarray, size_hw: tuple[int, int]) -> Box:
    """The part of an xywh box inside the image. Raises _Unusable when less than a pixel of it is left."""
    height, width = size_hw
    low = np.maximum(box[:2], 0)
    high = np.minimum(box[:2] + box[2:], (width, height))
    if ((high - low) < 1).any():
        raise _Unusable("box outside the image")
    return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])
