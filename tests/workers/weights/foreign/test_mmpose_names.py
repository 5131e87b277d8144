"""The names of released checkpoints."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from spaces.published import find_published
from workers.errors import DataError
from workers.weights.foreign.mmpose_names import NAMINGS, mmpose_names


def names_of(published: str, head: str = "head") -> dict[str, str]:
    space, architecture = find_published(published)
    return mmpose_names(architecture, space.network(architecture).state_dict(), head)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("stem.conv.weight", "backbone.conv1.conv.weight"),
        ("stem.norm.num_batches_tracked", "backbone.conv1.bn.num_batches_tracked"),
        ("stages.0.0.middle.conv.weight", "backbone.layer1.depthwise_conv.conv.weight"),
        ("stages.0.0.attention.reduce.bias", "backbone.layer1.se.conv1.conv.bias"),
        ("stages.0.0.attention.restore.weight", "backbone.layer1.se.conv2.conv.weight"),
        ("stages.0.0.project.norm.running_var", "backbone.layer1.linear_conv.bn.running_var"),
        ("stages.1.0.expand.conv.weight", "backbone.layer2.expand_conv.conv.weight"),
        ("stages.1.3.expand.norm.bias", "backbone.layer5.expand_conv.bn.bias"),
        ("stages.2.0.middle.norm.weight", "backbone.layer6.depthwise_conv.bn.weight"),
        ("stages.3.1.attention.restore.bias", "backbone.layer11.se.conv2.conv.bias"),
        ("stages.5.3.project.conv.weight", "backbone.layer21.linear_conv.conv.weight"),
        ("deconvs.0.conv.weight", "head.deconv_layers.0.weight"),
        ("deconvs.1.norm.running_mean", "head.deconv_layers.4.running_mean"),
        ("deconvs.2.conv.weight", "head.deconv_layers.6.weight"),
        ("deconvs.2.norm.bias", "head.deconv_layers.7.bias"),
        ("final.weight", "head.final_layer.weight"),
    ],
)
def test_mobilenetv3_counts_its_blocks_through_all_stages(ours: str, theirs: str) -> None:
    assert names_of("s-vipnas-mbv3")[ours] == theirs


def test_the_released_mobilenetv3_has_21_layers_of_which_the_first_does_not_expand() -> None:
    theirs = names_of("s-vipnas-mbv3").values()
    layers = {name.split(".")[1] for name in theirs if name.startswith("backbone.layer")}

    assert layers == {f"layer{number}" for number in range(1, 22)}
    assert not any(name.startswith("backbone.layer1.expand_conv") for name in theirs)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("stem.conv.weight", "backbone.conv1.weight"),
        ("stem.norm.bias", "backbone.bn1.bias"),
        ("stages.0.0.shortcut.conv.weight", "backbone.layer1.0.downsample.0.weight"),
        ("stages.0.0.shortcut.norm.running_mean", "backbone.layer1.0.downsample.1.running_mean"),
        ("stages.2.6.middle.conv.weight", "backbone.layer3.6.conv2.weight"),
        ("stages.3.2.restore.norm.weight", "backbone.layer4.2.bn3.weight"),
        ("stages.3.2.attention.mask.bias", "backbone.layer4.2.attention.conv_mask.bias"),
        ("stages.3.2.attention.norm.weight", "backbone.layer4.2.attention.channel_add_conv.1.weight"),
        ("stages.3.2.attention.restore.bias", "backbone.layer4.2.attention.channel_add_conv.3.bias"),
        ("final.bias", "head.final_layer.bias"),
    ],
)
def test_resnet50_keeps_stage_and_block(ours: str, theirs: str) -> None:
    assert names_of("s-vipnas-res50")[ours] == theirs


def test_the_names_and_shapes_of_resnet50_are_those_of_the_reference_network(shared: Path) -> None:
    text = (shared / "golden" / "mmpose_s_vipnas_res50.json").read_text()
    reference = {name: tuple(shape) for name, shape in json.loads(text)["s_vipnas_res50"]["keys"]}
    space, architecture = find_published("s-vipnas-res50")
    own = space.network(architecture).state_dict()
    names = mmpose_names(architecture, own)

    assert {theirs: tuple(own[ours].shape) for ours, theirs in names.items()} == reference


@pytest.mark.parametrize("published", ["s-vipnas-res50", "s-vipnas-mbv3", "sbl-res50"])
def test_no_two_parameters_share_a_name(published: str) -> None:
    names = names_of(published)

    assert len(set(names.values())) == len(names)


def test_only_the_head_is_called_otherwise_in_older_files() -> None:
    now, before = names_of("s-vipnas-res50"), names_of("s-vipnas-res50", head="keypoint_head")

    assert before["final.weight"] == "keypoint_head.final_layer.weight"
    assert {name for name in now if now[name] != before[name]} == {
        name for name in now if name.startswith(("deconvs.", "final."))
    }


def test_a_network_without_names_in_mmpose_is_refused() -> None:
    space, architecture = find_published("hrnet-w32")

    with pytest.raises(DataError, match=r"known for networks of .*resnet50, but this one is of space 'hrnet"):
        mmpose_names(architecture, space.network(architecture).state_dict())


def test_the_smaller_space_is_named_as_its_relative() -> None:
    assert NAMINGS["mobilenetv3-small"] is NAMINGS["mobilenetv3"]
    small = replace(find_published("s-vipnas-mbv3")[1], space="mobilenetv3-small")

    assert mmpose_names(small, ["stages.1.0.expand.conv.weight"]).popitem()[1] == (
        "backbone.layer2.expand_conv.conv.weight"
    )
