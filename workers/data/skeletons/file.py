"""Left-right pairs, OKS sigmas and halves of the body as a person gives them, where names do not say them.

joints:                  # YAML, or the same as JSON; in any order
- name: L_Eye            # as the annotation file spells it
  partner: R_Eye         # the joint that a mirror makes of it; null on the centre line
  oks_sigma: 0.025       # COCO's measure of how far labels of this joint scatter
  upper_body: true       # by which half-body augmentation divides people
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from workers.data.joints.names import places_of, unlike
from workers.data.skeleton import Skeleton
from workers.errors import DataError
from workers.files import whole_file
from workers.yaml_files import load_yaml

_LIKE = "python -m platform.convert skeleton writes such a file from an annotation file."


def read_skeleton(path: Path) -> Skeleton:
    """The joints in the file's order. Raises DataError, naming the file, the joint and its field."""
    joints = _joints(path, _load(path))
    names = [joint["name"] for joint in joints]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise DataError(f"{path}: joint {name!r} is there twice. Name each joint once.")
    for joint in joints:
        _check_partner(path, joint, joints)
    pairs = {
        tuple(sorted((number, names.index(joint["partner"]))))
        for number, joint in enumerate(joints)
        if joint["partner"] is not None
    }
    return Skeleton(
        names=tuple(names),
        flip_pairs=tuple((first, second) for first, second in sorted(pairs)),
        oks_sigmas=tuple(float(joint["oks_sigma"]) for joint in joints),
        links=(),
        upper=tuple(joint["upper_body"] for joint in joints),
    )


def write_skeleton(path: Path, skeleton: Skeleton) -> None:
    """What is known of the joints, for a person to change; whole or not at all."""
    names, partner = skeleton.names, skeleton.flip_order.tolist()
    joints = [
        {
            "name": name,
            "partner": names[partner[number]] if partner[number] != number else None,
            "oks_sigma": round(skeleton.oks_sigmas[number], 6),
            "upper_body": bool(skeleton.upper_body[number]),
        }
        for number, name in enumerate(names)
    ]
    with whole_file(path) as draft:
        draft.write_text(yaml.safe_dump({"joints": joints}, sort_keys=False, allow_unicode=True), "utf-8")


def fitted_skeleton(given: Skeleton, found: Skeleton, path: Path) -> Skeleton:
    """The given skeleton for a data set's joints, in their order and with their links.

    Raises DataError, naming the joints, where the file `path` and the data set do not have the same.
    """
    places = places_of(found.names, given.names)
    if places is None:
        raise DataError(
            f"{path} must have the joints of the data, but {unlike(given.names, found.names)}. {_LIKE}"
        )
    new = {old: number for number, old in enumerate(places)}
    upper = given.upper_body.tolist()
    return Skeleton(
        names=found.names,
        flip_pairs=tuple((new[left], new[right]) for left, right in given.flip_pairs),
        oks_sigmas=tuple(given.oks_sigmas[old] for old in places),
        links=found.links,
        upper=tuple(upper[old] for old in places),
    )


def _load(path: Path) -> Any:
    try:
        if not path.is_file():
            raise DataError(f"{path} must be a file that describes joints, but it is none. {_LIKE}")
        return load_yaml(path)
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} must be readable YAML or JSON, but: {' '.join(str(error).split())}. {_LIKE}"
        ) from error


def _joints(path: Path, content: Any) -> list[dict[str, Any]]:
    if not isinstance(content, dict) or list(content) != ["joints"]:
        raise DataError(
            f"{path} must hold 'joints' and nothing else, but it holds {_short(content)}. {_LIKE}"
        )
    joints = content["joints"]
    if not isinstance(joints, list) or not joints:
        raise DataError(f"{path}: 'joints' must be a list of joints, but it is {_short(joints)}. {_LIKE}")
    for number, joint in enumerate(joints, start=1):
        _check_fields(path, number, joint)
    return joints


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_sigma(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and 0 < value <= 1


_FIELDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "name": (_is_name, "text, in quotes where it looks like a number or yes and no"),
    "partner": (lambda value: value is None or _is_name(value), "the name of another joint, or null"),
    "oks_sigma": (_is_sigma, "a number above 0, at most 1"),
    "upper_body": (lambda value: isinstance(value, bool), "true or false"),
}


def _check_fields(path: Path, number: int, joint: Any) -> None:
    if not isinstance(joint, dict) or set(joint) != set(_FIELDS):
        fields = ", ".join(_FIELDS)
        raise DataError(f"{path}: joint {number} must have {fields}, but it is {_short(joint)}. {_LIKE}")
    for field, (holds, what) in _FIELDS.items():
        if not holds(joint[field]):
            raise DataError(
                f"{path}: {field} of joint {number} ({_short(joint['name'])}) must be {what}, "
                f"but it is {_short(joint[field])}. {_LIKE}"
            )


def _check_partner(path: Path, joint: Mapping[str, Any], joints: list[dict[str, Any]]) -> None:
    name, partner = joint["name"], joint["partner"]
    back = {other["name"]: other["partner"] for other in joints}
    if partner is not None and (partner == name or back.get(partner) != name):
        said = f"has the partner {back[partner]!r}" if partner in back else "is no joint of the file"
        raise DataError(
            f"{path}: partner of joint {name!r} must be another joint whose partner is {name!r}, but "
            f"{partner!r} {said}. Name each of a pair at the other."
        )


def _short(value: Any) -> str:
    return reprlib.repr(value)
