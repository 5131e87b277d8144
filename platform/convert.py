"""Turns a clip of the Bonn multi-person pose tracking data into a folder in PoseTrack18's layout.

What is known of an annotation file's joints, to correct and to give as --data.skeleton:
python -m platform.convert skeleton --source FILE --out skeleton.yaml

A data folder for everything that wants one: python -m platform.convert --source DIR --out DIR

One to train and to score on as well: python -m platform.convert --source DIR --out DIR --train-frames 28
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import final

from platform.terminal.command_line import parse, run
from platform.terminal.errors import UsageError
from workers.data.bonn import write_bonn_as_posetrack
from workers.data.coco import read_file_skeleton
from workers.data.people import counts_text
from workers.data.skeletons.file import write_skeleton
from workers.data.skeletons.summary import summary_of


@final
@dataclass(frozen=True)
class ConvertArguments:
    """Arguments of `python -m platform.convert`: the clip, the folder to write and where to split."""

    source: Path
    """Folder with annotations.json and frames/."""
    out: Path
    """Folder for images/ and annotations/; it is made where it is missing. Images are linked, not copied."""
    train_frames: int = 0
    """Number of first frames that become the split train; the others become val. Both are of one video."""


@final
@dataclass(frozen=True)
class SkeletonArguments:
    """Writes the left-right pairs, OKS sigmas and halves of the body that joints have by their names."""

    source: Path
    """COCO's annotation file, as person_keypoints_train2017.json."""
    out: Path
    """File to write, as skeleton.yaml; one that is there is left as it is."""


def main(argv: list[str]) -> int:
    if argv[:1] == ["skeleton"]:
        return convert_skeleton(argv[1:])
    arguments = parse(ConvertArguments, argv, prog="python -m platform.convert", description=__doc__)
    written = write_bonn_as_posetrack(arguments.source, arguments.out, arguments.train_frames)
    frames = written.frames
    print(f"{arguments.out}: {frames['train']} frames in train, {frames['val']} in val")
    if written.skipped:
        print(f"skipped: {counts_text(written.skipped)}")
    return 0


def convert_skeleton(argv: list[str]) -> int:
    arguments = parse(SkeletonArguments, argv, prog="python -m platform.convert skeleton")
    if arguments.out.exists():  # perhaps corrected by hand
        raise UsageError(f"--out must be a new file, but {arguments.out} is there. Name another.")
    skeleton = read_file_skeleton(arguments.source)
    write_skeleton(arguments.out, skeleton)
    print("\n".join([*summary_of(skeleton), str(arguments.out)]))
    return 0


if __name__ == "__main__":
    sys.exit(run(main, sys.argv[1:]))
