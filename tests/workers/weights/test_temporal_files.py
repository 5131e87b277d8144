"""The key frame's network and the T supernet, through their files."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from spaces.registry import build_space
from spaces.temporal.allocation import OPERATIONS, Operation
from spaces.temporal.from_spatial import start_from_spatial
from workers.data.skeleton import COCO17, POSETRACK17
from workers.errors import DataError
from workers.weights.key_frame import KeyFrame, read_key_frame
from workers.weights.safetensors import save_network
from workers.weights.temporal_supernet import load_temporal_supernet, save_temporal_supernet

SPACE = build_space("mobilenetv3-small", 17, (64, 32))
ARCHITECTURE = SPACE.smallest()
IMAGES = torch.randn(2, 3, 64, 32, generator=torch.Generator().manual_seed(0))


def write_network(path: Path, joints: tuple[str, ...]) -> torch.nn.Module:
    network = SPACE.network(ARCHITECTURE)
    save_network(path, network, SPACE, ARCHITECTURE, joints)
    return network.eval()


def supernet_file(folder: Path, operations: tuple[Operation, ...]) -> tuple[Path, KeyFrame]:
    write_network(folder / "network.safetensors", POSETRACK17.names)
    key_frame = read_key_frame(folder / "network.safetensors", POSETRACK17.names)
    space = key_frame.temporal(operations)
    supernet = start_from_spatial(space, space.supernet(), key_frame.weights, seed=0)
    path = folder / "temporal.safetensors"
    save_temporal_supernet(path, supernet.state_dict(), space, key_frame.joints, trained_frames=3)
    return path, key_frame


def test_a_key_frames_network_comes_back_fixed(tmp_path: Path) -> None:
    written = write_network(tmp_path / "network.safetensors", POSETRACK17.names)
    found = read_key_frame(tmp_path / "network.safetensors", POSETRACK17.names)
    assert (found.architecture, found.spatial) == (ARCHITECTURE, SPACE)
    network = found.network()
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert torch.equal(network(IMAGES), written(IMAGES))


def test_a_network_of_other_joints_gives_the_wanted_ones_by_name(tmp_path: Path) -> None:
    written = write_network(tmp_path / "network.safetensors", COCO17.names)
    network = read_key_frame(tmp_path / "network.safetensors", POSETRACK17.names).network()
    before, after = written(IMAGES), network(IMAGES)
    for name in ("left_knee", "right_wrist", "nose"):
        one, other = COCO17.names.index(name), POSETRACK17.names.index(name)
        assert torch.equal(before[:, one], after[:, other])


@pytest.mark.parametrize("operations", [OPERATIONS, ("mul",), ()])
def test_a_temporal_supernet_comes_back_with_its_space(
    tmp_path: Path, operations: tuple[Operation, ...]
) -> None:
    path, key_frame = supernet_file(tmp_path, operations)
    found = load_temporal_supernet(path)
    assert found.space == key_frame.temporal(operations)
    assert (found.joints, found.trained_frames) == (POSETRACK17.names, 3)
    supernet = found.supernet()
    choice = found.space.fusions[0]
    assert (choice is None) == (operations == ())
    assert not supernet.training
    assert supernet.state_dict().keys() == found.weights.keys()


def test_a_file_of_something_else_is_named(tmp_path: Path) -> None:
    write_network(tmp_path / "network.safetensors", POSETRACK17.names)
    with pytest.raises(DataError, match=r"network\.safetensors must hold a trained T supernet"):
        load_temporal_supernet(tmp_path / "network.safetensors")
