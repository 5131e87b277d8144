"""Checkpoints in MMPose's naming: into our networks and back out, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from spaces.architecture import Architecture
from spaces.published import find_published
from spaces.space import SearchSpace
from tests.workers.weights.filling import draw_images, fill
from workers.errors import DataError
from workers.weights.released import load_released, read_checkpoint, to_released, write_checkpoint

BACKBONES = ("s-vipnas-res50", "s-vipnas-mbv3")
HEADS = ("head", "keypoint_head")


def find(published: str) -> tuple[SearchSpace, Architecture, nn.Module]:
    space, architecture = find_published(published)
    return space, architecture, fill(space.network(architecture))


def released(published: str, head: str = "head") -> dict[str, Tensor]:
    _, architecture, network = find(published)
    return to_released(network, architecture, head)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("published", BACKBONES)
def test_every_parameter_and_buffer_survives_the_way_out_and_back(
    published: str, head: str, tmp_path: Path
) -> None:
    space, architecture, network = find(published)
    before = network.state_dict()

    write_checkpoint(tmp_path / "out.pth", to_released(network, architecture, head))
    tensors = read_checkpoint(tmp_path / "out.pth")
    after = load_released(space, architecture, tensors).state_dict()

    assert {name.split(".")[0] for name in tensors} == {"backbone", head}
    assert list(after) == list(before)
    assert any(name.endswith("num_batches_tracked") for name in before)
    for name, tensor in before.items():
        assert after[name].dtype == tensor.dtype, name
        assert torch.equal(after[name], tensor), name


@pytest.mark.parametrize("published", BACKBONES)
def test_a_loaded_network_computes_what_the_written_one_did(published: str) -> None:
    space, architecture, network = find(published)
    image, other = draw_images(2, (64, 64)).split(1)

    with torch.no_grad():
        expected = network(image)
        loaded = load_released(space, architecture, to_released(network, architecture))

        assert (expected - network(other)).abs().max() > 0.01
        assert torch.equal(loaded(image), expected)
    assert not loaded.training


def test_tensors_are_found_under_state_dict_without_it_and_behind_module(tmp_path: Path) -> None:
    tensors = released("s-vipnas-mbv3")
    parallel = {f"module.{name}": tensor for name, tensor in tensors.items()}
    for number, value in enumerate((tensors, {"state_dict": tensors}, {"state_dict": parallel, "epoch": 3})):
        path = tmp_path / f"{number}.pth"
        torch.save(value, path)

        assert list(read_checkpoint(path)) == list(tensors)


@pytest.mark.parametrize("numpy", [b"numpy._core", b"numpy.core"])
def test_arrays_that_mmpose_keeps_beside_the_weights_do_not_hinder(numpy: bytes, tmp_path: Path) -> None:
    joints = {"sigmas": np.full(17, 0.05), "order": np.arange(3), "on": np.array([True]), "x": np.float32(1)}
    torch.save({"meta": {"joints": joints}, "state_dict": {"weight": torch.ones(2)}}, tmp_path / "new.pth")
    with ZipFile(tmp_path / "new.pth") as new, ZipFile(tmp_path / "released.pth", "w") as file:
        for name in new.namelist():
            file.writestr(name, new.read(name).replace(b"numpy._core", numpy))

    assert list(read_checkpoint(tmp_path / "released.pth")) == ["weight"]


def test_a_key_that_is_missing_and_one_that_is_unknown_are_named() -> None:
    space, architecture, _ = find("s-vipnas-res50")
    tensors = released("s-vipnas-res50", "keypoint_head")
    tensors["keypoint_head.final.weight"] = tensors.pop("keypoint_head.final_layer.weight")

    with pytest.raises(DataError) as refused:
        load_released(space, architecture, tensors)

    assert str(refused.value) == (
        f"the checkpoint must hold exactly the network of '{architecture.key}', "
        "but it lacks keypoint_head.final_layer.weight and has besides keypoint_head.final.weight. "
        "Give the architecture that it was trained with."
    )


def test_of_many_wrong_keys_the_first_are_named_and_the_others_counted() -> None:
    space, architecture, _ = find("s-vipnas-mbv3")

    with pytest.raises(DataError, match=r"lacks backbone\.conv1\.bn\.bias, .* and \d+ more and has besides"):
        load_released(space, architecture, released("s-vipnas-res50"))


def test_a_shape_that_does_not_fit_is_named_with_both() -> None:
    _, architecture = find_published("s-vipnas-res50")
    fifteen, _ = find_published("s-vipnas-res50", keypoints=15)

    with pytest.raises(
        DataError, match=r"'head\.final_layer\.weight' must have the shape \(15, 144, .* has \(17, 144, "
    ):
        load_released(fifteen, architecture, released("s-vipnas-res50"))


class Malicious:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.mark),)


def test_a_file_that_would_run_code_is_refused_without_running_it(tmp_path: Path) -> None:
    mark = tmp_path / "it-ran"
    torch.save({"state_dict": {"weight": torch.ones(1)}, "meta": Malicious(mark)}, tmp_path / "bad.pth")

    with pytest.raises(DataError, match=r"bad.pth must be a PyTorch checkpoint of tensors alone, .*mkdir'"):
        read_checkpoint(tmp_path / "bad.pth")

    assert not mark.exists()


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (torch.ones(2), "must hold a state dict, or one under 'state_dict', but holds a Tensor"),
        ({"state_dict": [1, 2]}, "but holds a list"),
        ({}, "but holds nothing"),
        ({"epoch": 3, "meta": {}}, "but holds a dict of 'epoch', 'meta' without tensors"),
        ({"optimizer": {"state": {0: {"exp_avg": torch.ones(2)}}}}, "tensors only under 'optimizer.state.0'"),
    ],
)
def test_what_is_no_state_dict_is_called_by_its_kind(value: object, told: str, tmp_path: Path) -> None:
    torch.save(value, tmp_path / "odd.pth")

    with pytest.raises(DataError, match=told):
        read_checkpoint(tmp_path / "odd.pth")


@pytest.mark.parametrize("content", [None, b"", b"no checkpoint at all", b"PK\x03\x04 cut short"])
def test_a_file_that_cannot_be_read_is_named(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "broken.pth"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(DataError, match=r"broken\.pth must be a "):
        read_checkpoint(path)


def test_an_unknown_name_for_the_head_is_refused() -> None:
    _, architecture, network = find("s-vipnas-mbv3")

    with pytest.raises(DataError, match="'head' or 'keypoint_head', but 'neck'"):
        to_released(network, architecture, "neck")
