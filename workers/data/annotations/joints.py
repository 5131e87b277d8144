"""Labelled joints as one array; the flags say which joints there are."""

# Shapes: N annotations, K joints.
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workers.data.annotations.records import Records
from workers.data.annotations.values import BEYOND_PX, shown

MISCOUNTED = "people whose num_keypoints differs from their labelled joints, which count"


def labelled_joints(records: Records, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """(N, K, 3) float64 x, y, flag, and (N,) bool who has a list of joints; zeros for who has none.

    A joint whose flag is 0 may lie anywhere: where it lies nowhere (NaN, infinite, null) it is 0, 0, 0.
    Raises DataError where a flag is not 0, 1 or 2, or a labelled joint lies nowhere.
    """
    found, there = records.rows_of("keypoints", 3 * len(names))
    joints = np.where(there[:, None], found, 0.0).reshape(len(records), len(names), 3)
    flags = joints[..., 2]
    _refuse(records, ~np.isin(flags, (0, 1, 2)), names, "must have flag 0, 1 or 2", joints)
    nowhere = ~(np.abs(joints[..., :2]) <= BEYOND_PX).all(axis=-1)
    _refuse(records, nowhere & (flags > 0), names, "is labelled, so it must have finite x and y", joints)
    joints[nowhere] = 0.0
    return joints, there


def predicted_joints(records: Records, names: Sequence[str]) -> np.ndarray:
    """(N, K, 3) float64 x, y and any number, all finite and below 10^7. Raises DataError."""
    found, there = records.finite_rows("keypoints", 3 * len(names))
    records.refuse_first(~there, "{record} has no 'keypoints'")
    return found.reshape(len(records), len(names), 3)


def count_miscounted(records: Records, joints: np.ndarray) -> None:
    """Notes of how many annotations `num_keypoints` is not the number of their labelled joints."""
    counts = (joints[..., 2] > 0).sum(axis=1).tolist()
    pairs = zip(records.column("num_keypoints"), counts, strict=True)
    wrong = sum(given is not None and given != count for given, count in pairs)
    if wrong:
        records.notes[MISCOUNTED] += wrong


def _refuse(records: Records, wrong: np.ndarray, names: Sequence[str], what: str, joints: np.ndarray) -> None:
    if wrong.any():
        row, joint = (int(place) for place in np.unravel_index(wrong.argmax(), wrong.shape))
        value = joints[row, joint].tolist()
        records.refuse(row, f"joint {joint} of {{record}} ({shown(names[joint])}) {what}, but is {value}")
