"""`python -m platform.export`: a released checkpoint becomes files that run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch

from platform.export import ExportArguments, load, main
from spaces.published import find_published
from spaces.registry import build_space
from tests.platform.refused import refusal
from tests.workers.weights.filling import draw_images, fill
from workers.weights.released import load_released, read_checkpoint, to_released, write_checkpoint
from workers.weights.safetensors import load_network, save_network

INPUT_HW = (96, 64)


def in_checkout(checkout: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "platform.export", *map(str, arguments)]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    return refusal(main, capsys, [*map(str, arguments)])


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A network of a search, as its run keeps it."""
    space = build_space("mobilenetv3-small", keypoints=15, input_hw=INPUT_HW)
    path = tmp_path / "run" / "network.safetensors"
    save_network(path, fill(space.network(space.smallest())), space, space.smallest())
    return path


def test_a_released_checkpoint_becomes_onnx_and_safetensors(checkout: Path, tmp_path: Path) -> None:
    space, architecture = find_published("s-vipnas-res50")
    network = fill(space.network(architecture))
    write_checkpoint(tmp_path / "released.pth", to_released(network, architecture, "keypoint_head"))

    done = in_checkout(
        checkout, "--architecture", "s-vipnas-res50", "--checkpoint", tmp_path / "released.pth",
        "--out", tmp_path / "out",
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "7,286,772 params" in done.stdout
    model, weights = (tmp_path / "out" / f"{architecture.key}.{kind}" for kind in ("onnx", "safetensors"))
    assert sorted((tmp_path / "out").iterdir()) == [model, weights]
    images = draw_images(2, (256, 192))
    with torch.no_grad():
        expected = network(images).numpy()
        again = load_network(weights, space, architecture)(images).numpy()
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    (heatmaps,) = session.run(None, {"image": images.numpy()})
    assert np.abs(expected[0] - expected[1]).max() > 0.01, "the output must depend on the input"
    assert np.abs(heatmaps - expected).max() < 1e-3 * np.abs(expected).max()
    np.testing.assert_array_equal(again, expected)


def test_a_network_of_a_run_needs_no_architecture_and_can_go_to_mmpose(small: Path, tmp_path: Path) -> None:
    taller = ["--input-hw", "128", "64"]
    assert main(["--checkpoint", str(small), "--out", str(tmp_path), "--mmpose", "0.x", *taller]) == 0

    space = build_space("mobilenetv3-small", keypoints=15, input_hw=INPUT_HW)
    architecture = space.smallest()
    model = onnx.load(tmp_path / f"{architecture.key}.onnx")
    said = {entry.key: entry.value for entry in model.metadata_props}
    assert said["architecture"] == architecture.to_json()
    assert (said["keypoints"], said["input_hw"]) == ("15", "128x64")
    height, width = model.graph.input[0].type.tensor_type.shape.dim[2:]
    assert (height.dim_value, width.dim_value) == (128, 64)
    assert said["mean_rgb"] == "(123.675, 116.28, 103.53)"
    tensors = read_checkpoint(tmp_path / f"{architecture.key}.pth")
    assert "keypoint_head.final_layer.weight" in tensors
    load_released(space, architecture, tensors)


def test_a_configuration_of_mmpose_lies_beside_its_weights(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["--checkpoint", str(small), "--out", str(out), "--mmpose", "1.x"]) == 0
    key = build_space("mobilenetv3-small").smallest().key
    assert sorted(path.suffix for path in out.iterdir()) == [".onnx", ".pth", ".py", ".safetensors"]
    config: dict[str, Any] = {}
    exec((out / f"{key}.py").read_text(), config)
    assert config["load_from"] == f"{key}.pth"
    assert config["model"]["head"]["out_channels"] == 15
    assert config["dataset_info"]["keypoint_info"][14]["name"] == "keypoint_15"
    said = capsys.readouterr().out
    assert f"{key}.py: its configuration; the file names no joints, so they are numbered" in said


def test_a_network_that_mmpose_has_no_names_for_is_refused_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = build_space("hrnet-w32", input_hw=INPUT_HW)
    path = tmp_path / "network.safetensors"
    save_network(path, space.network(space.smallest()), space, space.smallest())
    told = refused(capsys, "--checkpoint", path, "--out", tmp_path / "out", "--mmpose", "1.x")
    assert "this one is of space 'hrnet-w32'" in told
    assert not (tmp_path / "out").exists()


def test_an_architecture_may_come_as_json(tmp_path: Path) -> None:
    space = build_space("mobilenetv3-small", keypoints=15)
    architecture, network = space.smallest(), fill(space.network(space.smallest()))
    (tmp_path / "small.json").write_text(architecture.to_json())
    write_checkpoint(tmp_path / "small.pth", to_released(network, architecture))

    named = load(
        ExportArguments(tmp_path / "small.pth", tmp_path, str(tmp_path / "small.json"), keypoints=15)
    )

    assert named.architecture == architecture
    assert named.space.input_hw == (256, 192)
    torch.testing.assert_close(named.network.state_dict(), network.state_dict(), rtol=0, atol=0)


def test_a_released_mobilenetv3_is_found_by_its_name(tmp_path: Path) -> None:
    space, architecture = find_published("s-vipnas-mbv3")
    network = fill(space.network(architecture))
    write_checkpoint(tmp_path / "released.pth", to_released(network, architecture))

    named = load(ExportArguments(tmp_path / "released.pth", tmp_path, "s-vipnas-mbv3"))

    torch.testing.assert_close(named.network.state_dict(), network.state_dict(), rtol=0, atol=0)


def test_help_teaches_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])

    said = " ".join(capsys.readouterr().out.split())
    assert "python -m platform.export --architecture s-vipnas-res50 --checkpoint" in said
    assert "Nothing in a foreign file is run" in said


