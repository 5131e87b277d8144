from __future__ import annotations

from pathlib import Path

import pytest
import torch

from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.average import average
from tests.workers.video.examples import tracks_of, wild
from workers.data.synthetic.config import SyntheticConfig
from workers.data.synthetic.dataset import write_synthetic_dataset
from workers.data.tracks import Tracks
from workers.errors import DataError
from workers.video.networks import VideoNetworks
from workers.weights.allocation import TrainedAllocation, load_allocation, save_allocation
from workers.weights.safetensors import save_weights


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> Tracks:
    config = SyntheticConfig(clips=2, frames_per_clip=2, people_per_clip=2)
    return tracks_of(write_synthetic_dataset(tmp_path_factory.mktemp("videos") / "data", config))


@pytest.fixture(scope="module")
def trained(tracks: Tracks) -> TrainedAllocation:
    return wild(tracks, frames=2)


def test_what_was_written_predicts_the_same(trained: TrainedAllocation, tmp_path: Path) -> None:
    save_allocation(tmp_path / "a.safetensors", trained)
    read = load_allocation(tmp_path / "a.safetensors")
    assert read.allocation == trained.allocation
    assert (read.key_frame.architecture, read.key_frame.joints) == (
        trained.key_frame.architecture, trained.key_frame.joints,
    )  # fmt: skip
    images, before = torch.rand(2, 3, *trained.key_frame.input_hw), torch.rand(2, 17, 16, 8)
    with torch.no_grad():
        one, other = VideoNetworks.of(trained), VideoNetworks.of(read)
        assert torch.equal(one.key_frame(images), other.key_frame(images))
        for first, second in zip(one.frames, other.frames, strict=True):
            assert torch.equal(first(images, before), second(images, before))
            assert (first(images, before) - first(images, 1 - before)).abs().max() > 1e-4


def test_networks_for_a_video_say_what_the_plain_ones_say(trained: TrainedAllocation) -> None:
    images, before = torch.rand(2, 3, *trained.key_frame.input_hw), torch.rand(2, 17, 16, 8)
    plain = trained.key_frame.temporal().network(trained.allocation.frames[0]).eval()
    plain.load_state_dict(dict(trained.weights[0]))
    with torch.no_grad():
        expected, folded = plain(images, before), VideoNetworks.of(trained).frames[0](images, before)
    assert torch.allclose(folded, expected, rtol=1e-4, atol=1e-5 * float(expected.abs().max()))


def test_its_cost_is_the_average_with_the_key_frame(trained: TrainedAllocation) -> None:
    space = AllocationSpace(trained.key_frame.temporal(), 2)
    assert trained.cost == average(space, trained.allocation)


def test_another_file_is_refused_by_name(tmp_path: Path) -> None:
    save_weights(tmp_path / "s.safetensors", {"a": torch.zeros(1)}, {"space": "resnet50"})
    with pytest.raises(DataError, match=r"s\.safetensors must hold the networks of an allocation"):
        load_allocation(tmp_path / "s.safetensors")
    with pytest.raises(DataError, match="must be readable safetensors"):
        load_allocation(tmp_path / "gone.safetensors")
