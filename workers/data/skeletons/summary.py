"""What is decided about a data set's joints, in a few lines for a person to look over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from workers.data.joints.names import read_names
from workers.data.skeleton import COCO17, MEAN_SIGMA, POSETRACK17, Skeleton, without_known_sigma

_KNOWN = {COCO17.names: "COCO's", POSETRACK17.names: "PoseTrack18's"}
_MOST_NAMES = 40  # in a line; some data sets label a hundred joints


def summary_of(skeleton: Skeleton, given: Path | None = None) -> Iterator[str]:
    """One line of a known skeleton; else pairs, joints without a partner, sigmas and halves of the body.

    `given` is the file that pairs, sigmas and halves come from, where they do not come from the names.
    """
    known = _KNOWN.get(skeleton.names)
    if known is not None and given is None:
        yield f"{known} {skeleton.keypoints} joints, {len(skeleton.flip_pairs)} left-right pairs"
        return
    source = f" of {given}" if given else " by their names"
    pairs = [f"{skeleton.names[left]}/{skeleton.names[right]}" for left, right in skeleton.flip_pairs]
    yield f"{skeleton.keypoints} joints, {len(pairs)} left-right pairs{source}: {_listed(pairs)}"
    yield from _unpaired(skeleton)
    yield _sigmas(skeleton, given)
    upper = skeleton.upper_body
    yield f"upper body: {_chosen(skeleton, upper)}; lower body: {_chosen(skeleton, ~upper)}"
    if given is None:
        yield (
            "to give other pairs, sigmas or halves: python -m platform.convert skeleton, then --data.skeleton"
        )


def _unpaired(skeleton: Skeleton) -> Iterator[str]:
    paired = {joint for pair in skeleton.flip_pairs for joint in pair}
    alone = [name for index, name in enumerate(read_names(skeleton.names)) if index not in paired]
    if alone:
        centre = [name.spelling for name in alone]
        yield f"without a partner, so a flip takes them for joints on the centre line: {_listed(centre)}"
    lost = [name.spelling for name in alone if name.side is not None]
    if lost:
        yield f"of these, said to be left or right, but the other side is missing: {_listed(lost)}"


def _sigmas(skeleton: Skeleton, given: Path | None) -> str:
    if given is not None:
        return f"OKS sigmas of {given}: {min(skeleton.oks_sigmas):g} to {max(skeleton.oks_sigmas):g}"
    unknown = without_known_sigma(skeleton.names)
    found = f"OKS sigmas: COCO's for {skeleton.keypoints - len(unknown)} of {skeleton.keypoints} joints"
    return found + (f", {MEAN_SIGMA:.4f} (the mean of COCO's) for {_listed(unknown)}" if unknown else "")


def _chosen(skeleton: Skeleton, chosen: np.ndarray) -> str:
    return _listed(skeleton.names[index] for index in np.flatnonzero(chosen).tolist())


def _listed(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _MOST_NAMES} more" if len(listed) > _MOST_NAMES else ""
    return ", ".join(listed[:_MOST_NAMES]) + more if listed else "none"
