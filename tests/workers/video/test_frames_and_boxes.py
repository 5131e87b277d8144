from __future__ import annotations

import json
import os
import resource
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.workers.data.some_pictures import corner_picture, png, png_bomb, stored_for
from tests.workers.data.some_pictures import write as write_bytes
from tests.workers.video.counting import Counted
from workers.data.images import Flaw, Turn
from workers.data.skeleton import POSETRACK17
from workers.errors import DataError
from workers.video.boxes import read_boxes
from workers.video.drawing import draw_poses, track_colour
from workers.video.follow import follow
from workers.video.frames import FrameNotes, frames_per_second, read_frames
from workers.video.streaming import FramePoses, StreamingPredictor
from workers.video.writer import VideoWriter


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Frames 2, 3, 5 and 10 of one video, each as bright as its number says, and a file that is no frame."""
    (tmp_path / "frames").mkdir()
    for number in (10, 2, 5, 3):
        grey = np.full((48, 64, 3), 10 * number, np.uint8)
        cv2.imwrite(str(tmp_path / "frames" / f"{number:06d}.png"), grey)
    (tmp_path / "frames" / "cover.png").write_bytes(b"")
    return tmp_path / "frames"


def write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


def person(image_id: Any, track_id: Any, **more: Any) -> dict[str, Any]:
    return {"image_id": image_id, "track_id": track_id, "bbox": [4, 4, 20, 30], "score": 0.9} | more


def document(labelled: dict[int, list[dict[str, Any]]], unlabelled: tuple[int, ...] = ()) -> dict[str, Any]:
    """Image ids are 100 more than the frames' numbers."""
    images = [
        {"id": 100 + number, "file_name": f"images/val/x/{number:06d}.jpg", "is_labeled": number in labelled}
        for number in sorted([*labelled, *unlabelled])
    ]
    return {"images": images, "annotations": [each for people in labelled.values() for each in people]}


def test_a_folders_frames_come_by_number_and_only_the_wanted_are_read(folder: Path) -> None:
    frames = list(read_frames(folder))
    assert [(frame.number, int(frame.image[0, 0, 0])) for frame in frames] == [
        (2, 20), (3, 30), (5, 50), (10, 100)
    ]  # fmt: skip
    (folder / "000005.png").write_bytes(b"broken")
    assert [frame.number for frame in read_frames(folder, {2, 10})] == [2, 10]
    assert frames_per_second(folder) is None
    with pytest.raises(DataError, match=r"cannot decode image .*000005\.png"):
        list(read_frames(folder))


def test_a_video_that_was_written_is_read_frame_by_frame(tmp_path: Path) -> None:
    path = tmp_path / "out" / "some.mp4"
    with VideoWriter(path, 12.5) as writer:
        for grey in (20, 120, 220):
            writer.write(np.full((48, 64, 3), grey, np.uint8))
        assert not path.exists()
    assert list(path.parent.iterdir()) == [path]
    assert frames_per_second(path) == pytest.approx(12.5)
    seen = [(frame.number, round(float(frame.image.mean()))) for frame in read_frames(path, {0, 2})]
    assert [number for number, _ in seen] == [0, 2]
    assert np.abs(np.array([grey for _, grey in seen]) - (20, 220)).max() < 10


def test_a_video_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def broken_off() -> None:
        with VideoWriter(tmp_path / "a.mp4", 10) as writer:
            writer.write(np.zeros((48, 64, 3), np.uint8))
            writer.write(np.zeros((64, 48, 3), np.uint8))

    with pytest.raises(DataError, match=r"of one size, but after \(48, 64\) comes \(64, 48\)"):
        broken_off()
    assert list(tmp_path.iterdir()) == []


