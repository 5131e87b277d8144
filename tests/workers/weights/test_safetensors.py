"""Our own weight files: what they belong to is in them, and is checked."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from spaces.architecture import Architecture
from spaces.registry import build_space
from spaces.space import SearchSpace
from tests.workers.weights.filling import draw_images, fill
from workers.errors import DataError
from workers.files import whole_file
from workers.weights.safetensors import (
    check_header,
    load_network,
    load_weights,
    read_architecture,
    save_network,
    save_weights,
)


@pytest.fixture
def space() -> SearchSpace:
    return build_space("mobilenetv3-small", keypoints=15, input_hw=(96, 64))


@pytest.fixture
def saved(space: SearchSpace, tmp_path: Path) -> Path:
    architecture = space.smallest()
    network = fill(space.network(architecture)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    save_network(tmp_path / "small.safetensors", network, space, architecture)
    return tmp_path / "small.safetensors"


def filled(space: SearchSpace, architecture: Architecture) -> nn.Module:
    return fill(space.network(architecture))


def test_a_network_comes_back_with_every_value(space: SearchSpace, saved: Path) -> None:
    architecture = space.smallest()
    expected = filled(space, architecture)
    loaded = load_network(saved, space, architecture)

    assert not loaded.training
    for name, tensor in expected.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name
    image = draw_images(1, space.input_hw)
    assert torch.equal(loaded(image), expected(image))


def test_others_may_read_the_file_as_any_other(saved: Path) -> None:
    (saved.parent / "any").touch()

    assert saved.stat().st_mode == (saved.parent / "any").stat().st_mode


def test_the_file_says_what_it_belongs_to(space: SearchSpace, saved: Path) -> None:
    found, architecture = read_architecture(saved)

    assert architecture == space.smallest()
    assert (found.name, found.keypoints, found.input_hw) == ("mobilenetv3-small", 15, (96, 64))


def test_another_architecture_is_refused_with_both_keys(space: SearchSpace, saved: Path) -> None:
    mine, other = space.smallest(), space.biggest()

    with pytest.raises(DataError, match=f"of key '{mine.key}', but '{other.key}' is needed"):
        load_network(saved, space, other)


def test_another_number_of_keypoints_is_refused_with_both(space: SearchSpace, saved: Path) -> None:
    seventeen = build_space("mobilenetv3-small", keypoints=17)

    with pytest.raises(DataError, match="of keypoints '15', but '17' is needed"):
        load_network(saved, seventeen, space.smallest())


def test_a_supernets_weights_belong_to_no_single_architecture(tmp_path: Path) -> None:
    save_weights(tmp_path / "supernet.safetensors", {"weight": torch.ones(2)}, {"space": "mobilenetv3"})

    assert load_weights(tmp_path / "supernet.safetensors", {"space": "mobilenetv3"})["weight"].sum() == 2
    with pytest.raises(DataError, match=r"KeyError\('architecture'\).*no single architecture"):
        read_architecture(tmp_path / "supernet.safetensors")


@pytest.mark.parametrize("content", [None, b"", b"no weights at all"])
def test_a_file_that_cannot_be_read_is_named(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "broken.safetensors"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(DataError, match=r"broken\.safetensors must be readable safetensors weights, but"):
        load_weights(path, {})


def test_a_file_that_was_not_finished_leaves_the_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    path.write_text("earlier")

    def interrupted() -> None:
        with whole_file(path) as draft:
            draft.write_text("half")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        interrupted()
    assert path.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(DataError, match="file must be a folder that can be written to"):
        save_weights(tmp_path / "file" / "weights.safetensors", {}, {})


def test_a_header_that_claims_more_than_the_limit_is_refused_unread(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.safetensors", {"a": torch.zeros(2)}, {})
    check_header(tmp_path / "w.safetensors")
    with pytest.raises(DataError, match=r"w\.safetensors must be .* header has .* bytes, of at most 7\. Get"):
        check_header(tmp_path / "w.safetensors", limit=7)
