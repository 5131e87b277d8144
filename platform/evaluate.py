"""Scores predicted keypoints against labelled ones, as the official evaluations do.

PoseTrack18's AP of joints: python -m platform.evaluate posetrack --gt DIR --pred DIR

COCO's keypoint AP: python -m platform.evaluate coco --gt FILE --pred FILE

Figures are percentages. --json FILE keeps all of them, those of single joints too.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, cast, final

import tyro

from platform.terminal.command_line import parse, run
from workers.data.people import in_words
from workers.evaluation.coco.ap import KeypointAP
from workers.evaluation.coco.files import score_coco_files
from workers.evaluation.posetrack.ap import JOINTS
from workers.evaluation.posetrack.files import score_folders
from workers.files import whole_file


@final
@dataclass(frozen=True)
class PoseTrackArguments:
    """PoseTrack18's AP of predicted people, for each kind of joint and in total (Table 1 of the paper).

    A predicted person has image_id, track_id, keypoints (x, y and a number that is not 0, for each joint) and
    scores (one for each joint); the file's categories name the joints. Boxes of heads say how near is right.
    """

    gt: Path
    """Folder with PoseTrack18's annotation files, one for each sequence, as annotations/val."""
    pred: Path
    """Folder with a file by the same name for each of them: images, categories and the predicted people."""
    json: Path | None = None
    """File to write all figures to."""


@final
@dataclass(frozen=True)
class CocoArguments:
    """COCO's keypoint AP by pycocotools, over all images of the annotation file."""

    gt: Path
    """COCO's annotation file, as person_keypoints_val2017.json."""
    pred: Path
    """File with COCO's keypoint results: a list of image_id, category_id, keypoints and score."""
    json: Path | None = None
    """File to write the figures to."""


EvaluateArguments = PoseTrackArguments | CocoArguments
COMMANDS = cast(
    "type[EvaluateArguments]",
    Annotated[PoseTrackArguments, tyro.conf.subcommand("posetrack")]
    | Annotated[CocoArguments, tyro.conf.subcommand("coco")],
)
COCO_COLUMNS = ("AP", "AP50", "AP75", "AP M", "AP L", "AR", "AR50", "AR75", "AR M", "AR L")


def posetrack(arguments: PoseTrackArguments) -> Mapping[str, Any]:
    """Prints the table and returns all figures."""
    score = score_folders(arguments.gt, arguments.pred)
    table = percent(score.ap.table)
    print(f"PoseTrack18 AP in %; sequences: {score.sequences}, labelled people: {score.people}")
    print(as_table(table))
    if score.skipped:
        print(f"skipped: {in_words(score.skipped)}")
    if score.notes:
        print(in_words(score.notes))
    if score.unmatched:
        print(f"not scored, for they have no ground truth: {', '.join(score.unmatched)}")
    columns = {name: percent(dict(zip(JOINTS, values.tolist(), strict=True)))
               for name, values in asdict(score.ap).items()}  # fmt: skip
    return {"unit": "percent", "table": table, **columns}


def coco(arguments: CocoArguments) -> Mapping[str, Any]:
    """Prints the table and returns all figures."""
    score = score_coco_files(arguments.gt, arguments.pred)
    figures, parts = coco_percent(score.ap), {name: coco_percent(ap) for name, ap in score.categories.items()}
    print(f"COCO keypoint AP and AR of {arguments.pred}, in %")
    print(as_table(dict(zip(COCO_COLUMNS, figures.values(), strict=True))))
    if len(parts) > 1:
        print("the mean of the categories' figures, of which AP is:")
        print("\n".join(f"{as_cell(part['ap']):>10}  {name}" for name, part in parts.items()))
    print("".join(f"{remark}\n" for remark in score.remarks), end="")
    print("".join(f"warning: {warning}\n" for warning in score.warnings), end="", file=sys.stderr)
    return {"unit": "percent", "table": figures, "categories": parts}


def coco_percent(ap: KeypointAP) -> dict[str, float | None]:
    """COCO's ten figures by their names."""
    return percent({name: value if value >= 0 else math.nan for name, value in asdict(ap).items()})


def percent(figures: Mapping[str, float]) -> dict[str, float | None]:
    """Percentages; None where there is nothing to find."""
    return {name: None if math.isnan(value) else 100 * value for name, value in figures.items()}


def as_table(figures: Mapping[str, float | None]) -> str:
    """Two lines: the columns' names and their figures."""
    cells = [as_cell(value) for value in figures.values()]
    return "\n".join("".join(f"{cell:>10}" for cell in row) for row in (figures, cells))


def as_cell(value: float | None) -> str:
    """A figure as it is shown."""
    return "-" if value is None else f"{value:.1f}"


def main(argv: list[str]) -> int:
    arguments = parse(COMMANDS, argv, prog="python -m platform.evaluate", description=__doc__)
    figures = posetrack(arguments) if isinstance(arguments, PoseTrackArguments) else coco(arguments)
    if arguments.json is not None:
        with whole_file(arguments.json) as draft:
            draft.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(run(main, sys.argv[1:]))
