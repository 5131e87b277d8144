from __future__ import annotations

import contextlib
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO

from spaces.errors import BoundError
from workers.data.coco import read_people
from workers.data.synthetic.config import SyntheticConfig
from workers.data.synthetic.dataset import MARKER, write_synthetic_dataset
from workers.errors import DataError
from workers.processes import Helper

CONFIG = SyntheticConfig(
    seed=3, clips=5, frames_per_clip=3, people_per_clip=2, validation_fraction=0.4, difficulty=1.0
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_synthetic_dataset(tmp_path_factory.mktemp("data") / "data", CONFIG)


def _files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def _coco(root: Path, split: str) -> COCO:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(root / "annotations" / f"person_keypoints_{split}2017.json")


def test_one_configuration_gives_the_same_bytes_again(data: Path, tmp_path: Path) -> None:
    again = write_synthetic_dataset(tmp_path / "again", CONFIG)
    assert _files(again) == _files(data)


def test_many_clips_are_drawn_by_several_processes_with_the_same_bytes(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.data.synthetic.dataset.CLIPS_A_PROCESS", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    started: list[Helper] = []

    def start(*arguments: Any) -> Helper:
        started.append(Helper(*arguments))
        return started[-1]

    monkeypatch.setattr("workers.data.synthetic.dataset.Helper", start)
    again = write_synthetic_dataset(tmp_path / "again", CONFIG)
    assert _files(again) == _files(data)
    assert len(started) == 2 + 2, "for each split"
    assert not any(helper.close.alive for helper in started), "all were ended"


def test_another_seed_gives_other_images(data: Path, tmp_path: Path) -> None:
    other = write_synthetic_dataset(tmp_path / "other", SyntheticConfig(seed=4, clips=2, frames_per_clip=1))
    name = "train2017/000000000001.jpg"
    assert (other / name).read_bytes() != (data / name).read_bytes()


def test_a_clip_is_the_same_however_many_clips_are_drawn(data: Path, tmp_path: Path) -> None:
    small = write_synthetic_dataset(tmp_path / "small", replace(CONFIG, clips=2))
    name = "train2017/000000000002.jpg"
    assert (small / name).read_bytes() == (data / name).read_bytes()


def test_both_layouts_hold_every_frame_and_no_clip_is_in_both_splits(data: Path) -> None:
    splits = {split: _coco(data, split) for split in ("train", "val")}
    sequences = {split: {image["sequence"] for image in coco.imgs.values()} for split, coco in splits.items()}
    assert sequences["train"] == {"000000_made", "000001_made", "000002_made"}
    assert sequences["val"] == {"000003_made", "000004_made"}
    for split, coco in splits.items():
        assert len(coco.imgs) == 3 * len(sequences[split])
        folder = data / "posetrack18" / "annotations" / split
        assert {path.stem for path in folder.iterdir()} == sequences[split]


def test_pycocotools_reads_what_the_images_show(data: Path) -> None:
    coco = _coco(data, "train")
    for image in coco.imgs.values():
        pixels = cv2.imread(str(data / "train2017" / image["file_name"]))
        assert pixels is not None
        assert pixels.shape == (image["height"], image["width"], 3) == (240, 320, 3)
        annotations = coco.loadAnns(coco.getAnnIds(imgIds=image["id"]))
        assert [annotation["track_id"] for annotation in annotations] == [0, 1]
    visibilities = set()
    for annotation in coco.anns.values():
        keypoints = np.array(annotation["keypoints"]).reshape(17, 3)
        visibilities |= set(keypoints[:, 2].tolist())
        assert annotation["num_keypoints"] == (keypoints[:, 2] > 0).sum()
        assert (keypoints[keypoints[:, 2] == 0] == 0).all()
        assert (keypoints[:, 0] <= 319).all()
        assert (keypoints[:, 1] <= 239).all()
        x, y, width, height = annotation["bbox"]
        assert x >= 0 and y >= 0 and x + width <= 320 and y + height <= 240  # noqa: PT018
        assert 0 < annotation["area"] <= width * height
    assert visibilities == {0, 1, 2}


def test_the_platform_reads_its_own_synthetic_people(data: Path) -> None:
    for split, clips in (("train2017", 3), ("val2017", 2)):
        people = read_people(data, split)
        assert len(people) + sum(people.skipped.values()) == clips * 3 * 2
        assert set(people.skipped) <= {"without labelled keypoints"}


def test_posetrack_files_share_the_images_of_the_coco_layout(data: Path) -> None:
    document = json.loads((data / "posetrack18" / "annotations" / "val" / "000003_made.json").read_text())
    for frame, image in enumerate(document["images"]):
        linked = data / "posetrack18" / image["file_name"]
        assert linked.samefile(data / "val2017" / f"{30_000 + frame + 1:012d}.jpg")


def test_a_finished_data_set_is_left_as_it_is(data: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in data.rglob("*")}
    assert write_synthetic_dataset(data, CONFIG) == data
    assert {path: path.stat().st_mtime_ns for path in data.rglob("*")} == before
    assert [path.name for path in data.parent.iterdir()] == ["data"], "no draft is left beside it"


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    root = write_synthetic_dataset(tmp_path, SyntheticConfig(clips=2, frames_per_clip=1, people_per_clip=1))
    assert (root / MARKER).is_file()


def test_another_configuration_in_the_same_folder_is_refused(data: Path) -> None:
    with pytest.raises(DataError, match=r'another configuration.*"seed": 3.*"seed": 9.*Name another folder'):
        write_synthetic_dataset(data, SyntheticConfig(seed=9))


def test_a_folder_without_the_finished_marker_is_neither_taken_nor_touched(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"mine")
    with pytest.raises(DataError, match=r"no finished synthetic data set \(no made.json\) but is not empty"):
        write_synthetic_dataset(tmp_path, CONFIG)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_a_failed_writing_leaves_nothing_behind(tmp_path: Path) -> None:
    root = tmp_path / ("n" * 250)  # the draft's name is longer than a file system takes
    with pytest.raises(OSError, match="File name too long"):
        write_synthetic_dataset(root, CONFIG)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seed", -1),
        ("clips", 1),
        ("frames_per_clip", 0),
        ("people_per_clip", 13),
        ("width_px", 20),
        ("height_px", 9999),
        ("difficulty", 1.5),
    ],
)
def test_an_impossible_number_is_refused_by_name(field: str, value: float) -> None:
    with pytest.raises(BoundError, match=f"{field} must be .*from .* to .*, but it is {value}"):
        SyntheticConfig(**{field: value})  # type: ignore[arg-type]


def test_a_validation_fraction_outside_0_to_1_is_refused() -> None:
    with pytest.raises(BoundError, match=r"validation_fraction must be a share in \(0, 1\), but it is 1\.5"):
        SyntheticConfig(validation_fraction=1.5)


@pytest.mark.parametrize(("fraction", "validation"), [(0.01, 1), (0.99, 9), (0.3, 3)])
def test_both_splits_always_have_a_clip(fraction: float, validation: int) -> None:
    config = SyntheticConfig(clips=10, validation_fraction=fraction)
    assert len(config.clips_of("val")) == validation
    assert len(config.clips_of("train")) == 10 - validation
