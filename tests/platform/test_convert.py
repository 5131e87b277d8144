"""`python -m platform.convert skeleton`: what an annotation file's joints are taken for."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from rich.console import Console

from platform.config.recipes import tiny
from platform.config.run import RunConfig
from platform.config.sections.data import DataConfig
from platform.convert import main
from platform.evaluate import main as evaluate
from platform.run.context import Run
from platform.run.folder import open_run_folder
from platform.run.tracked import open_tracking
from platform.stages import data
from platform.stages.preflight import check
from platform.stages.spatial.inputs import search_digest
from platform.stages.spatial.scoring import coco_scoring
from spaces.registry import build_space
from tests.platform.refused import refusal
from tests.workers.data.some_pictures import corner_picture, jpeg, write
from workers.data.coco import annotation_file
from workers.data.skeleton import COCO17, Skeleton
from workers.errors import DataError
from workers.weights.safetensors import save_weights

WINGS = ("Beak", "Wing A", "Wing B", "L_Knee", "R_Knee")


def write_birds(root: Path, split: str, names: tuple[str, ...] = WINGS) -> Path:
    """Three birds whose joint j of WINGS lies at (20 + 10 j, 30), whatever the order of `names`."""
    joints = [number for name in names for number in (20 + 10 * WINGS.index(name), 30, 2)]
    for number in (1, 2, 3):
        write(root / split / f"{number}.jpg", jpeg(corner_picture(120, 160)))
    annotation = {"category_id": 1, "keypoints": joints, "bbox": [10, 10, 80, 60], "area": 2400.0}
    content: dict[str, Any] = {
        "images": [{"id": n, "file_name": f"{n}.jpg", "height": 120, "width": 160} for n in (1, 2, 3)],
        "annotations": [annotation | {"id": n, "image_id": n} for n in (1, 2, 3)],
        "categories": [{"id": 1, "name": "bird", "keypoints": list(names)}],
    }  # fmt: skip
    path = annotation_file(root, split)
    write(path, json.dumps(content).encode())
    return path


@pytest.fixture
def birds(tmp_path: Path) -> Path:
    """Data whose validation split has the joints from the last to the first."""
    write_birds(tmp_path / "birds", "train2017")
    write_birds(tmp_path / "birds", "val2017", WINGS[::-1])
    return tmp_path / "birds"


@pytest.fixture
def given(birds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """What the command writes, with the wings made a pair by hand."""
    path = tmp_path / "skeleton.yaml"
    assert main(["skeleton", "--source", str(annotation_file(birds, "train2017")), "--out", str(path)]) == 0
    assert "1 left-right pairs by their names: L_Knee/R_Knee" in capsys.readouterr().out
    content = yaml.safe_load(path.read_text())
    for joint, partner in ((1, "Wing B"), (2, "Wing A")):
        assert content["joints"][joint]["partner"] is None
        content["joints"][joint] |= {"partner": partner, "oks_sigma": 0.2}
    path.write_text(yaml.safe_dump(content))
    return path


def context_of(config: RunConfig) -> Run:
    folder = open_run_folder(config)
    console = Console(file=io.StringIO(), width=1000)
    return Run(config, folder, open_tracking(config, folder), console)


def said(context: Run) -> str:
    assert isinstance(context.console.file, io.StringIO)
    return context.console.file.getvalue()


def config_of(storage: Path, root: Path, skeleton: Path | None = None) -> RunConfig:
    return replace(tiny(), storage=storage, data=DataConfig(root=root, skeleton=skeleton))


def test_the_stage_data_says_what_is_decided_about_joints(birds: Path, given: Path, tmp_path: Path) -> None:
    context = context_of(config_of(tmp_path / "runs", birds))
    data.run(context)
    lines = said(context).splitlines()
    assert "data: 5 joints, 1 left-right pairs by their names: L_Knee/R_Knee" in lines
    assert any(line.endswith("centre line: Beak, Wing A, Wing B") for line in lines)
    assert any(line.startswith("data: OKS sigmas: COCO's for 2 of 5 joints, 0.0") for line in lines)
    assert "data: person_keypoints_val2017.json: joints are put in the training split's order" in lines
    context = context_of(config_of(tmp_path / "others", birds, given))
    data.run(context)
    assert f"data: 5 joints, 2 left-right pairs of {given}: Wing A/Wing B, L_Knee/R_Knee" in said(context)


def test_a_given_skeleton_reaches_training_and_scoring(birds: Path, given: Path, tmp_path: Path) -> None:
    context = context_of(config_of(tmp_path / "runs", birds, given))
    training = context.people("train2017")
    assert training.skeleton.flip_order.tolist() == [0, 2, 1, 4, 3]
    scoring = coco_scoring(context, training)
    assert scoring.people.skeleton == scoring.scorer.skeleton == training.skeleton
    assert scoring.scorer.skeleton.oks_sigmas[1:3] == (0.2, 0.2)
    for person in scoring.people.people:
        assert person.keypoints[:, 0].tolist() == [20, 30, 40, 50, 60]
    truth = scoring.scorer.ground_truth.dataset["annotations"]
    assert [list(record["keypoints"][::3]) for record in truth] == [[20, 30, 40, 50, 60]] * 3


def digest(context: Run, skeleton: Skeleton) -> str:
    return search_digest(context, build_space("mobilenetv3-small", 5, (64, 64)), skeleton)


def test_the_evaluation_is_another_one_where_a_skeleton_is_given_and_only_there(
    birds: Path, given: Path, synthetic_root: Path, tmp_path: Path
) -> None:
    plain = context_of(config_of(tmp_path / "runs", synthetic_root))
    other = context_of(config_of(tmp_path / "given", synthetic_root, given))
    for context in (plain, other):
        save_weights(context.folder.supernet, {"weight": torch.ones(1)}, {})
    assert digest(plain, COCO17) == digest(plain, replace(COCO17, oks_sigmas=(0.1,) * 17))
    assert digest(other, COCO17) != digest(plain, COCO17)
    assert digest(other, COCO17) != digest(other, replace(COCO17, oks_sigmas=(0.1,) * 17))


def test_what_does_not_fit_is_refused_before_a_run_begins(
    birds: Path, given: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = ["skeleton", "--source", str(annotation_file(birds, "train2017"))]
    assert "--out must be a new file" in refusal(main, capsys, [*source, "--out", str(given)])
    gone = ["skeleton", "--source", str(tmp_path / "gone.json"), "--out", str(tmp_path / "x.yaml")]
    assert "cannot read" in refusal(main, capsys, gone)
    given.write_text("joints: 3")
    with pytest.raises(DataError, match="'joints' must be a list"):
        check(config_of(tmp_path / "runs", birds, given))
    write_birds(birds, "val2017", ("Beak", "Wing A", "Wing B", "L_Knee"))
    context = context_of(config_of(tmp_path / "runs", birds))
    with pytest.raises(DataError, match=r"val2017\.json must have the joints of person_keypoints_train2017"):
        data.run(context)


def test_results_are_scored_with_given_sigmas(birds: Path, given: Path, tmp_path: Path) -> None:
    poses = np.array([[20 + 10 * j + (8 if j in (1, 2) else 0), 30, 1] for j in range(5)], float)
    record = {"category_id": 1, "keypoints": poses.ravel().tolist(), "score": 1.0}
    results = [record | {"image_id": n} for n in (1, 2, 3)]
    write(tmp_path / "results.json", json.dumps(results).encode())
    files = ["--gt", str(annotation_file(birds, "train2017")), "--pred", str(tmp_path / "results.json")]

    def ap(*more: str) -> float:
        evaluate(["coco", *files, *more, "--json", str(tmp_path / "ap.json")])
        return float(json.loads((tmp_path / "ap.json").read_text())["table"]["ap"])

    # Three joints are exact; two are off by 8 px: exp(-64 / (2 (2 s)^2 2400)) each.
    expected = (3 + 2 * np.exp(-64 / (2 * (2 * 0.2) ** 2 * 2400))) / 5
    reached = sum(least <= expected for least in np.arange(0.5, 1, 0.05))
    assert ap("--skeleton", str(given)) == pytest.approx(10 * reached)
    assert ap() < ap("--skeleton", str(given))
