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

MOST_PX, MOST_KEYPOINTS = 8_192, 10_000  # a file that says more would have networks built of any size


def build_space(name: str, keypoints: int = 17, input_hw: tuple[int, int] | None = None) -> SearchSpace:
    """The named space; `input_hw` in pixels, by default what the space was drawn up for."""
    if not isinstance(name, str) or name not in SPACES:
        raise ArchitectureError(f"no search space {name!r}; the known ones are: {', '.join(sorted(SPACES))}")
    if not 1 <= keypoints <= MOST_KEYPOINTS:
        raise ArchitectureError(f"keypoints must be from 1 to {MOST_KEYPOINTS}, but they are {keypoints}")
    if input_hw is None:
        return SPACES[name](keypoints=keypoints)
    if any(side <= 0 or side % 32 or side > MOST_PX for side in input_hw):
        raise ArchitectureError(
            f"input height and width must be positive multiples of 32 pixels up to {MOST_PX}, but they are "
            f"{input_hw}"
        )
    return SPACES[name](keypoints=keypoints, input_hw=tuple(input_hw))
