"""Finds the joints of tracked people in a video, frame after frame, with the networks that a run found.

DIR/NAME.json, in PoseTrack18's format:
python -m platform.predict --run runs/NAME --frames DIR --boxes NAME.json --out DIR

To look at: ... --video out.mp4. To score: python -m platform.evaluate posetrack --gt DIR --pred DIR

Boxes of a detector, in COCO's results form, get tracks by their overlap; --boxes whole-frame needs none.

Images in COCO's layout, by one network, its flags by --data --help: python -m platform.predict --data DIR
--split NAME --weights FILE --out results.json

Each person begins with a key frame (S-ViPNet); on the T frames behind it the T-ViPNets also see the heatmaps
of the frame before. A run without an allocation predicts every frame with S-ViPNet. No frame is looked at
ahead of its turn, so the speed that is printed is that for the pictures of a camera.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, final

import numpy as np

from platform.terminal.command_line import parse, run
from platform.terminal.errors import UsageError
from workers.video.box_records import LEAST_BOX_SCORE

if TYPE_CHECKING:  # takes seconds to import: --help and a mistyped flag are answered before
    from platform.run.networks import FoundNetworks
    from workers.evaluation.posetrack.results import ResultsWriter
    from workers.video.boxes import TrackedBoxes
    from workers.video.follow import Followed
    from workers.video.writer import VideoWriter

FOLDER_FPS = 10.0  # of a video made from a folder of frames, which does not say how fast they followed


@final
@dataclass(frozen=True)
class PredictArguments:
    """Arguments of `python -m platform.predict`: the run, the video, its boxes and what to write."""

    run: Path
    """A run's folder, as runs/NAME: the found allocation, or the S-ViPNet that was finetuned or retrained."""
    frames: Path
    """Folder of one video's frames, named by their numbers (000012.jpg), or a video file."""
    boxes: Literal["whole-frame"] | Path
    """Boxes and tracks of the people: an annotation file of PoseTrack18, or a list of {image_id, bbox,
    track_id} or of a detector's {image_id, bbox, score}; image_id is then the number of the frame, counted
    from 0 in a video file, or its image's name. Or the word whole-frame."""
    out: Path | None = None
    """Folder for the poses, in a file by the name of --boxes; it is made where it is missing."""
    video: Path | None = None
    """A video to write, .mp4: joints, tracks' numbers, boxes around people at their key frames."""
    fps: float | None = None
    """Frames a second of that video. By default those of --frames, or 10 of a folder."""
    least_score: float = LEAST_BOX_SCORE
    """Score of a detector's box that is followed; where boxes have tracks, all are."""
    threads: int = 1
    """Threads of PyTorch and OpenCV."""

    def __post_init__(self) -> None:
        if self.threads < 1:
            raise UsageError(f"--threads must be at least 1, but it is {self.threads}")
        if not 0 <= self.least_score <= 1:
            raise UsageError(f"--least-score must be from 0 to 1, but it is {self.least_score:g}")
        if self.fps is not None and not 0 < self.fps <= 1000:
            raise UsageError(f"--fps must be above 0 and at most 1000, but it is {self.fps:g}")


@final
@dataclass(frozen=True)
class SplitArguments:
    """Arguments of `python -m platform.predict --data`: the images, the network and what to write."""

    data: Path
    """Folder in COCO's layout: NAME/ with the images, annotations/person_keypoints_NAME.json."""
    split: str
    """NAME, as val2017."""
    weights: Path
    """A .safetensors file of one network, or a .pth file in MMPose's names."""
    out: Path
    """File for COCO's keypoint results; python -m platform.evaluate coco scores it."""
    architecture: str | None = None
    """What a .pth file holds: a published network (s-vipnas-res50, s-vipnas-mbv3, sbl-res50), or a file with
    an architecture's JSON."""
    detections: Path | None = None
    """A detector's boxes, in COCO's results form; by default the labelled ones."""
    skeleton: Path | None = None
    """File with pairs of joints and their OKS sigmas, as python -m platform.convert skeleton writes one."""
    flip_test: bool = False
    """Average the heatmaps of the image and of its mirror image, as --search.flip-test."""
    batch_size: int = 64
    """Images in one forward pass. Another number than the run's can change the last digits."""
    threads: int = 1
    """Threads of PyTorch and OpenCV."""

    def __post_init__(self) -> None:
        for flag, number in (("--batch-size", self.batch_size), ("--threads", self.threads)):
            if number < 1:
                raise UsageError(f"{flag} must be at least 1, but it is {number}")


def predict_split(arguments: SplitArguments) -> int:
    """COCO's results of a folder of images."""
    import torch

    from platform.terminal.architectures import find_architecture
    from workers.evaluation.coco.results import coco_results, people_to_predict, write_coco_results
    from workers.threads import use_threads
    from workers.weights.any_network import load_any_network

    named = None if arguments.architecture is None else find_architecture(arguments.architecture)
    use_threads(arguments.threads)
    found = load_any_network(arguments.weights, named)
    wanted = people_to_predict(
        arguments.data, arguments.split, found, arguments.detections, arguments.skeleton
    )
    network = found.network.to("cuda" if torch.cuda.is_available() else "cpu")
    results = coco_results(network, found.space.input_hw, wanted, arguments.batch_size, arguments.flip_test)
    write_coco_results(arguments.out, results)
    print(f"{wanted.people.summary}; {len(results)} poses by {found.architecture.key}\n{arguments.out}")
    if wanted.people.warning is not None:
        print(f"warning: {wanted.people.warning}", file=sys.stderr)
    return 0


