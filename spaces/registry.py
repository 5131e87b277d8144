"""Every search space by name: add a function here and the contract tests run on it."""

from collections.abc import Callable, Mapping

from spaces.errors import ArchitectureError
from spaces.hrnet import hrnet_w32
from spaces.mobilenetv3 import mobilenetv3, mobilenetv3_small
from spaces.resnet50 import resnet50
from spaces.space import SearchSpace

SPACES: Mapping[str, Callable[..., SearchSpace]] = {
    "mobilenetv3": mobilenetv3,
    "mobilenetv3-small": mobilenetv3_small,
    "resnet50": resnet50,
    "hrnet-w32": hrnet_w32,
}


def build_space(name: str, keypoints: int = 17, input_hw: tuple[int, int] | None = None) -> SearchSpace:
    """The named space; `input_hw` in pixels, by default what the space was drawn up for."""
    if name not in SPACES:
        raise ArchitectureError(f"no search space {name!r}; the known ones are: {', '.join(sorted(SPACES))}")
    if input_hw is None:
        return SPACES[name](keypoints=keypoints)
    if any(side <= 0 or side % 32 for side in input_hw):
        raise ArchitectureError(
            f"input height and width must be positive multiples of 32 pixels, but they are {input_hw}"
        )
    return SPACES[name](keypoints=keypoints, input_hw=tuple(input_hw))
