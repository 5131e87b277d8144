"""One annotation file as columns: every record of the categories that count, checked.

What makes no sense (a number that is none, two records with one id) is refused by the record's id; what makes
sense but cannot be used stays in, marked, or is counted in `skipped`.
"""

# Shapes: N annotations, K joints.
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from workers.data.annotations.areas import FROM_BOX, areas_px2
from workers.data.annotations.categories import Category, read_categories, that_count
from workers.data.annotations.joints import count_miscounted, labelled_joints
from workers.data.annotations.opening import REPAIR, Json, Source, load_json
from workers.data.annotations.pictures import Pictures, read_pictures
from workers.data.annotations.records import Records, listed
from workers.data.skeleton import COCO17, Skeleton

Mask = np.ndarray | np.bool  # an array; NumPy's stubs say so of `any` along an axis
OTHER_CATEGORY = "of another category"
UNLISTED_CATEGORY = "of a category that is not listed"
SHARED_ID = "of an image id that two images have"
UNLISTED_IMAGE = "of an image that is not listed"


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Annotations:
    """The records of one file, row for row in its order."""

    place: Source
    pictures: Pictures
    categories: tuple[Category, ...]  # that count; their joints are alike
    skeleton: Skeleton
    records: Records  # for what only some layouts have
    ids: np.ndarray  # (N,) int64, no two alike
    picture_rows: np.ndarray  # (N,) int64 into `pictures`
    category_ids: np.ndarray  # (N,) int64
    boxes: np.ndarray  # (N, 4) float64 x, y, width, height px; zeros for who has none
    has_box: np.ndarray  # (N,) bool
    keypoints: np.ndarray  # (N, K, 3) float64 x, y px, flag 0, 1 or 2; zeros for who has none
    has_joints: np.ndarray  # (N,) bool: has a list of joints, labelled or not
    areas: np.ndarray  # (N,) float64 px^2; 0 for who has neither an area nor a box
    crowd: np.ndarray  # (N,) bool
    skipped: Mapping[str, int]  # records that are in no row, by reason
    notes: Mapping[str, int]  # what was read otherwise than it is written

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def image_ids(self) -> np.ndarray:
        """(N,) int64."""
        ids: np.ndarray = self.pictures.ids[self.picture_rows]
        return ids

    @property
    def labelled(self) -> np.ndarray:
        """(N,) int64 labelled joints of each."""
        counts: np.ndarray = (self.keypoints[..., 2] > 0).sum(axis=1)
        return counts

    def without_joints(self, rows: np.ndarray) -> Annotations:
        """With nobody of the mask (N,) labelled, as those are who are to be neither found nor missed."""
        return replace(self, keypoints=np.where(rows[:, None, None], 0.0, self.keypoints))


def read_annotations(
    place: Source,
    content: Json | None = None,
    *,
    pictures: Pictures | None = None,
    default: Skeleton = COCO17,
    repair: str = REPAIR,
) -> Annotations:
    """The columns of a file; `content` is what it holds and `pictures` its images, where they are known.

    `default` is the skeleton of categories that name no joints. Raises DataError of one line, naming the file
    and the record.
    """
    content = load_json(place, repair) if content is None else content
    pictures = read_pictures(place, content, repair) if pictures is None else pictures
    all_records = listed(place, content, "annotations", "annotation", repair)
    ids = all_records.unique("id")
    image_ids, category_ids = all_records.whole("image_id"), all_records.whole("category_id")
    category_records, categories = read_categories(place, content, repair)
    listing_joints = np.array([bool(joints) for joints in all_records.column("keypoints")], bool)
    peopled = set(category_ids[listing_joints].tolist())
    chosen, skeleton = that_count(place, categories, peopled, default, repair)
    picture_rows = pictures.rows_of(image_ids)
    rows, skipped = _kept(category_ids, categories, chosen, {
        SHARED_ID: np.isin(image_ids, pictures.shared_ids), UNLISTED_IMAGE: picture_rows < 0,
    })  # fmt: skip
    records = all_records.take(rows)
    columns = _columns(records, skeleton, pictures, picture_rows[rows])
    return Annotations(
        place=place, pictures=pictures, categories=chosen, skeleton=skeleton, records=records, ids=ids[rows],
        picture_rows=picture_rows[rows], category_ids=category_ids[rows], skipped=skipped,
        notes=pictures.records.notes + category_records.notes + records.notes, **columns,
    )  # fmt: skip


def _kept(
    category_ids: np.ndarray,
    categories: list[Category],
    chosen: tuple[Category, ...],
    unseen: Mapping[str, Mask],
) -> tuple[np.ndarray, Counter[str]]:
    """The rows of people whose image is known, and why others are none."""
    known = np.isin(category_ids, [category.id for category in categories])
    wanted = np.isin(category_ids, [category.id for category in chosen])
    return remaining(np.arange(len(category_ids)), {
        UNLISTED_CATEGORY: ~known, OTHER_CATEGORY: ~wanted, **unseen
    })  # fmt: skip


def remaining(rows: np.ndarray, reasons: Mapping[str, Mask]) -> tuple[np.ndarray, Counter[str]]:
    """The rows (N,) that no mask (N,) has, and how many each mask is the first to have."""
    left, counts = np.ones(len(rows), bool), Counter[str]()
    for reason, wrong in reasons.items():
        found = int((left & wrong).sum())
        if found:
            counts[reason] = found
        left &= ~wrong
    return rows[left], counts


def _columns(
    records: Records, skeleton: Skeleton, pictures: Pictures, picture_rows: np.ndarray
) -> dict[str, np.ndarray]:
    crowd = records.flag("iscrowd")
    keypoints, has_joints = labelled_joints(records, skeleton.names)
    boxes, has_box = records.finite_rows("bbox", 4)
    areas, by_box = areas_px2(records, boxes, pictures.sizes_hw[picture_rows].prod(axis=1))
    count_miscounted(records, keypoints)
    made = int((by_box & has_box & ~crowd & (keypoints[..., 2] > 0).any(axis=1)).sum())
    if made:
        records.notes[FROM_BOX] += made
    return {
        "crowd": crowd, "keypoints": keypoints, "has_joints": has_joints, "boxes": boxes, "has_box": has_box,
        "areas": areas,
    }  # fmt: skip
