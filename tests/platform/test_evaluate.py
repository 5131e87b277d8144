"""`python -m platform.evaluate` and `.convert`: figures of files that lie there."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from platform import convert
from platform.evaluate import main
from tests.platform.refused import refusal
from tests.workers.data.posetrack_folder import video, write
from workers.evaluation.posetrack.ap import JOINTS

NAME = "000001_test.json"
Json = dict[str, Any]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two people in two frames, and a prediction that finds one of them in each, exactly."""
    truth = write(tmp_path / "gt", video({0: (0, 1), 1: (0, 1)})) / "annotations" / "val"
    content = video({0: (0,), 1: (0,)})
    for number, person in enumerate(content["annotations"]):
        person["scores"] = [0.5 + 0.1 * number] * 17
    return truth, write(tmp_path / "pred", content) / "annotations" / "val"


def arguments(folders: tuple[Path, Path], *more: str | Path) -> list[str]:
    return ["posetrack", "--gt", str(folders[0]), "--pred", str(folders[1]), *map(str, more)]


def test_half_of_the_people_found_is_half_of_the_ap(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(folders, "--json", tmp_path / "figures" / "all.json")) == 0
    said, names, figures = capsys.readouterr().out.splitlines()
    assert said == "PoseTrack18 AP in %; sequences: 1, labelled people: 4"
    assert names.split() == ["Head", "Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle", "Total"]
    assert figures.split() == ["50.0"] * 8
    written = json.loads((tmp_path / "figures" / "all.json").read_text())
    assert written["table"]["Total"] == pytest.approx(50.0)
    assert written["precision"] == dict.fromkeys(JOINTS, 100.0)
    assert written["recall"]["nose"] == pytest.approx(50.0)


