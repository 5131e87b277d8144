"""`python -m platform.predict --data`: COCO's results of a folder, to a stage's last digit."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from platform.evaluate import main as evaluate
from platform.predict import main
from spaces.published import find_published
from spaces.registry import build_space
from tests.platform.refused import refusal
from tests.workers.weights.filling import fill
from workers.data.coco import annotation_file, read_people
from workers.data.codec import Codec
from workers.errors import DataError
from workers.evaluation.coco.ap import CocoScorer
from workers.evaluation.coco.detections import read_detected_people
from workers.evaluation.coco.oks_nms import crop_areas
from workers.evaluation.crops import prepare_crops
from workers.evaluation.predict import predict_keypoints
from workers.training.config import SpatialTask, TrainConfig
from workers.training.tasks.network import Start
from workers.training.tasks.network_score import score_network
from workers.training.tasks.validation import ValidationTask
from workers.weights.any_network import load_any_network
from workers.weights.released import to_released, write_checkpoint
from workers.weights.safetensors import save_network

INPUT_HW, SPLIT = (64, 64), "train2017"
SPACE = build_space("mobilenetv3-small", 17, INPUT_HW)


@pytest.fixture(autouse=True)
def threads_as_before() -> None:
    """The command sets the process's threads to 1, which is what all tests have."""
    assert torch.get_num_threads() == 1


@pytest.fixture(scope="module")
def root(synthetic_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The synthetic data with people said to be so big that even an untrained network has some AP."""
    copied = tmp_path_factory.mktemp("big") / "data"
    shutil.copytree(synthetic_root, copied, ignore=shutil.ignore_patterns("posetrack18"))
    path = annotation_file(copied, SPLIT)
    content = json.loads(path.read_text())
    height, width = content["images"][0]["height"], content["images"][0]["width"]
    for person in content["annotations"]:
        person["area"] = 3.9 * height * width
    path.write_text(json.dumps(content))
    return copied


def ap_of(root: Path, results: Path) -> float:
    figures = results.with_name("figures.json")
    truth = annotation_file(root, SPLIT)
    assert evaluate(["coco", "--gt", str(truth), "--pred", str(results), "--json", str(figures)]) == 0
    value: float = json.loads(figures.read_text())["table"]["ap"]
    return value


@pytest.mark.parametrize("flip", [False, True])
def test_the_pair_of_commands_repeats_the_figure_of_spatial_retrain(
    flip: bool, root: Path, tmp_path: Path
) -> None:
    people = read_people(root, SPLIT)
    architecture = SPACE.smallest()
    start = Start(architecture=architecture, weights=fill(SPACE.network(architecture)).state_dict())
    task = SpatialTask(
        space=SPACE.name, input_hw=INPUT_HW, sigma_cells=2.0, seed=0, train=TrainConfig(epochs=1)
    )
    scoring = ValidationTask(
        people=people, scorer=CocoScorer.from_people(people), recalibration=people, batch_size=1,
        flip_test=flip,
    )  # fmt: skip
    scored = score_network(task, start, scoring)
    network = SPACE.network(architecture)
    network.load_state_dict(scored.weights)
    save_network(tmp_path / "network.safetensors", network, SPACE, architecture, people.skeleton.names)

    words = ["--data", root, "--split", SPLIT, "--weights", tmp_path / "network.safetensors"]
    words += ["--out", tmp_path / "results.json", "--batch-size", "1", *(["--flip-test"] if flip else [])]
    assert main([str(word) for word in words]) == 0

    assert 0 < scored.ap.ap < 1
    assert ap_of(root, tmp_path / "results.json") == 100 * scored.ap.ap


def test_detected_boxes_are_scored_as_a_search_scores_them(root: Path, tmp_path: Path) -> None:
    people = read_people(root, SPLIT)
    boxes = [
        {"image_id": each.image_id, "category_id": 1, "bbox": list(each.box_xywh_px), "score": 0.9 - 0.1 * n}
        for each in people.people for n in range(2)
    ]  # fmt: skip
    (tmp_path / "boxes.json").write_text(json.dumps(boxes))
    architecture = SPACE.smallest()
    save_network(
        tmp_path / "n.safetensors", fill(SPACE.network(architecture)), SPACE, architecture,
        people.skeleton.names,
    )  # fmt: skip
    found = load_any_network(tmp_path / "n.safetensors")
    detected = read_detected_people(tmp_path / "boxes.json", root, SPLIT)
    crops = prepare_crops(detected.people, INPUT_HW, detected.scores)
    crops = replace(crops, areas_px2=crop_areas(crops.affines, INPUT_HW))
    poses = predict_keypoints(found.network, crops, Codec(INPUT_HW), 64)
    expected = CocoScorer.from_detected(detected).score(crops, *poses).ap

    words = ["--data", root, "--split", SPLIT, "--weights", tmp_path / "n.safetensors"]
    words += ["--out", tmp_path / "results.json", "--detections", tmp_path / "boxes.json"]
    assert main([str(word) for word in words]) == 0

    assert 0 < expected < 1
    assert len(json.loads((tmp_path / "results.json").read_text())) == len(people), "duplicates go"
    assert ap_of(root, tmp_path / "results.json") == 100 * expected


def test_a_released_checkpoint_is_read_by_its_architecture(tmp_path: Path) -> None:
    space, architecture = find_published("s-vipnas-mbv3")
    network = fill(space.network(architecture))
    write_checkpoint(tmp_path / "released.pth", to_released(network, architecture))

    found = load_any_network(tmp_path / "released.pth", architecture)

    assert found.joints[0] == "nose"
    torch.testing.assert_close(found.network.state_dict(), network.state_dict(), rtol=0, atol=0)
    with pytest.raises(DataError, match="does not say which network it holds"):
        load_any_network(tmp_path / "released.pth")


def test_what_is_missing_is_one_line(
    synthetic_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--data", str(synthetic_root), "--split", "test", "--weights", str(tmp_path / "none.pth")]
    out = ["--out", str(tmp_path / "results.json")]
    assert "--weights" in refusal(main, capsys, [*words[:4], *out])
    assert "does not say which network" in refusal(main, capsys, [*words, *out])
    named = ["--architecture", "s-vipnas-mbv3"]
    assert "none.pth must be a readable" in refusal(main, capsys, [*words, *out, *named])
    assert "--batch-size must be at least 1" in refusal(main, capsys, [*words, *out, "--batch-size", "0"])
    assert not (tmp_path / "results.json").exists()