def test_a_video_that_ends_before_its_own_count_is_refused(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.avi", tmp_path / "cut.avi"
    writer = cv2.VideoWriter(str(whole), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for seed in range(20):
        writer.write(np.random.default_rng(seed).integers(0, 255, (48, 64, 3), np.uint8))
    writer.release()
    assert len(list(read_frames(whole))) == 20
    content = whole.read_bytes()
    cut.write_bytes(content[: len(content) * 6 // 10])
    with pytest.raises(DataError, match=r"cut.avi must have the 20 frames that it counts, but it ends"):
        list(read_frames(cut))


def test_a_disk_that_fills_while_a_video_is_written_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    """A limit on the size of files takes as little as a full disk does."""

    def written() -> None:
        with VideoWriter(tmp_path / "a.mp4", 10) as writer:
            for seed in range(30):
                writer.write(np.random.default_rng(seed).integers(0, 255, (96, 128, 3), np.uint8))

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(DataError, match="must hold 30 frames, but could not be written whole"):
            written()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="but it does not exist"):
        list(read_frames(tmp_path / "gone.mp4"))
    with pytest.raises(DataError, match="images named by the numbers"):
        list(read_frames(tmp_path))


def test_a_posetrack_file_says_which_frames_were_looked_at(tmp_path: Path) -> None:
    content = document({2: [person(102, 7), person(102, 8)], 3: []}, unlabelled=(4,))
    boxes = read_boxes(write(tmp_path / "x.json", content))
    assert boxes.images is not None
    assert list(boxes.images) == [2, 3]
    assert boxes.at(2).track_ids.tolist() == [7, 8]
    assert len(boxes.at(3).track_ids) == 0
    assert boxes.image(2, "other.png")["file_name"] == "images/val/x/000002.jpg"


def test_of_a_trackers_list_every_frame_was_looked_at(tmp_path: Path) -> None:
    found = [person(3, 1), person(5, 1, bbox=[0, 0, 0.5, 9]), person(5, 2, bbox=[1, 2, 3, 4.5])]
    boxes = read_boxes(write(tmp_path / "x.json", found))
    assert boxes.images is None
    assert boxes.at(5).xywh_px.tolist() == [[1, 2, 3, 4.5]]
    assert boxes.at(5).track_ids.tolist() == [2]
    assert boxes.image(9, "000009.jpg") == {"id": 9, "file_name": "000009.jpg"}


def test_a_box_that_cannot_be_followed_costs_that_box_and_is_counted(tmp_path: Path) -> None:
    loose = [person(3, track) for track in (None, -1)]
    nowhere = [person(3, 1, bbox=[1, 2, bad, 4]) for bad in (float("nan"), None, 10**400)]
    boxes = read_boxes(
        write(tmp_path / "x.json", [person("3", "1"), *loose, *nowhere, person(3, 2, bbox=None)])
    )
    assert (boxes.at(3).track_ids.tolist(), list(boxes.of_frame)) == ([1], [3])
    assert boxes.left_out == {
        "without a bbox": 1, "without a track": 2, "whose bbox is not four numbers": 3
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ([person(1, "a")], "no usable box: 1 whose track_id is no whole number"),
        ([person(1, 1, bbox="wide")], "no usable box: 1 whose bbox is not four numbers"),
        ([person(-1, 1)], "no usable box: 1 whose image_id is no frame's number"),
        ([7, 8], "no usable box: 2 that are no objects"),
        ([{"bbox": [1, 2, 3, 4], "track_id": 1}], "no usable box: 1 whose image_id is no frame's number"),
        ([], "has no usable box: no box at all"),
        ({"annotations": []}, "the file has no 'images'"),
        ({"images": []}, "'annotations' must be a list of objects"),
        (
            {"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": []},
            "image 1 must be named by the number of its frame",
        ),
        ([person(1, 1, bbox=[1, 2, 3])], "no usable box: 1 whose bbox is not four numbers"),
        ("none", "must hold a JSON object or list"),
        (7, "must hold a JSON object or list"),
    ],
)
def test_boxes_that_cannot_be_used_are_refused_by_name(content: Any, says: str, tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", content)
    with pytest.raises(DataError, match=f"{path.name}.*{says}"):
        read_boxes(path)


def test_a_video_is_followed_in_order_and_anew_behind_a_long_gap(folder: Path, tmp_path: Path) -> None:
    people = {number: [person(100 + number, 1)] for number in (2, 3, 5, 10)}
    boxes = read_boxes(write(tmp_path / "x.json", document(people)))
    counted = Counted(3)
    followed = list(follow(StreamingPredictor(counted.networks), folder, boxes))
    assert [each.frame.number for each in followed] == [2, 3, 5, 10]
    assert [each.poses.places.tolist() for each in followed] == [[0], [1], [2], [0]]
    assert [call.place for call in counted.calls[:4]] == [0, 1, 2, 3], "each network runs before time counts"
    assert [call.place for call in counted.calls[4:]] == [0, 1, 2, 0]


def test_who_is_in_no_box_of_a_frame_in_between_begins_anew(folder: Path, tmp_path: Path) -> None:
    boxes = read_boxes(write(tmp_path / "x.json", [person(2, 1), person(5, 1)]))
    followed = list(follow(StreamingPredictor(Counted(3).networks), folder, boxes))
    assert [each.poses.places.tolist() for each in followed] == [[0], [], [0], []]


def test_boxes_of_frames_that_are_not_there_are_refused(folder: Path, tmp_path: Path) -> None:
    boxes = read_boxes(write(tmp_path / "x.json", [person(2, 1), person(4, 1), person(11, 1)]))
    with pytest.raises(DataError, match=r"the boxes are of frame 4, .* \(2 such frames\)"):
        list(follow(StreamingPredictor(Counted(1).networks), folder, boxes))


def test_a_drawing_shows_sure_joints_and_boxes_at_key_frames_alone() -> None:
    keypoints = np.zeros((2, 17, 2))
    keypoints[:, :, 0] = np.linspace(60, 100, 17)
    keypoints[:, :, 1] = np.array([60, 160])[:, None]
    scores = np.full((2, 17), 0.9)
    scores[:, 8:] = 0.0
    poses = FramePoses(
        track_ids=np.array([1, 2]), boxes_xywh_px=np.array([[50, 40, 60, 40], [50, 140, 60, 40]], float),
        keypoints=keypoints, scores=scores, places=np.array([0, 2]),
    )  # fmt: skip
    blank = np.full((200, 160, 3), 7, np.uint8)
    drawn = draw_poses(blank, poses, POSETRACK17)
    assert (blank == 7).all(), "the frame itself must stay as it is"
    for row, y in enumerate((60, 160)):
        assert drawn[y, 60].tolist() == [255, 255, 255]
        assert (drawn[y, 95] == 7).all(), "a joint that is not sure must not be drawn"
        has_box = not (drawn[y, 110] == 7).all()
        assert has_box == (row == 0)
    assert track_colour(1) != track_colour(2)


def test_labels_of_people_at_one_place_do_not_hide_each_other() -> None:
    count = 3
    poses = FramePoses(
        track_ids=np.arange(count), boxes_xywh_px=np.tile([20.0, 30.0, 40.0, 90.0], (count, 1)),
        keypoints=np.zeros((count, 17, 2)), scores=np.zeros((count, 17)), places=np.ones(count, np.int64),
    )  # fmt: skip
    drawn = draw_poses(np.zeros((200, 160, 3), np.uint8), poses, POSETRACK17)
    shown = [int((drawn == track_colour(track)).all(axis=2).sum()) for track in range(count)]
    assert min(shown) > 0.8 * max(shown) > 0


def test_frames_are_turned_by_their_exif_orientation_and_it_is_counted(tmp_path: Path) -> None:
    shown = corner_picture()
    for number, orientation in enumerate((1, 3, 6, 8)):
        content = png(stored_for(shown, orientation), orientation)
        write_bytes(tmp_path / "frames" / f"{number}.png", content)
    notes = FrameNotes()
    for frame in read_frames(tmp_path / "frames", notes=notes):
        assert np.array_equal(frame.image, shown)
    assert list(notes.lines()) == [f"frames: 3 {Turn.AS_OPENCV}"]
    stored = {2: (90, 60)}
    (kept,) = read_frames(tmp_path / "frames", {2}, stored, notes)
    assert kept.image.shape == (90, 60, 3)
    assert notes.turned[Turn.AS_STORED] == 1


@pytest.mark.timeout(60)
def test_frames_that_are_pipes_links_out_or_bombs_are_left_out_and_said(folder: Path, tmp_path: Path) -> None:
    os.mkfifo(folder / "000004.png")
    write_bytes(tmp_path / "secret.png", png(corner_picture()))
    (folder / "000006.png").symlink_to(tmp_path / "secret.png")
    write_bytes(folder / "000007.png", png_bomb())
    boxes = read_boxes(write(tmp_path / "x.json", [person(number, 1) for number in (2, 4, 6, 7)]))
    notes = FrameNotes()
    followed = list(follow(StreamingPredictor(Counted(1).networks), folder, boxes, notes))
    assert [each.frame.number for each in followed] == [2, 3, 5, 10]
    assert notes.skipped == {4: Flaw.NOT_A_FILE, 6: Flaw.OUTSIDE, 7: Flaw.TOO_LARGE}
    assert f"frames left out: 1 {Flaw.OUTSIDE}" in list(notes.lines())
    for path in folder.iterdir():
        if path.name not in ("000004.png", "000006.png"):
            path.unlink()
    boxes = read_boxes(write(tmp_path / "x.json", [person(number, 1) for number in (4, 6)]))
    with pytest.raises(DataError, match=r"no frame that can be used\. frames left out: 1 image is a folder"):
        list(follow(StreamingPredictor(Counted(1).networks), folder, boxes))


def turned_video(path: Path, degrees: int) -> Path:
    """64 x 48 px, white in the top left corner, whose header asks to be turned clockwise."""
    with VideoWriter(path, 10) as writer:
        for _ in range(3):
            writer.write(corner_picture(48, 64))
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 44  # of the track's matrix
    a, b, c, d, x, y = {90: (0, 1, -1, 0, 48, 0), 180: (-1, 0, 0, -1, 64, 48)}[degrees]
    matrix = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, x << 16, y << 16, 1 << 30)
    data[place : place + 36] = matrix
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(("degrees", "size", "corner"), [(90, (64, 48), (5, 42)), (180, (48, 64), (42, 58))])
def test_a_video_is_turned_as_its_header_asks_and_it_is_said(
    degrees: int, size: tuple[int, int], corner: tuple[int, int], tmp_path: Path
) -> None:
    path, notes = turned_video(tmp_path / "a.mp4", degrees), FrameNotes()
    for frame in read_frames(path, notes=notes):
        assert frame.image.shape[:2] == size
        assert frame.image[corner].min() > 150
    assert list(notes.lines()) == [
        f"frames: turned by the video's {degrees} degrees, as cv2.VideoCapture does"
    ]


def test_a_video_is_not_turned_where_its_stated_size_is_the_stored_one(tmp_path: Path) -> None:
    path, notes = turned_video(tmp_path / "a.mp4", 90), FrameNotes()
    stated = {0: (48, 64)}
    assert {frame.image.shape for frame in read_frames(path, None, stated, notes)} == {(48, 64, 3)}
    assert list(notes.lines()) == ["frames: not turned by the video's 90 degrees, as their stated size asks"]


def test_boxes_outside_the_picture_are_counted(folder: Path, tmp_path: Path) -> None:
    found = [person(2, 1), person(3, 1), person(3, 2, bbox=[500, 4, 20, 30])]
    boxes, notes = read_boxes(write(tmp_path / "x.json", found)), FrameNotes()
    list(follow(StreamingPredictor(Counted(1).networks), folder, boxes, notes))
    assert list(notes.lines()) == ["boxes: 1 outside the picture"]