def test_a_joint_that_nobody_labelled_has_no_figure(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.loads((folders[0] / NAME).read_text())
    for person in content["annotations"]:
        person["keypoints"][:3] = [0, 0, 0]
    (folders[0] / NAME).write_text(json.dumps(content))
    main(arguments(folders, "--json", tmp_path / "all.json"))
    assert capsys.readouterr().out.splitlines()[-1].split() == ["-", *["50.0"] * 7]
    assert json.loads((tmp_path / "all.json").read_text())["ap"]["nose"] is None


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda content: content["categories"][0].update(keypoints=["nose"] * 17), "name each joint once"),
        (lambda content: content["categories"][0].update(keypoints=["nose"]), "it has no right_ankle,"),
        (lambda content: content["annotations"][0].update(image_id=5), "is not in the ground truth: 'image"),
        (lambda content: content["annotations"][0].update(scores=[]), "has no 'scores'"),
        (lambda content: content["annotations"][0].pop("scores"), "has no 'scores'"),
        (lambda content: [p.update(scores=[1.0]) for p in content["annotations"]], "must be 17 numbers"),
        (lambda content: content["annotations"][0]["scores"].__setitem__(0, float("nan")), "finite numbers"),
        (lambda content: content["annotations"][0].update(keypoints="none"), "must be 51 numbers"),
        (lambda content: content.pop("annotations"), "the file has no 'annotations'"),
    ],
)
def test_a_prediction_file_that_cannot_be_scored_is_refused_by_name(
    edit: Callable[[Json], None], says: str, folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.loads((folders[1] / NAME).read_text())
    edit(content)
    (folders[1] / NAME).write_text(json.dumps(content))
    err = refusal(main, capsys, arguments(folders))
    assert f"{folders[1] / NAME}: " in err
    assert says in err


def test_ground_truth_without_head_boxes_is_refused(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.loads((folders[0] / NAME).read_text())
    del content["annotations"][0]["bbox_head"]
    (folders[0] / NAME).write_text(json.dumps(content))
    assert "annotation 100000 has no 'bbox_head'" in refusal(main, capsys, arguments(folders))


def test_folders_and_files_that_do_not_fit_are_refused(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth, predicted = folders
    (tmp_path / "none").mkdir()
    assert "gone must be a folder" in refusal(main, capsys, arguments((truth, tmp_path / "gone")))
    assert "must be a folder" in refusal(main, capsys, arguments((truth / NAME, predicted)))
    assert "none has no *.json" in refusal(main, capsys, arguments((truth, tmp_path / "none")))
    (predicted / NAME).rename(predicted / "other.json")
    assert "1 sequences" in (err := refusal(main, capsys, arguments(folders)))
    assert f"lacks 1: {NAME}" in err
    (predicted / NAME).write_text("{")
    assert "cannot read" in refusal(main, capsys, arguments(folders))
    assert "--pred" in refusal(main, capsys, ["posetrack", "--gt", str(truth)])


def test_prediction_files_without_ground_truth_are_named(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    (folders[1] / "other.json").write_text("{}")
    assert main(arguments(folders)) == 0
    assert capsys.readouterr().out.endswith("not scored, for they have no ground truth: other.json\n")


@pytest.mark.parametrize("case", ["bonn41_noise0.3", "mmpose3_noise0.25"])
def test_the_command_gives_the_official_figures(case: str, shared: Path, tmp_path: Path) -> None:
    folder = shared / "golden" / "poseval" / case
    main(arguments((folder / "gt", folder / "pred"), "--json", tmp_path / "all.json"))
    written = json.loads((tmp_path / "all.json").read_text())
    expected = json.loads((folder / "expected.json").read_text())
    assert written["table"]["Total"] == pytest.approx(expected["cum"]["Total"], abs=1e-6)
    known = {joint: ap for joint, ap in written["ap"].items() if ap is not None}
    officially = dict(zip(JOINTS, expected["ap"], strict=False))
    assert known == pytest.approx({joint: officially[joint] for joint in known}, abs=1e-6)


def test_perfect_coco_results_have_an_ap_of_100(
    synthetic_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = synthetic_root / "annotations" / "person_keypoints_val2017.json"
    people = json.loads(truth.read_text())["annotations"]
    results = [{**person, "score": 1.0} for person in people if person["num_keypoints"]]
    (tmp_path / "results.json").write_text(json.dumps(results))
    assert main(["coco", "--gt", str(truth), "--pred", str(tmp_path / "results.json")]) == 0
    columns, figures = (line.split() for line in capsys.readouterr().out.splitlines()[1:])
    assert (columns[0], figures[0]) == ("AP", "100.0")
    argv = ["coco", "--gt", str(truth), "--pred", str(tmp_path / "gone")]
    assert "cannot read" in refusal(main, capsys, argv)


def test_categories_and_what_was_skipped_are_said_and_a_tenth_is_a_warning(
    synthetic_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.loads((synthetic_root / "annotations" / "person_keypoints_val2017.json").read_text())
    people = [person for person in content["annotations"] if person["num_keypoints"]]
    content["categories"].append(content["categories"][0] | {"id": 2, "name": "statue"})
    people[0]["category_id"], people[1]["image_id"] = 2, 987654321
    (tmp_path / "truth.json").write_text(json.dumps(content))
    results = [{**person, "score": 1.0} for person in people if person["image_id"] != 987654321]
    (tmp_path / "results.json").write_text(json.dumps(results))
    argv = ["coco", "--gt", str(tmp_path / "truth.json"), "--pred", str(tmp_path / "results.json")]
    assert main([*argv, "--json", str(tmp_path / "all.json")]) == 0
    said = capsys.readouterr()
    assert "100.0  person\n     100.0  statue\n" in said.out
    assert "truth.json: skipped: 1 of an image that is not listed\n" in said.out
    assert said.err.startswith(f"warning: 1 of {len(people)} people of {tmp_path}/truth.json are skipped: ")
    written = json.loads((tmp_path / "all.json").read_text())
    assert written["categories"]["statue"]["ap"] == pytest.approx(100)
    assert written["table"]["ap"] == pytest.approx(100)


def test_a_record_without_joints_is_nobody_in_posetracks_scoring_too(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.loads((folders[0] / NAME).read_text())
    content["annotations"].append({"id": 7, "image_id": 1000, "category_id": 1, "keypoints": []})
    (folders[0] / NAME).write_text(json.dumps(content))
    main(arguments(folders))
    assert capsys.readouterr().out.splitlines()[0].endswith("labelled people: 4")


def test_a_clip_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["--source", str(tmp_path), "--out", str(tmp_path / "out")]
    assert "cannot read" in refusal(convert.main, capsys, argv)


def test_the_real_clip_becomes_a_folder_that_is_scored(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = shared / "data" / "bonn_clip"
    assert convert.main(["--source", str(source), "--out", str(tmp_path), "--train-frames", "28"]) == 0
    assert capsys.readouterr().out == f"{tmp_path}: 28 frames in train, 13 in val\n"


def test_help_says_what_the_commands_take(checkout: Path) -> None:
    command = [sys.executable, "-m", "platform.evaluate", "--help"]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True)
    assert "python -m platform.evaluate posetrack --gt DIR --pred DIR" in done.stdout
