from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from workers.data.skeleton import COCO17, MEAN_SIGMA, Skeleton, skeleton_from_names
from workers.data.skeletons.file import fitted_skeleton, read_skeleton, write_skeleton
from workers.data.skeletons.summary import summary_of
from workers.errors import DataError

NAMES = ("Beak", "Wing A", "Wing B", "Knee")


def given() -> list[dict[str, Any]]:
    """Two wings that no name says to be a pair."""
    return [
        {"name": "Wing A", "partner": "Wing B", "oks_sigma": 0.1, "upper_body": True},
        {"name": "Wing B", "partner": "Wing A", "oks_sigma": 0.1, "upper_body": True},
        {"name": "Beak", "partner": None, "oks_sigma": 0.02, "upper_body": True},
        {"name": "Knee", "partner": None, "oks_sigma": 0.05, "upper_body": False},
    ]


def write(path: Path, joints: Any) -> Path:
    path.write_text(json.dumps({"joints": joints}))
    return path


def test_a_given_skeleton_takes_the_order_and_the_links_of_the_data(tmp_path: Path) -> None:
    path = write(tmp_path / "skeleton.json", given())
    found = skeleton_from_names(NAMES, links=((0, 3),))
    skeleton = fitted_skeleton(read_skeleton(path), found, path)
    assert skeleton == Skeleton(
        names=NAMES, flip_pairs=((1, 2),), oks_sigmas=(0.02, 0.1, 0.1, 0.05), links=((0, 3),),
        upper=(True, True, True, False),
    )  # fmt: skip
    assert skeleton.flip_order.tolist() == [0, 2, 1, 3]
    assert skeleton.upper_body.tolist() == [True, True, True, False]


@pytest.mark.parametrize("name", ["skeleton.yaml", "skeleton.json"])
def test_what_is_written_is_read_again(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    write_skeleton(path, COCO17)
    skeleton = fitted_skeleton(read_skeleton(path), COCO17, path)
    assert skeleton.flip_order.tolist() == COCO17.flip_order.tolist()
    assert skeleton.oks_sigmas == COCO17.oks_sigmas
    assert skeleton.upper_body.tolist() == COCO17.upper_body.tolist()


def test_names_that_yaml_takes_for_something_else_are_written_in_quotes(tmp_path: Path) -> None:
    names = ("yes", "7", "null", "L: eye")
    write_skeleton(tmp_path / "skeleton.yaml", skeleton_from_names(names))
    assert read_skeleton(tmp_path / "skeleton.yaml").names == names


@pytest.mark.parametrize(
    ("place", "field", "value", "says"),
    [
        (0, "name", 7, "name of joint 1 .* must be text"),
        (0, "name", " ", "name of joint 1 .* must be text"),
        (2, "name", "Wing A", "joint 'Wing A' is there twice"),
        (0, "partner", 3, "partner of joint 1 .* must be the name of another joint, or null"),
        (0, "partner", "Wing C", "'Wing C' is no joint of the file"),
        (0, "partner", "Wing A", "must be another joint whose partner is 'Wing A'"),
        (1, "partner", None, "'Wing B' has the partner None"),
        (0, "oks_sigma", 0, "oks_sigma of joint 1 .* must be a number above 0"),
        (0, "oks_sigma", float("nan"), "oks_sigma of joint 1 .* must be a number above 0"),
        (0, "oks_sigma", "0.1", "oks_sigma of joint 1 .* must be a number above 0"),
        (0, "oks_sigma", True, "oks_sigma of joint 1 .* must be a number above 0"),
        (3, "upper_body", 1, "upper_body of joint 4 .* must be true or false"),
        (3, "weight", 1, "joint 4 must have name, partner, oks_sigma, upper_body, but it is"),
    ],
)
def test_each_field_is_checked_by_name(place: int, field: str, value: Any, says: str, tmp_path: Path) -> None:
    joints = given()
    joints[place][field] = value
    with pytest.raises(DataError, match=rf"skeleton\.json: .*{says}") as refusal:
        read_skeleton(write(tmp_path / "skeleton.json", joints))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("joints: [", "must be readable YAML"),
        ("\x00", "must be readable YAML"),
        ("", "must hold 'joints'"),
        ("joints: 3", "'joints' must be a list"),
        ("joints: []", "'joints' must be a list"),
        ("joints: [1]", "joint 1 must have name"),
        ("joints: []\nlinks: []", "must hold 'joints' and nothing else"),
        ("[" * 5000, "must be readable YAML"),
        ("!!python/object/apply:os.getcwd []", "must be readable YAML"),
        ("#" * (1 << 20) + "\n#", "at most"),
    ],
)
def test_what_is_no_skeleton_is_refused_in_one_line(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "skeleton.yaml").write_text(text)
    with pytest.raises(DataError, match=says) as refusal:
        read_skeleton(tmp_path / "skeleton.yaml")
    assert "\n" not in str(refusal.value)
    with pytest.raises(DataError, match="must be a file that describes joints"):
        read_skeleton(tmp_path / "gone.yaml")


def test_a_skeleton_of_other_joints_is_refused_by_their_names(tmp_path: Path) -> None:
    path = write(tmp_path / "skeleton.json", given())
    found = skeleton_from_names(("Beak", "Wing A", "Wing B", "Claw"))
    with pytest.raises(DataError, match="it lacks Claw and it has Knee"):
        fitted_skeleton(read_skeleton(path), found, path)


def test_joints_without_a_partner_and_without_a_sigma_are_said(tmp_path: Path) -> None:
    names = ("Nose", "L_Eye", "R_Eye", "L_Paw", "tail", "L_Hip", "R_Hip")
    pairs, centre, lost, sigmas, halves, help_ = summary_of(skeleton_from_names(names))
    assert pairs == "7 joints, 2 left-right pairs by their names: L_Eye/R_Eye, L_Hip/R_Hip"
    assert centre.endswith("joints on the centre line: Nose, L_Paw, tail")
    assert lost.endswith("the other side is missing: L_Paw")
    assert (
        sigmas
        == f"OKS sigmas: COCO's for 5 of 7 joints, {MEAN_SIGMA:.4f} (the mean of COCO's) for L_Paw, tail"
    )
    assert halves == "upper body: Nose, L_Eye, R_Eye, L_Paw, tail; lower body: L_Hip, R_Hip"
    assert "--data.skeleton" in help_


def test_known_joints_are_one_line_and_given_ones_name_their_file(tmp_path: Path) -> None:
    assert list(summary_of(COCO17)) == ["COCO's 17 joints, 8 left-right pairs"]
    path = write(tmp_path / "skeleton.json", given())
    pairs, centre, sigmas, halves = summary_of(read_skeleton(path), path)
    assert pairs == f"4 joints, 1 left-right pairs of {path}: Wing A/Wing B"
    assert centre.endswith("Beak, Knee")
    assert sigmas == f"OKS sigmas of {path}: 0.02 to 0.1"
    assert halves == "upper body: Wing A, Wing B, Beak; lower body: Knee"


def test_a_yaml_file_may_be_written_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "skeleton.yaml"
    path.write_text("\ufeff# by hand\n" + yaml.safe_dump({"joints": given()}), encoding="utf-8")
    assert read_skeleton(path).names == ("Wing A", "Wing B", "Beak", "Knee")
