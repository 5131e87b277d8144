"""Networks from the literature as named architectures, with the figures published for them.

`space, architecture = find_published("s-vipnas-res50")` gives what `space.network(architecture)` and
`space.cost(architecture)` need.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from spaces.architecture import Architecture, StageChoice
from spaces.errors import ArchitectureError
from spaces.registry import build_space
from spaces.space import SearchSpace


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """An architecture and what is reported of it, for 17 keypoints and 256x192 pixels, AP on COCO val2017.

    `gmacs` is as printed, so it is to be read beside both `Cost.macs` and `Cost.macs_on_output_pixels`, and
    the G of SBL and HRNet is 2^30: SBL-50 has 8.99 x 2^30 MACs on output pixels, HRNet-W32 7.12 x 2^30.
    `params_m` is Table 1's for ViPNAS; Table 2 prints 13.5 and 2.8 for the same networks.
    """

    architecture: Architecture
    params_m: float
    gmacs: float
    ap: float
    source: str


def find_published(
    name: str, keypoints: int = 17, input_hw: tuple[int, int] = (256, 192)
) -> tuple[SearchSpace, Architecture]:
    """The space that builds and costs the named network, and its architecture.

    The two of ViPNAS and HRNet-W32 lie inside their space; SBL-Res50 does not, and its `check` refuses it.
    Raises ArchitectureError naming the known networks.
    """
    if name not in PUBLISHED:
        raise ArchitectureError(f"no published network {name!r}; the known ones are: {', '.join(PUBLISHED)}")
    architecture = PUBLISHED[name].architecture
    return build_space(architecture.space, keypoints, input_hw), architecture


def _plain(width: int, kernel: int, depth: int = 1, expansion: float = 1) -> StageChoice:
    return StageChoice(depth=depth, width=width, kernel=kernel, groups=1, expansion=expansion)


def _deconvs(width: int, groups: int) -> StageChoice:
    return StageChoice(depth=3, width=width, kernel=4, groups=groups)


def _rows(*rows: tuple[int, int, int, int, int, int]) -> tuple[StageChoice, ...]:
    """One row a stage: depth, width, expansion, kernel, groups, attention."""
    return tuple(
        StageChoice(
            depth=depth, width=width, expansion=expansion, kernel=kernel, groups=groups, attention=bool(on)
        )
        for depth, width, expansion, kernel, groups, on in rows
    )


def _s_vipnas_res50() -> Architecture:
    stages = _rows(
        (4, 80, 1, 3, 16, 1),
        (6, 160, 1, 5, 16, 0),
        (7, 304, 1, 5, 16, 1),
        (3, 608, 1, 5, 16, 1),
    )
    return Architecture("resnet50", _plain(48, 7), stages, _deconvs(144, 16))


def _s_vipnas_mbv3() -> Architecture:
    stages = _rows(
        (1, 16, 1, 3, 8, 1),
        (4, 24, 5, 7, 120, 1),
        (4, 40, 4, 7, 20, 0),
        (4, 80, 5, 5, 100, 1),
        (4, 112, 5, 7, 280, 1),
        (4, 160, 6, 5, 240, 1),
    )
    return Architecture("mobilenetv3", _plain(16, 3), stages, _deconvs(160, 160))


def _sbl_res50() -> Architecture:
    stages = tuple(
        _plain(width, 3, depth, expansion=0.25) for depth, width in ((3, 256), (4, 512), (6, 1024), (3, 2048))
    )
    return Architecture("resnet50", _plain(64, 7), stages, _deconvs(256, 1))


def _hrnet_w32() -> Architecture:
    def stage(depth: int, widths: Sequence[int]) -> list[StageChoice]:
        return [_plain(width, 3, depth) for width in widths]

    widths = (32, 64, 128, 256)
    stages = (_plain(64, 3, 4), *stage(4, widths[:2]), *stage(16, widths[:3]), *stage(12, widths))
    return Architecture("hrnet-w32", _plain(64, 3), stages, None)


PUBLISHED: Mapping[str, Published] = {
    "s-vipnas-res50": Published(
        architecture=_s_vipnas_res50(), params_m=7.3, gmacs=1.44, ap=71.0, source="ViPNAS, released code"
    ),
    "s-vipnas-mbv3": Published(
        architecture=_s_vipnas_mbv3(), params_m=5.4, gmacs=0.69, ap=67.8, source="ViPNAS, released code"
    ),
    "sbl-res50": Published(
        architecture=_sbl_res50(), params_m=34.0, gmacs=8.90, ap=70.4, source="SBL [56]"
    ),
    "hrnet-w32": Published(
        architecture=_hrnet_w32(), params_m=28.5, gmacs=7.10, ap=74.4, source="HRNet [49]"
    ),
}  # fmt: skip
