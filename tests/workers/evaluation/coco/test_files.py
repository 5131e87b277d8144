from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from workers.data.people import People
from workers.errors import DataError
from workers.evaluation.coco.files import score_coco_files

Json = dict[str, Any]


@pytest.fixture
def files(people: People, tmp_path: Path) -> tuple[Path, Path]:
    """The ground truth, and results that are near it, two of them of nobody."""
    rng = np.random.default_rng(0)
    results: list[Json] = []
    for person in (*people.people, *people.people[:2]):
        joints = person.keypoints + rng.normal(0, 4, (17, 3)) + (200 if len(results) > 3 else 0)
        results.append({"image_id": person.image_id, "category_id": 1, "keypoints": joints.ravel().tolist(),
                        "score": float(rng.random())})  # fmt: skip
    path = tmp_path / "results.json"
    path.write_text(json.dumps(results))
    return people.annotation_path, path


def test_files_give_pycocotools_own_figures(files: tuple[Path, Path]) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(files[0]))
        for number, record in enumerate(truth.dataset["annotations"], start=1):
            record["id"] = number  # COCOeval takes a match with annotation 0 for none
        truth.createIndex()
        run = COCOeval(truth, truth.loadRes(str(files[1])), "keypoints")
        run.evaluate()
        run.accumulate()
        run.summarize()
    figures = score_coco_files(*files).ap
    assert [getattr(figures, name) for name in figures.__slots__] == run.stats.tolist()
    assert 0.1 < figures.ap < 0.95


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (
            lambda results: results[1].update(image_id=99),
            "record 1 .*must be of an image that .* has, but is 99",
        ),
        (
            lambda results: results[1].update(keypoints=[1, 2, 3]),
            r"'keypoints' of record 1 .*must be 51 numbers, but is \[1, 2, 3\]",
        ),
        (lambda results: results[0].pop("score"), "record 0 .*has no 'score'"),
        (
            lambda results: results[0].update(score=float("nan")),
            "'score' of record 0 .*must be a finite number, but is nan",
        ),
        (lambda results: results.clear(), "has no person of category 1"),
    ],
)
def test_results_that_cannot_be_scored_are_refused_by_record(
    edit: Callable[[list[Json]], None], says: str, files: tuple[Path, Path]
) -> None:
    results = json.loads(files[1].read_text())
    edit(results)
    files[1].write_text(json.dumps(results))
    with pytest.raises(DataError, match=f"results.json.*{says}"):
        score_coco_files(*files)


@pytest.mark.parametrize(("text", "says"), [("{}", "must be a list of objects"), ("[1", "cannot read")])
def test_a_file_that_is_no_list_of_results_is_refused(text: str, says: str, files: tuple[Path, Path]) -> None:
    files[1].write_text(text)
    with pytest.raises(DataError, match=says):
        score_coco_files(*files)
