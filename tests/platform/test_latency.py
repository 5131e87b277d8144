"""`python -m platform.latency`: one network's time, with its conditions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from platform.latency import main
from platform.terminal.command_line import run
from spaces.registry import build_space

ARCHITECTURE = build_space("mobilenetv3-small").smallest()


@pytest.fixture
def architecture(tmp_path: Path) -> str:
    path = tmp_path / "architecture.json"
    path.write_text(ARCHITECTURE.to_json())
    return str(path)


def test_json_holds_the_time_and_its_conditions(
    architecture: str, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ["--input-hw", "64", "32", "--keypoints", "5", "--budget-s", "0.1"]
    assert main(["--architecture", architecture, "--runtime", "torch", "--json", *small]) == 0

    said = json.loads(capsys.readouterr().out)
    assert (said["key"], said["space"]) == (ARCHITECTURE.key, "mobilenetv3-small")
    assert (said["input_hw"], said["keypoints"], said["threads"]) == ([64, 32], 5, 1)
    assert said["runtime"] == "torch"
    assert said["median_ms"] > 0
    assert {"cpu", "cores", "runtime_version", "p10_ms", "p90_ms", "steady", "control_ratio"} < said.keys()


def test_a_person_reads_the_same(architecture: str, capsys: pytest.CaptureFixture[str]) -> None:
    small = ["--input-hw", "64", "32", "--budget-s", "0.1"]
    assert main(["--architecture", architecture, "--space", "mobilenetv3-small", *small]) == 0

    first, time, conditions, control = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{ARCHITECTURE.key}: ")
    assert first.endswith("GMACs at 64x32")
    assert " ms an image (p10 " in time
    assert conditions.startswith("onnxruntime ")
    assert control.startswith("control network at ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--space", "resnet50"], "must be of --space resnet50, but it is of mobilenetv3-small"),
        (["--space", "resnet"], "--space must be one of mobilenetv3, mobilenetv3-small, resnet50"),
        (["--runtime", "tensorrt"], "--runtime must be one of onnxruntime, torch, but it is 'tensorrt'"),
        (["--threads", "0"], "--threads must be at least 1"),
        (["--input-hw", "65", "32"], "positive multiples of 32"),
    ],
)
def test_what_does_not_fit_is_one_line(
    architecture: str, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(main, ["--architecture", architecture, *arguments]) == 2

    captured = capsys.readouterr()
    assert told in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
