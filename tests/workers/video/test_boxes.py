"""Boxes of detectors and trackers, good and bad."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from workers.errors import DataError
from workers.video.boxes import read_boxes, whole_frames


def write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


def found(frame: Any, x: float = 10.0, **more: Any) -> dict[str, Any]:
    """A detector's box."""
    return {"image_id": frame, "category_id": 1, "bbox": [x, 20, 30, 60], "score": 0.9} | more


def tracked(frame: Any, track: Any = 1, **more: Any) -> dict[str, Any]:
    return {"image_id": frame, "bbox": [10, 20, 30, 60], "track_id": track} | more


BAD: list[tuple[Any, str]] = [
    (tracked(4, None), "without a track"),
    (tracked(4, -1), "without a track"),
    (tracked(4, "-1"), "without a track"),
    ({"image_id": 4, "bbox": [1, 2, 30, 40]}, "without a track"),
    (tracked(4, "somebody"), "whose track_id is no whole number"),
    (tracked(4, 1.5), "whose track_id is no whole number"),
    (tracked(4, float("nan")), "whose track_id is no whole number"),
    (tracked(4, 1 << 70), "whose track_id is no whole number"),
    (tracked(4, [1]), "whose track_id is no whole number"),
    (tracked(4, True), "whose track_id is no whole number"),
    (tracked(3, 1), "whose track has another box in the frame"),
    (tracked(4, bbox=None), "without a bbox"),
    ({"image_id": 4, "track_id": 1}, "without a bbox"),
    (tracked(4, bbox=[1, 2, 30]), "whose bbox is not four numbers"),
    (tracked(4, bbox=[1, 2, 30, "40"]), "whose bbox is not four numbers"),
    (tracked(4, bbox=[1, 2, 30, None]), "whose bbox is not four numbers"),
    (tracked(4, bbox=[1, float("nan"), 30, 40]), "whose bbox is not four numbers"),
    (tracked(4, bbox=[1, 2, float("inf"), 40]), "whose bbox is not four numbers"),
    (tracked(4, bbox="wide"), "whose bbox is not four numbers"),
    (tracked(4, bbox={"x": 1}), "whose bbox is not four numbers"),
    (tracked(4, bbox=[1, 2, 1e20, 40]), "whose bbox is beyond reason"),
    (tracked(4, bbox=[1, 2, -30, 40]), "below one pixel"),
    (tracked(4, bbox=[1, 2, 30, 0.5]), "below one pixel"),
    (tracked("clip"), "whose image_id is no frame's number"),
    (tracked(None), "whose image_id is no frame's number"),
    (tracked(-4), "whose image_id is no frame's number"),
    (tracked(4.5), "whose image_id is no frame's number"),
    (tracked([4]), "whose image_id is no frame's number"),
    (tracked("9" * 5000), "whose image_id is no frame's number"),
    (None, "that are no objects"),
    ([4, 1, 2, 3], "that are no objects"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD)
def test_a_bad_box_costs_that_box_and_is_counted(bad: Any, reason: str, tmp_path: Path) -> None:
    good = [tracked(frame) for frame in range(6) if frame != 4]
    boxes = read_boxes(write(tmp_path / "x.json", [*good, bad]))
    assert boxes.left_out == {reason: 1}
    assert boxes.tracks is None
    assert [boxes.at(frame).track_ids.tolist() for frame in range(6)] == [[1], [1], [1], [1], [], [1]]
    assert list(boxes.lines()) == [f"boxes: 5 used; left out: 1 {reason}"]
    alone = write(tmp_path / "alone.json", [bad, bad])
    if reason not in ("without a track", "whose track has another box in the frame"):
        with pytest.raises(DataError, match=rf"alone\.json has no usable box: 2 {reason}"):
            read_boxes(alone)


def test_a_detectors_boxes_get_tracks_by_overlap(tmp_path: Path) -> None:
    records = [
        found(2, 14.0),
        found(0, 10.0),
        found(1, 102.0),
        found(1, 12.0),
        found(0, 100.0),
        found(9, 12.0),
    ]
    boxes = read_boxes(write(tmp_path / "x.json", records))
    assert {frame: boxes.at(frame).track_ids.tolist() for frame in boxes.of_frame} == {
        0: [1, 2], 1: [2, 1], 2: [1], 9: [3],
    }  # fmt: skip
    assert list(boxes.lines()) == ["boxes: no tracks in the file; 3 found by the overlap of boxes"]


@pytest.mark.parametrize("track", [None, -1])
def test_a_file_in_which_nobody_has_a_track_is_a_detectors(track: int | None, tmp_path: Path) -> None:
    boxes = read_boxes(write(tmp_path / "x.json", [tracked(frame, track) for frame in range(3)]))
    assert (boxes.tracks, boxes.left_out) == (1, {})
    content = {
        "images": [{"id": 7, "file_name": "v/000003.jpg", "width": 64, "height": 48}],
        "annotations": [tracked(7, track), tracked(8, track)],
    }
    boxes = read_boxes(write(tmp_path / "y.json", content))
    assert boxes.at(3).track_ids.tolist() == [1]
    assert boxes.left_out == {"of an image that is not listed": 1}
    assert boxes.stated_hw == {3: (48, 64)}


@pytest.mark.parametrize("frame", [12, 12.0, "12", "000012", "000012.jpg", "frames/000012.png"])
def test_a_frame_is_named_by_its_number_or_by_its_image(frame: Any, tmp_path: Path) -> None:
    assert list(read_boxes(write(tmp_path / "x.json", [found(frame)])).of_frame) == [12]


def test_people_of_a_detectors_many_categories_that_score_enough_are_followed(tmp_path: Path) -> None:
    records = [found(0), found(0, category_id=3), found(0, 200.0, score=0.2), found(0, 90.0, score="high")]
    boxes = read_boxes(write(tmp_path / "x.json", records))
    assert boxes.at(0).xywh_px.tolist() == [[10, 20, 30, 60]]
    assert boxes.left_out == {
        "of another category than people": 1, "with a score below 0.3": 1, "whose score is no number": 1
    }  # fmt: skip
    assert len(read_boxes(write(tmp_path / "x.json", records), least_score=0.1).at(0).track_ids) == 2
    one_kind = [found(0, category_id=0), found(1, category_id=0)]
    assert read_boxes(write(tmp_path / "x.json", one_kind)).tracks == 1
    with pytest.raises(DataError, match="with category_id 1, as COCO numbers them, but it has 0, 2"):
        read_boxes(write(tmp_path / "x.json", [found(0, category_id=0), found(1, category_id=2)]))


def test_a_whole_frame_is_one_person_as_large_as_it() -> None:
    boxes = whole_frames()
    assert boxes.at(3, (48, 64)).xywh_px.tolist() == [[0, 0, 64, 48]]
    assert boxes.at(3, (48, 64)).track_ids.tolist() == [1]
    assert list(boxes.lines()) == []