def main(argv: list[str]) -> int:
    if any(word.split("=", 1)[0] == "--data" for word in argv):
        return predict_split(
            parse(SplitArguments, argv, prog="python -m platform.predict", description=__doc__)
        )
    arguments = parse(PredictArguments, argv, prog="python -m platform.predict", description=__doc__)
    from platform.run.folder import RunFolder
    from platform.run.networks import find_networks
    from workers.evaluation.posetrack.results import results_file
    from workers.threads import use_threads
    from workers.video.drawing import draw_poses
    from workers.video.follow import follow
    from workers.video.frames import FrameNotes
    from workers.video.streaming import StreamingPredictor

    found, boxes = find_networks(RunFolder(arguments.run)), _boxes(arguments)
    use_threads(arguments.threads)
    predictor = StreamingPredictor(found.networks)
    timed, notes, path = FrameTimes(), FrameNotes(), _results_path(arguments)
    skeleton = found.networks.skeleton
    with ExitStack() as files:
        results = Results(boxes, files.enter_context(results_file(path, skeleton))) if path else None
        writer = files.enter_context(_writer(arguments)) if arguments.video else None
        for followed in follow(predictor, arguments.frames, boxes, notes):
            timed.add(followed)
            if results is not None:
                results.add(followed)
            if writer is not None:
                writer.write(draw_poses(followed.frame.image, followed.poses, skeleton))
    if path is not None:
        print(path)
    if arguments.video is not None:
        print(arguments.video)
    print("\n".join([*boxes.lines(), *notes.lines(), *timed.lines(), conditions(found, arguments.threads)]))
    return 0


@final
class Results:
    """The frames that were looked at and everybody's poses, written as they come."""

    def __init__(self, boxes: TrackedBoxes, writer: ResultsWriter) -> None:
        self.boxes, self.writer = boxes, writer
        for image in (boxes.images or {}).values():
            writer.add_image(image)

    def add(self, followed: Followed) -> None:
        from workers.evaluation.posetrack.results import TrackedPose

        image = self.boxes.image(followed.frame.number, followed.frame.name)
        if self.boxes.images is None:
            self.writer.add_image(image)
        poses = followed.poses
        for track, keypoints, scores in zip(poses.track_ids, poses.keypoints, poses.scores, strict=True):
            self.writer.add_pose(TrackedPose(image["id"], int(track), keypoints, scores))


@final
class FrameTimes:
    """How long frames took, for one to read."""

    def __init__(self) -> None:
        self.predict_ms, self.read_ms = array("f"), array("f")  # 8 bytes a frame, also of hours
        self.people = self.key_frames = 0

    def add(self, followed: Followed) -> None:
        self.predict_ms.append(1e3 * followed.predict_s)
        self.read_ms.append(1e3 * followed.read_s)
        self.people += len(followed.poses)
        self.key_frames += int((followed.poses.places == 0).sum())

    def lines(self) -> Iterable[str]:
        """Frames and people; milliseconds a frame; frames a second."""
        people, predict_ms = self.people, np.array(self.predict_ms, np.float64)
        yield (
            f"{len(predict_ms)} frames, {people} people, {people / len(predict_ms):.1f} a frame; "
            f"{self.key_frames} of them at key frames"
        )
        median, most = np.median(predict_ms), np.percentile(predict_ms, 95)
        yield (
            f"{1e3 / predict_ms.mean():.1f} frames/s; a frame takes {median:.1f} ms (median), {most:.1f} "
            f"ms (95 of 100), a person {predict_ms.sum() / max(people, 1):.1f} ms; reading a frame "
            f"{np.median(self.read_ms):.1f} ms more"
        )


def conditions(found: FoundNetworks, threads: int) -> str:
    """What the times hold for."""
    import torch

    from workers.latency.processor import cpu_model

    height, width = found.networks.input_hw
    on = f"{threads} thread{'s' if threads > 1 else ''} of {cpu_model()}"
    return (
        f"cut out, predicted and decoded on {on}, "
        f"torch {torch.__version__}, float32, {height}x{width}, T = {len(found.networks.frames)}, "
        f"{found.gmacs:.3f} GMACs a person on average, {found.source}"
    )


def _boxes(arguments: PredictArguments) -> TrackedBoxes:
    from workers.video.boxes import read_boxes, whole_frames

    if isinstance(arguments.boxes, Path):
        return read_boxes(arguments.boxes, arguments.least_score)
    return whole_frames()


def _results_path(arguments: PredictArguments) -> Path | None:
    if arguments.out is None:
        return None
    source = arguments.boxes if isinstance(arguments.boxes, Path) else arguments.frames
    return arguments.out / f"{source.stem}.json"


def _writer(arguments: PredictArguments) -> VideoWriter:
    assert arguments.video is not None
    from workers.video.frames import frames_per_second
    from workers.video.writer import VideoWriter

    rate = arguments.fps or frames_per_second(arguments.frames) or FOLDER_FPS
    return VideoWriter(arguments.video, rate)


if __name__ == "__main__":
    sys.exit(run(main, sys.argv[1:]))
