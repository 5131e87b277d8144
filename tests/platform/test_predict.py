"""`python -m platform.predict`: a run's networks follow the people of a video."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from platform.evaluate import main as evaluate
from platform.predict import main
from tests.platform.refused import refusal
from tests.workers.video.examples import tracks_of, wild
from workers.data.synthetic.config import SyntheticConfig
from workers.data.synthetic.dataset import write_synthetic_dataset
from workers.data.tracks import Tracks
from workers.video.batch import score_videos
from workers.video.networks import VideoNetworks
from workers.weights.allocation import TrainedAllocation, save_allocation
from workers.weights.safetensors import save_network

FRAMES = 5


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One sequence of five frames to follow people in."""
    config = SyntheticConfig(clips=2, frames_per_clip=FRAMES, people_per_clip=3)
    return write_synthetic_dataset(tmp_path_factory.mktemp("videos") / "data", config)


@pytest.fixture(scope="module")
def tracks(videos: Path) -> Tracks:
    return tracks_of(videos)


@pytest.fixture(scope="module")
def trained(tracks: Tracks) -> TrainedAllocation:
    return wild(tracks, frames=2)


@pytest.fixture(scope="module")
def run_folder(trained: TrainedAllocation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "found"
    save_allocation(folder / "allocation.safetensors", trained)
    return folder


@pytest.fixture(autouse=True)
def threads_as_before() -> None:
    """The command sets the process's threads to 1, which is what all tests have."""
    assert torch.get_num_threads() == 1


def arguments(videos: Path, run_folder: Path, *more: str | Path) -> list[str]:
    annotations = next((videos / "posetrack18" / "annotations" / "val").glob("*.json"))
    frames = videos / "posetrack18" / "images" / "val" / annotations.stem
    words = ["--run", run_folder, "--frames", frames, "--boxes", annotations, *more]
    return [str(word) for word in words]


def test_written_poses_have_the_ap_of_the_evaluation(
    videos: Path, tracks: Tracks, trained: TrainedAllocation, run_folder: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert main(arguments(videos, run_folder, "--out", tmp_path / "pred")) == 0
    path, frames, speed, conditions = capsys.readouterr().out.splitlines()
    assert path.startswith(str(tmp_path / "pred"))
    assert frames.startswith(f"{FRAMES} frames, {len(tracks.people)} people, ")
    assert " frames/s; a frame takes " in speed
    assert "on 1 thread of" in conditions
    assert "64x32, T = 2, " in conditions

    truth = videos / "posetrack18" / "annotations" / "val"
    evaluate(["posetrack", "--gt", str(truth), "--pred", str(tmp_path / "pred"), "--json",
              str(tmp_path / "ap.json")])  # fmt: skip
    written = json.loads((tmp_path / "ap.json").read_text())["table"]["Total"]
    expected = score_videos(VideoNetworks.of(trained), tracks, batch_size=4).ap.total
    assert written == pytest.approx(100 * expected, abs=1e-6)
    assert expected > 0


def test_tracks_keep_their_numbers_and_frames_their_ids(
    videos: Path, run_folder: Path, tmp_path: Path
) -> None:
    argv = arguments(videos, run_folder, "--out", tmp_path)
    main(argv)
    labelled = json.loads(Path(argv[5]).read_text())
    predicted = json.loads((tmp_path / Path(argv[5]).name).read_text())

    def who(content: dict[str, list[dict[str, int]]]) -> list[tuple[int, int]]:
        return sorted((each["image_id"], each["track_id"]) for each in content["annotations"])

    assert [image["id"] for image in predicted["images"]] == [image["id"] for image in labelled["images"]]
    assert who(predicted) == who(labelled)


def test_a_video_shows_every_frame_with_something_drawn(
    videos: Path, run_folder: Path, tmp_path: Path
) -> None:
    argv = arguments(videos, run_folder, "--video", tmp_path / "out.mp4", "--fps", "5")
    main(argv)
    video = cv2.VideoCapture(str(tmp_path / "out.mp4"))
    assert video.get(cv2.CAP_PROP_FPS) == pytest.approx(5)
    sources = sorted(Path(argv[3]).glob("*.jpg"))
    assert len(sources) == FRAMES
    for source in sources:
        shown, image = video.read()
        assert shown
        assert np.abs(image.astype(int) - cv2.imread(str(source))).max() > 100
    assert not video.read()[0]
    video.release()


def test_a_run_without_an_allocation_has_key_frames_alone(
    videos: Path, trained: TrainedAllocation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = trained.key_frame
    path = tmp_path / "run" / "finetuned.safetensors"
    save_network(path, key.network(), key.spatial, key.architecture, key.joints)
    main(arguments(videos, path.parent))
    frames, _, conditions = capsys.readouterr().out.splitlines()
    assert frames.split(",")[1].split()[0] == frames.split(";")[1].split()[0]
    assert "T = 0" in conditions
    assert conditions.endswith("finetuned.safetensors")


def test_what_does_not_fit_is_one_line(
    videos: Path, run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = arguments(videos, run_folder)
    elsewhere = ["--run", str(tmp_path), *good[2:]]
    assert "must be a run with allocation.safetensors" in refusal(main, capsys, elsewhere)
    assert "gone.json: [Errno 2] No such file" in refusal(
        main, capsys, [*good[:5], str(tmp_path / "gone.json")]
    )
    assert "images named by the numbers" in refusal(main, capsys, [*good[:3], str(tmp_path), *good[4:]])
    assert "--threads must be at least 1" in refusal(main, capsys, [*good, "--threads", "0"])
    assert "--least-score must be from 0 to 1" in refusal(main, capsys, [*good, "--least-score", "2"])
    assert "--fps must be above 0" in refusal(main, capsys, [*good, "--fps", "0"])


def test_a_detectors_boxes_are_followed_and_bad_ones_are_said(
    videos: Path, run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = arguments(videos, run_folder, "--out", tmp_path / "out")
    numbers = sorted(int(path.stem) for path in Path(argv[3]).glob("*.jpg"))
    found = [{"image_id": number, "bbox": [20, 10, 60, 120], "score": 0.8} for number in numbers]
    broken = {"image_id": numbers[0], "bbox": [20, 10, -60, 120], "score": 0.8}
    argv[5] = str(tmp_path / "found.json")
    Path(argv[5]).write_text(json.dumps([*found, broken]))
    assert main(argv) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:3] == [
        f"boxes: {FRAMES} used; left out: 1 below one pixel",
        "boxes: no tracks in the file; 1 found by the overlap of boxes",
    ]
    poses = json.loads((tmp_path / "out" / "found.json").read_text())["annotations"]
    assert [pose["track_id"] for pose in poses] == [1] * FRAMES


def test_whole_frames_need_no_boxes(videos: Path, run_folder: Path, tmp_path: Path) -> None:
    argv = arguments(videos, run_folder, "--out", tmp_path / "out")
    argv[5] = "whole-frame"
    assert main(argv) == 0
    poses = json.loads((tmp_path / "out" / f"{Path(argv[3]).name}.json").read_text())["annotations"]
    assert [pose["track_id"] for pose in poses] == [1] * FRAMES


def test_help_teaches_the_command(checkout: Path) -> None:
    command = [sys.executable, "-m", "platform.predict", "--help"]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True)
    assert "platform.predict --run runs/NAME --frames DIR --boxes NAME.json --out DIR" in done.stdout
    assert "No frame is looked at" in done.stdout
