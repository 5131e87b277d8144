"""Weights from a file, ours or MMPose's, put into networks and supernets that are to be trained."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from spaces.architecture import Architecture
from spaces.extract import extract
from spaces.first_weights import filled, match_tensors
from spaces.published import find_published
from spaces.registry import build_space
from spaces.space import SearchSpace
from tests.workers.weights.filling import fill
from workers.data.skeleton import COCO17, POSETRACK17
from workers.errors import DataError
from workers.weights.given import check_fits_somewhere, check_some, read_given, told
from workers.weights.joints import with_joints_of
from workers.weights.released import to_released, write_checkpoint
from workers.weights.safetensors import save_network, save_weights

INPUT_HW = (64, 32)
SMALL = build_space("mobilenetv3-small", 17, INPUT_HW)


def some_architecture(space: SearchSpace) -> Architecture:
    """The biggest, but narrower, shallower and with smaller kernels where the space allows."""
    return space.nearest(space.describe(space.smallest()) | {"stage2.depth": 2})


def saved(path: Path, space: SearchSpace, architecture: Architecture, mmpose: bool = False) -> nn.Module:
    network = fill(space.network(architecture))
    if mmpose:
        write_checkpoint(path, to_released(network, architecture))
    else:
        save_network(path, network, space, architecture, COCO17.names)
    return network


def supernet_with(path: Path, space: SearchSpace) -> nn.Module:
    supernet = fill(space.supernet(), seed=7) if space is SMALL else space.supernet()
    state = filled(supernet.state_dict(), read_given(path, space).for_supernet(), leading=True)
    supernet.load_state_dict(state)
    return supernet


def assert_equal(network: nn.Module, expected: nn.Module) -> None:
    found = network.state_dict()
    for name, tensor in expected.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(found[name], tensor), name


@pytest.mark.parametrize(("published", "mmpose"), [("s-vipnas-res50", True), ("s-vipnas-mbv3", False)])
def test_a_networks_slice_of_the_supernet_that_began_with_it_is_that_network(
    published: str, mmpose: bool, tmp_path: Path
) -> None:
    space, architecture = find_published(published)
    path = tmp_path / ("released.pth" if mmpose else "network.safetensors")
    network = saved(path, space, architecture, mmpose)

    with torch.device("meta"):
        own = space.supernet().state_dict()
    found = match_tensors(own, read_given(path, space).for_supernet(), leading=True)

    assert found.of_another_shape == found.unused == ()
    assert len(found.loaded) == sum(not name.endswith("tracked") for name in network.state_dict())
    assert_equal(extract(space, supernet_with(path, space), architecture), network)


def test_a_hrnet_of_ours_is_put_into_its_supernet_too(tmp_path: Path) -> None:
    space = build_space("hrnet-w32", 17, INPUT_HW)
    architecture = space.smallest()
    network = saved(tmp_path / "network.safetensors", space, architecture)
    assert_equal(
        extract(space, supernet_with(tmp_path / "network.safetensors", space), architecture), network
    )


def test_what_a_smaller_network_does_not_fill_of_a_supernet_stays_what_it_was(tmp_path: Path) -> None:
    architecture = some_architecture(SMALL)
    network = saved(tmp_path / "network.safetensors", SMALL, architecture)
    before, after = fill(SMALL.supernet(), seed=7), supernet_with(tmp_path / "network.safetensors", SMALL)

    name = "stages.1.0.middle.conv.weight"
    mine, theirs, given = (each.state_dict()[name] for each in (before, after, network))
    assert mine.shape != given.shape
    margin = (mine.shape[-1] - given.shape[-1]) // 2
    place = (slice(0, given.shape[0]), slice(0, given.shape[1]), *[slice(margin, margin + 3)] * 2)
    assert torch.equal(theirs[place], given)
    rest = torch.ones_like(mine, dtype=torch.bool)
    rest[place] = False
    assert torch.equal(theirs[rest], mine[rest])


@pytest.mark.parametrize("base", [SMALL.biggest(), SMALL.smallest()])  # where stages 1 and 2 are as wide
@pytest.mark.parametrize("depths", [(1, 2, 1, 3), (1, 1, 3, 2)])
def test_blocks_that_mmpose_counts_through_go_to_the_stages_that_they_are_alike_in(
    base: Architecture, depths: tuple[int, ...], tmp_path: Path
) -> None:
    values = {f"stage{stage}.depth": depth for stage, depth in enumerate(depths, start=1)}
    architecture = SMALL.nearest(SMALL.describe(base) | values)
    network = saved(tmp_path / "theirs.pth", SMALL, architecture, mmpose=True)
    given = read_given(tmp_path / "theirs.pth", SMALL).for_network(architecture, INPUT_HW)
    assert set(given) == set(network.state_dict())
    assert_equal(extract(SMALL, supernet_with(tmp_path / "theirs.pth", SMALL), architecture), network)


def test_blocks_that_are_alike_in_two_stages_are_refused(tmp_path: Path) -> None:
    alike = {"width": 24, "kernel": 3, "expansion": 2, "groups": 48, "attention": False}
    values = {f"stage{stage}.{name}": value for stage in (2, 3) for name, value in alike.items()}
    network = SMALL.nearest(SMALL.describe(SMALL.smallest()) | values)
    saved(tmp_path / "theirs.pth", SMALL, network, mmpose=True)
    with pytest.raises(DataError, match=r"theirs\.pth: blocks .* must be 4 rows, .* but they are 3\. Give"):
        read_given(tmp_path / "theirs.pth", SMALL)


def test_a_supernets_slice_begins_a_network_and_all_of_it_a_supernet(tmp_path: Path) -> None:
    supernet, architecture = fill(SMALL.supernet()), SMALL.smallest()
    metadata = {"space": SMALL.name, "keypoints": "17", "joints": ",".join(COCO17.names)}
    save_weights(tmp_path / "supernet.safetensors", supernet.state_dict(), metadata)
    torch.save({"supernet": supernet.state_dict(), "step": 3}, tmp_path / "step-3.pt")

    for name in ("supernet.safetensors", "step-3.pt"):
        given = read_given(tmp_path / name, SMALL)
        assert given.shared
        own = SMALL.network(architecture).state_dict()
        sliced = SMALL.network(architecture)
        sliced.load_state_dict(filled(own, given.for_network(architecture, INPUT_HW)))
        assert_equal(sliced, extract(SMALL, supernet, architecture))
        assert_equal(supernet_with(tmp_path / name, SMALL), supernet)


def test_heatmaps_go_to_the_joints_of_their_names(tmp_path: Path) -> None:
    network = saved(tmp_path / "theirs.pth", SMALL, SMALL.smallest(), mmpose=True)
    given = read_given(tmp_path / "theirs.pth", SMALL).for_joints(POSETRACK17.names)
    expected = with_joints_of(network.state_dict(), COCO17.names, POSETRACK17.names)["final.weight"]
    assert torch.equal(given.tensors["final.weight"], expected)
    assert not torch.equal(expected, network.state_dict()["final.weight"])


def test_what_is_loaded_and_what_is_left_are_counted_in_one_line(tmp_path: Path) -> None:
    path, architecture = tmp_path / "theirs.pth", SMALL.smallest()
    tensors = to_released(fill(SMALL.network(architecture)), architecture)
    del tensors["backbone.conv1.conv.weight"]
    tensors["backbone.conv1.bn.bias"] = torch.ones(3)
    tensors |= {f"backbone.fc{number}.bias": torch.ones(1) for number in range(5)}
    write_checkpoint(path, tensors)
    given = read_given(path, SMALL)
    own = SMALL.network(architecture).state_dict()
    found = match_tensors(own, given.for_network(architecture, INPUT_HW))
    total = sum(not name.endswith("tracked") for name in own)

    assert told(found, path) == (
        f"{total - 2} of {total} tensors loaded from {path}, 1 not in it: stem.conv.weight, 1 of another "
        "shape: stem.norm.bias, 5 of the file not used: backbone.fc0.bias, backbone.fc1.bias, "
        "backbone.fc2.bias, ..."
    )
    kept = filled(own, given.tensors)
    assert torch.equal(kept["stem.norm.bias"], own["stem.norm.bias"])


def test_a_backbone_alone_as_torchvision_names_it_fits_the_same_resnet(tmp_path: Path) -> None:
    architecture = find_published("s-vipnas-res50")[1]
    space = build_space("resnet50", 17, INPUT_HW)
    network = space.network(architecture)
    theirs = to_released(network, architecture)
    alone = {name.removeprefix("backbone."): tensor for name, tensor in theirs.items() if "backbone" in name}
    torch.save(alone | {"fc.weight": torch.ones(10, 4)}, tmp_path / "resnet50.pth")

    found = match_tensors(network.state_dict(), read_given(tmp_path / "resnet50.pth", space).tensors)

    assert found.unused == ("fc.weight",)
    assert all(name.startswith(("deconvs.", "final.")) for name in found.missing)
    assert found.of_another_shape == ()


def refused(path: Path, space: SearchSpace = SMALL) -> str:
    with pytest.raises(DataError) as error:
        check_fits_somewhere(read_given(path, space), space)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_no_network_of_the_space_can_take_is_refused_by_name(tmp_path: Path) -> None:
    network = fill(SMALL.network(SMALL.smallest()))
    save_weights(tmp_path / "other.safetensors", {"fc.weight": torch.ones(2)}, {})
    save_network(tmp_path / "network.safetensors", network, SMALL, SMALL.smallest())
    write_checkpoint(tmp_path / "theirs.pth", to_released(network, SMALL.smallest()))
    broken = network.state_dict() | {"stem.norm.bias": torch.full((16,), torch.nan)}
    save_weights(tmp_path / "nan.safetensors", broken, {"space": SMALL.name, "architecture": "{}"})
    save_weights(tmp_path / "int.safetensors", {"stem.norm.bias": torch.ones(16, dtype=torch.int8)}, {})
    save_weights(tmp_path / "t.safetensors", {"cnn.a": torch.ones(1)}, {"key_frame": "{}"})
    (tmp_path / "text.pth").write_text("{}")

    assert "fit a network of space 'mobilenetv3-small', but nothing does: 0 of" in refused(
        tmp_path / "other.safetensors"
    )
    res50, hrnet = (build_space(name, 17, INPUT_HW) for name in ("resnet50", "hrnet-w32"))
    assert "must hold weights of space 'resnet50', but they are of 'mobile" in refused(
        tmp_path / "network.safetensors", res50
    )
    assert "MMPose's names, which are known for networks of mobilenetv3," in refused(
        tmp_path / "theirs.pth", hrnet
    )
    assert "finite floating-point weights, but 'stem.norm.bias'" in refused(tmp_path / "nan.safetensors")
    assert "finite floating-point weights, but 'stem.norm.bias'" in refused(tmp_path / "int.safetensors")
    assert "it holds networks of the temporal level" in refused(tmp_path / "t.safetensors")
    assert "must be a PyTorch checkpoint, but it is JSON" in refused(tmp_path / "text.pth")
    assert "must be readable safetensors weights" in refused(tmp_path / "none.safetensors")


def test_a_last_layer_alone_is_nothing_that_fits(tmp_path: Path) -> None:
    last = {"final.weight": torch.ones(17, 32, 1, 1), "final.bias": torch.ones(17)}
    found = match_tensors(SMALL.network(SMALL.smallest()).state_dict(), last)
    with pytest.raises(DataError, match="must hold weights that fit it, but nothing does"):
        check_some(found, tmp_path, "it")
