"""People of one data set with their joints in another's order: by name, never by number."""

# Shapes: K joints.
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from workers.data.joints.names import places_of, unlike
from workers.data.people import People
from workers.data.skeleton import Skeleton
from workers.errors import DataError


def with_joints_like(people: People, wanted: Skeleton, whose: str) -> People:
    """The people with the joints of `wanted`, in its order; as they are where they have that order.

    Raises DataError, naming the joints, where they do not have the same ones as `whose` data.
    """
    names = people.skeleton.names
    if names == wanted.names:
        return replace(people, skeleton=wanted)
    places = places_of(wanted.names, names)
    if places is None:
        raise DataError(
            f"{people.annotation_path} must have the joints of {whose}, but "
            f"{unlike(names, wanted.names)}. Name them alike, or use a split with the same joints."
        )
    moved = tuple(
        replace(person, keypoints=np.ascontiguousarray(person.keypoints[list(places)]))
        for person in people.people
    )
    return replace(people, people=moved, skeleton=wanted, file_places=_behind(people, places))


def _behind(people: People, places: Sequence[int]) -> tuple[int, ...]:
    """Places of the joints in the file, of people that may have been moved before."""
    before = people.file_places or range(people.skeleton.keypoints)
    return tuple(before[place] for place in places)
