"""Reads people from PoseTrack18's own layout: one annotation file per sequence, with COCO's keys.

    root/annotations/{split}/SEQUENCE.json     images, annotations, categories; split being train or val
    root/images/{split}/SEQUENCE/*.jpg         the files' names in the annotations are relative to root

Unlike COCO's, people have no area (here it is the box's), joints are labelled with 1, ears never are, and
parts of an image are ignored: they are nobody, and who lies wholly inside one is not used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from workers.data.coco import AnnotationReader, Json, load_json
from workers.data.images import Flaw, image_size, refusal
from workers.data.joints.names import difference, placed, places_of
from workers.data.people import People, Person
from workers.data.pictures.files import Fence
from workers.data.skeleton import POSETRACK17
from workers.errors import DataError

_LAYOUT = "A PoseTrack18 folder holds images/{split}/SEQUENCE/ and annotations/{split}/SEQUENCE.json."
_IGNORED = "inside an ignored region"
_NO_BOX = "without a box"


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """One annotated video: its usable people, why others are not, and the file as it was read."""

    path: Path
    content: Json  # with `ignored` for each annotation that was read
    people: tuple[Person, ...]
    skipped: Counter[str]
    noted: Counter[str]  # decided about images

    @property
    def name(self) -> str:
        """That of the annotation file and of the folder with the images."""
        return self.path.stem


def read_posetrack(root: Path, split: str, *, check_images: bool = True) -> People:
    """The usable people of all sequences of a split, in the order of their names, and counts of the skipped.

    Skipped are those whom COCO's reader skips, people without a box, and those all of whose labelled joints
    lie in ignored regions. Raises DataError, naming the file, where it is no PoseTrack18 or nobody is left.
    """
    return people_of(read_sequences(root, split, check_images=check_images), annotation_folder(root, split))


def read_sequences(root: Path, split: str, *, check_images: bool = True) -> Iterator[Sequence]:
    """The sequences of a split, in the order of their names; see `read_posetrack`."""
    for path, content in _sequences(Path(root), split):
        reasons = [_unusable(annotation) for annotation in content["annotations"]]
        kept = zip(content["annotations"], reasons, strict=True)
        usable = content | {"annotations": [annotation for annotation, reason in kept if reason is None]}
        reader = AnnotationReader(Path(root).resolve(), path, usable)
        people = reader.usable(check_images=check_images)
        skipped = reader.skipped + Counter(reason for reason in reasons if reason)
        yield Sequence(path, content, tuple(people), skipped, reader.noted)


def people_of(sequences: Iterable[Sequence], folder: Path) -> People:
    """The people of all sequences, read from `folder`. Raises DataError where nobody is left."""
    people: list[Person] = []
    skipped: Counter[str] = Counter()
    noted: Counter[str] = Counter()
    for sequence in sequences:
        people += sequence.people
        skipped += sequence.skipped
        noted += sequence.noted
    result = People(
        people=tuple(people), skipped=dict(skipped), skeleton=POSETRACK17, annotation_path=folder,
        noted=dict(noted),
    )  # fmt: skip
    if not people:
        raise DataError(
            f"{folder} has no usable person ({result.summary}). "
            "Use a split with labelled people whose images are there."
        )
    return result


def posetrack_annotations(root: Path, split: str) -> list[Json]:
    """A split's ground truth as COCO's records, for `CocoScorer`; who is in an ignored region is ignored."""
    records = (
        annotation for _, content in _sequences(Path(root), split) for annotation in content["annotations"]
    )
    return [
        record | {"keypoints": [], "num_keypoints": 0} if _unusable(record) else record for record in records
    ]


def locate_posetrack(root: Path, split: str) -> list[Path]:
    """The annotation file of each sequence; DataError where there is none."""
    paths = sorted(annotation_folder(root, split).glob("*.json"))
    if not paths:
        raise DataError(f"{annotation_folder(root, split)} has no *.json. {_LAYOUT.format(split=split)}")
    return paths


def annotation_folder(root: Path, split: str) -> Path:
    """Where the annotation files of a split lie."""
    return Path(root) / "annotations" / split


def _unusable(annotation: Json) -> str | None:
    return _NO_BOX if "bbox" not in annotation else _IGNORED if annotation["ignored"] else None


def _sequences(root: Path, split: str) -> Iterator[tuple[Path, Json]]:
    """The path of each annotation file and its content, with all that COCO's reader needs."""
    for path in locate_posetrack(root, split):
        content = load_json(path)
        try:
            _complete(root, content)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(
                f"{path} must be a PoseTrack18 annotation file, but: {error!r}. {_LAYOUT.format(split=split)}"
            ) from error
        yield path, content


def _complete(root: Path, content: Json) -> None:
    """Adds areas, image sizes and `ignored` where the file has none, and checks its joints."""
    for category in content["categories"]:
        _put_in_order(content["annotations"], category)
    regions = {image["id"]: _regions(image) for image in content["images"]}
    _add_sizes(root, content["images"])
    for annotation in content["annotations"]:
        annotation["ignored"] = _is_inside(annotation, regions.get(annotation["image_id"], []))
        if "bbox" in annotation:
            annotation.setdefault("area", float(annotation["bbox"][2] * annotation["bbox"][3]))


def _put_in_order(annotations: list[Json], category: Json) -> None:
    """Joints of the category as POSETRACK17 has them, by their names."""
    names = tuple(category.get("keypoints", POSETRACK17.names))
    places = places_of(POSETRACK17.names, names)
    if places is None:
        raise ValueError(f"its joints are {', '.join(names)}; {difference(names, POSETRACK17.names)}")
    category["keypoints"] = list(POSETRACK17.names)
    if places != tuple(range(len(names))):
        for annotation in annotations:
            if annotation.get("category_id") == category.get("id"):
                annotation["keypoints"] = placed(annotation["keypoints"], places)


def _add_sizes(root: Path, images: list[Json]) -> None:
    """The published files do not say how large the images are; those of a sequence are alike."""
    unsized = [image for image in images if "width" not in image or "height" not in image]
    if unsized:
        height, width = _common_size(root, unsized)
        for image in unsized:
            image |= {"height": height, "width": width}


def _common_size(root: Path, images: list[Json]) -> tuple[int, int]:
    """That of the first image that can be read; where none can, the refusal of the last."""
    fence, refused = Fence(root), DataError("")
    for path in (str(root / image["file_name"]) for image in images):
        try:
            if fence.holds(path):
                return image_size(path)
            refused = DataError(refusal(path, Flaw.OUTSIDE))
        except DataError as error:
            refused = error
    raise refused


def _regions(image: Json) -> list[np.ndarray]:
    """The ignored polygons of an image, each (P, 2) float32 px."""
    columns, rows = image.get("ignore_regions_x", ()), image.get("ignore_regions_y", ())
    return [np.column_stack(region).astype(np.float32) for region in zip(columns, rows, strict=True)]


def _is_inside(annotation: Json, regions: list[np.ndarray]) -> bool:
    """Whether each labelled joint lies in a region; False without labelled joints."""
    joints = np.asarray(annotation["keypoints"], dtype=np.float32).reshape(-1, 3)
    labelled = joints[joints[:, 2] > 0, :2].tolist()
    return bool(labelled) and all(
        any(cv2.pointPolygonTest(region, point, False) >= 0 for region in regions) for point in labelled
    )
