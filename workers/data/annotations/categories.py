"""Which categories of a file are the people (or animals) that count, and which joints they have."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any, final

from workers.data.annotations.opening import REPAIR, Json, Source
from workers.data.annotations.records import Records, listed
from workers.data.annotations.values import shown, whole_number
from workers.data.skeleton import Skeleton, skeleton_from_names
from workers.errors import DataError

LOOSE_LINKS = "links of the skeleton that join no two joints, left out"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One kind of people or animals."""

    id: int
    name: str
    joints: tuple[str, ...]  # none where the file names none
    links: tuple[tuple[int, int], ...]  # indices into `joints`


def read_categories(place: Source, content: Json, repair: str = REPAIR) -> tuple[Records, list[Category]]:
    """Raises DataError where there is none, two have one id, or one's joints are no list of names."""
    records = listed(place, content, "categories", "category", repair)
    if not len(records):
        raise DataError(f"{place}: 'categories' is empty. {repair}")
    ids = records.unique("id").tolist()
    found = [_category(records, row, number) for row, number in enumerate(ids)]
    return records, found


def joint_names(place: Source, content: Json, repair: str = REPAIR) -> tuple[str, ...]:
    """The joints of the first category that names some, whatever else it is. Raises DataError."""
    records = listed(place, content, "categories", "category", repair)
    found = (_names(records, row) for row in range(len(records)))
    names = next((names for names in found if names), ())
    if not names:
        raise DataError(f"{place}: no category names its joints in 'keypoints'. {repair}")
    return names


def that_count(
    place: Source,
    categories: Sequence[Category],
    peopled: Set[int],
    default: Skeleton,
    repair: str = REPAIR,
) -> tuple[tuple[Category, ...], Skeleton]:
    """The categories of one skeleton: those that name equal joints, in equal order.

    Where categories name different joints, those count that have people; `peopled` are the ids of categories
    with records that list joints. Where none names joints, those with people count, else the first, with the
    joints of `default`. Raises DataError, by their names, where people have different joints.
    """
    named = [category for category in categories if category.joints]
    if not named:
        chosen = [each for each in categories if each.id in peopled] or list(categories[:1])
        return tuple(chosen), default
    joints = {each.joints: None for each in named if each.id in peopled} or {named[0].joints: None}
    if len(joints) > 1:
        firsts = [next(each.name for each in named if each.joints == names) for names in joints]
        raise DataError(
            f"{place}: people of one file must have the same joints, but those of categories "
            f"{' and '.join(map(shown, firsts))} differ. Write a file for each, with only its category."
        )
    (names,) = joints
    chosen = [each for each in named if each.joints == names]
    return tuple(chosen), skeleton_from_names(names, chosen[0].links)


def _category(records: Records, row: int, number: int) -> Category:
    name, joints = records.rows[row].get("name"), _names(records, row)
    return Category(
        id=number,
        name=name if isinstance(name, str) and name else f"category {number}",
        joints=joints,
        links=_links(records, row, len(joints)),
    )


def _names(records: Records, row: int) -> tuple[str, ...]:
    names = records.rows[row].get("keypoints") or []
    if not (isinstance(names, list) and all(isinstance(name, str) and name for name in names)):
        records.refuse(row, "'keypoints' of {record} must be a list of the joints' names")
    if len(set(names)) < len(names):
        records.refuse(row, "'keypoints' of {record} must name each joint once")
    return tuple(names)


def _links(records: Records, row: int, joints: int) -> tuple[tuple[int, int], ...]:
    """They are only drawn, so those that cannot be are left out and noted."""
    given = records.rows[row].get("skeleton")
    links = given if isinstance(given, list) else []
    good = tuple(link for link in map(_link, links) if link is not None and max(link) < joints)
    loose = len(links) - len(good) + (given is not None and not isinstance(given, list))
    if loose and joints:
        records.notes[LOOSE_LINKS] += loose
    return good


def _link(link: Any) -> tuple[int, int] | None:
    """The two joints of [1, 2], counted from 0; None where it is no pair of joints."""
    if not (isinstance(link, list) and len(link) == 2):
        return None
    first, second = map(whole_number, link)
    return (first - 1, second - 1) if first and second and min(first, second) > 0 else None
