from __future__ import annotations

import pytest

from spaces.errors import ArchitectureError
from spaces.registry import SPACES, build_space


@pytest.mark.parametrize("name", SPACES)
def test_a_space_has_the_name_it_is_found_by(name: str) -> None:
    assert build_space(name).name == name


def test_keypoints_and_input_are_arguments() -> None:
    space = build_space("mobilenetv3", keypoints=15, input_hw=(128, 96))
    assert (space.keypoints, space.input_hw) == (15, (128, 96))
    assert build_space("mobilenetv3").input_hw == (256, 192)
    assert build_space("mobilenetv3-small").input_hw == (128, 96)


def test_equal_arguments_give_equal_spaces() -> None:
    assert build_space("resnet50") == build_space("resnet50")
    assert build_space("resnet50") != build_space("resnet50", keypoints=15)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ArchitectureError, match=r"no search space 'resnet'.*mobilenetv3, .*resnet50"):
        build_space("resnet")


@pytest.mark.parametrize("input_hw", [(250, 192), (256, 0), (-32, 32)])
def test_an_input_that_stages_cannot_halve_is_refused(input_hw: tuple[int, int]) -> None:
    with pytest.raises(ArchitectureError, match="positive multiples of 32 pixels"):
        build_space("resnet50", input_hw=input_hw)
