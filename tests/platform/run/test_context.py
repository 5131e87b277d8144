from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import cast

from rich.console import Console

from platform.config.recipes import tiny
from platform.config.sections.data import DataConfig
from platform.run.context import Run
from platform.run.folder import RunFolder
from platform.stages import data
from platform.stages.pipeline import say_warnings
from platform.tracking.sender import Tracking
from tests.workers.data.posetrack_folder import video, write
from workers.data.coco import annotation_file
from workers.data.posetrack import read_posetrack


def test_skips_are_said_where_people_are_read_and_warned_of_once_at_the_end(
    tmp_path: Path, synthetic_root: Path
) -> None:
    for split in ("train2017", "val2017"):
        content = json.loads(annotation_file(synthetic_root, split).read_text())
        for annotation in content["annotations"][::2] if split == "val2017" else ():
            annotation["bbox"] = None
        path = annotation_file(tmp_path, split)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content))
        (tmp_path / split).symlink_to(synthetic_root / split)
    config = replace(tiny(), data=DataConfig(root=tmp_path))
    console = Console(file=io.StringIO(), width=1000)
    context = Run(config, cast(RunFolder, None), cast(Tracking, None), console)
    data.run(context)
    data.run(context)
    assert len(context.warnings) == 1
    say_warnings(context)
    said = cast(io.StringIO, console.file).getvalue().splitlines()
    assert len(said) == 5
    assert "skipped: " in said[1]
    assert said[-1].startswith("warning: ")
    assert said[-1].count("without a box") == 1


def test_people_of_any_reader_are_heeded(tmp_path: Path) -> None:
    content = video({0: (0, 1)})
    content["annotations"][0]["bbox"] = None
    console = Console(file=io.StringIO())
    context = Run(tiny(), cast(RunFolder, None), cast(Tracking, None), console)
    people = read_posetrack(write(tmp_path, content), "val", check_images=False)
    assert context.heed(people) is people
    assert list(context.warnings) == [people.warning]