def test_a_mistake_is_one_line_on_stderr_and_exit_code_2(checkout: Path, tmp_path: Path) -> None:
    done = in_checkout(
        checkout, "--architecture", "s-vipnas-mbv3", "--checkpoint", tmp_path / "none.pth", "--out", tmp_path
    )

    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {tmp_path / 'none.pth'} must be a readable PyTorch checkpoint")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--architecture", "res50"], "--architecture must be a published network (s-vipnas-res50, "),
        ([], "does not say which network it holds. Give --architecture: s-vipnas-res50, s-vipnas-mbv3"),
        (["--arch", "x"], "Perhaps you meant: --architecture"),
        (["--keypoints", "many"], "--keypoints"),
        (["--architecture", "s-vipnas-res50", "--input-hw", "250", "192"], "positive multiples of 32"),
        (["--architecture", "s-vipnas-res50", "--keypoints", "0"], "keypoints must be at least 1"),
    ],
)
def test_arguments_that_do_not_fit_are_told(
    arguments: Sequence[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ("--checkpoint", tmp_path / "released.pth", "--out", tmp_path / "out")

    assert told in refused(capsys, *files, *arguments)
    assert not (tmp_path / "out").exists()


def test_weights_of_another_network_are_refused_with_both_keys(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = build_space("mobilenetv3-small").smallest().key
    other = find_published("s-vipnas-mbv3")[1].key
    told = refused(
        capsys, "--architecture", "s-vipnas-mbv3", "--checkpoint", small, "--out", tmp_path / "out"
    )

    assert key in told
    assert other in told


def test_an_architecture_outside_its_space_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = find_published("s-vipnas-mbv3")[1].to_json().replace('"width":24', '"width":25')
    (tmp_path / "odd.json").write_text(text)

    told = refused(
        capsys, "--architecture", tmp_path / "odd.json", "--checkpoint", "a.pth", "--out", tmp_path / "out"
    )

    assert "stage2.width must be one of [24]" in told
