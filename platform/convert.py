"""Turns a clip of the Bonn multi-person pose tracking data into a folder in PoseTrack18's layout.

A data folder for everything that wants one: python -m platform.convert --source DIR --out DIR

One to train and to score on as well: python -m platform.convert --source DIR --out DIR --train-frames 28
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import final

from platform.terminal.command_line import parse, run
from workers.data.bonn import write_bonn_as_posetrack
from workers.data.people import in_words


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


def main(argv: list[str]) -> int:
    arguments = parse(ConvertArguments, argv, prog="python -m platform.convert", description=__doc__)
    written = write_bonn_as_posetrack(arguments.source, arguments.out, arguments.train_frames)
    frames = written.frames
    print(f"{arguments.out}: {frames['train']} frames in train, {frames['val']} in val")
    if written.skipped:
        print(f"skipped: {in_words(written.skipped)}")
    return 0


if __name__ == "__main__":
    sys.exit(run(main, sys.argv[1:]))
