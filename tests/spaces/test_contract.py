"""Every search space of the registry, and the worked example, against the contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from spaces.registry import SPACES, build_space
from spaces.space import SearchSpace
from tests.spaces import toy as worked_example
from tests.spaces.contract import KEYPOINTS, SpaceContract

INPUT_HW = (64, 32)
GOLDEN_KEYS = {
    "mobilenetv3": "mobilenetv3-41f73d04611cc235",
    "mobilenetv3-small": "mobilenetv3-small-5eb264bf6568e4be",
    "resnet50": "resnet50-daeedbe00f5c0d80",
    "hrnet-w32": "hrnet-w32-5544dd962755657d",
}


@pytest.mark.parametrize("name", SPACES, scope="class")
class TestEverySpace(SpaceContract):
    @pytest.fixture(scope="class")
    @classmethod
    def space(cls, name: str) -> SearchSpace:
        return build_space(name, keypoints=KEYPOINTS, input_hw=INPUT_HW)

    @pytest.fixture(scope="class")
    @classmethod
    def golden_key(cls, name: str) -> str:
        return GOLDEN_KEYS[name]


class TestTheWorkedExample(SpaceContract):
    @pytest.fixture(scope="class")
    @classmethod
    def space(cls) -> SearchSpace:
        return worked_example.toy(keypoints=KEYPOINTS, input_hw=INPUT_HW)

    @pytest.fixture(scope="class")
    @classmethod
    def golden_key(cls) -> str:
        return "toy-93c3c8dd32cb3c5f"

    def test_it_has_fewer_than_100_lines(self) -> None:
        assert len(Path(worked_example.__file__).read_text().splitlines()) < 100
