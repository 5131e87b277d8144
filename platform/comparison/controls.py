"""The runs that a recipe's results are compared with: the paper's Tables 3 and 4 and Figure 6."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import final

from platform.config.run import RunConfig
from platform.config.sections.temporal import TemporalConfig
from platform.config.stage_names import StageName
from platform.run.folder import RunFolder, folder_of
from platform.terminal.errors import ConfigError
from workers.files import link_or_copy

FRAMES = (2, 3, 4)  # Table 4's
SEARCH: tuple[StageName, ...] = ("temporal_search", "temporal_retrain", "report")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A run beside the recipe's own."""

    config: RunConfig
    taken: Mapping[str, Path] = field(default_factory=dict)
    """Files that it begins with, by their names in its folder."""


def controls(base: RunConfig) -> tuple[Control, ...]:
    """The runs to compare `base` with, which is done when they begin, in the order in which they run."""
    return (*(_with_frames(base, frames) for frames in FRAMES if frames != base.temporal.frames),
            _shared(base), _spatial(base), _without_fusion(base))  # fmt: skip


def check_controls(base: RunConfig) -> None:
    """Raises ConfigError for what would fail, or compare nothing, hours later."""
    if "temporal_search" not in base.stages:
        raise ConfigError(
            f"controls are compared with an allocation, but the stages of {base.name} end before "
            "temporal_search. Take a recipe of both levels, or add it: --stages ... temporal_search."
        )
    if "temporal_retrain" not in base.stages:
        raise ConfigError(
            f"Figure 6a retrains the found networks without fusion, but the stages of {base.name} have no "
            "temporal_retrain, which trains them with it. Add it: --stages ... temporal_retrain."
        )
    if base.temporal.search.max_gmacs is None:
        raise ConfigError(
            "controls are compared at equal computation, but nothing bounds it. Give "
            "--temporal.search.max-gmacs, of a frame on average."
        )
    if not base.temporal.fusion or base.temporal.shared:
        raise ConfigError(
            "controls leave out fusion and free allocation of a run that has both, but temporal.fusion is "
            f"{base.temporal.fusion} and temporal.shared {base.temporal.shared}. Leave them as they are."
        )
    _check_clips(base)


def _check_clips(base: RunConfig) -> None:
    needs, made = max(*FRAMES, base.temporal.frames) + 1, base.data.made.frames_per_clip
    is_synthetic = base.data.root is None and base.finetune.root is None and base.temporal.root is None
    if is_synthetic and made < needs:
        raise ConfigError(
            f"a clip for T = {needs - 1} needs {needs} frames, but synthetic clips have {made}. "
            f"Give --data.made.frames-per-clip {needs}."
        )


def _with_frames(base: RunConfig, frames: int) -> Control:
    return _searched(base, f"t{frames}", replace(base.temporal, frames=frames))


def _shared(base: RunConfig) -> Control:
    return _searched(base, "shared", replace(base.temporal, shared=True))


def _searched(base: RunConfig, suffix: str, temporal: TemporalConfig) -> Control:
    """Another search of the same T supernet."""
    supernet = folder_of(base).temporal_supernet
    config = replace(base, name=f"{base.name}-{suffix}", stages=SEARCH, temporal=temporal)
    return Control(config=_with_key_frame(base, config), taken={supernet.name: supernet})


def _without_fusion(base: RunConfig) -> Control:
    """What the run found, "the model architecture the same" (section 4.5)."""
    found = folder_of(base).allocation_networks
    config = replace(
        base, name=f"{base.name}-no-fusion", stages=("temporal_retrain",),
        temporal=replace(base.temporal, fusion=False),
    )  # fmt: skip
    return Control(config=_with_key_frame(base, config), taken={found.name: found})


def _with_key_frame(base: RunConfig, config: RunConfig) -> RunConfig:
    key_frame = base.temporal.key_frame or folder_of(base).single_network
    return replace(config, temporal=replace(config.temporal, key_frame=key_frame))


def _spatial(base: RunConfig) -> Control:
    """S-ViPNAS of the same supernet: the run's own, or that of the run whose network it finetuned."""
    bound, weights = base.temporal.search.max_gmacs, base.finetune.weights
    own = weights is None or "spatial_train" in base.stages
    source = folder_of(base) if own or weights is None else RunFolder(weights.absolute().parent)
    config = replace(
        base,
        name=f"{base.name}-s-only",
        stages=("spatial_search", "spatial_retrain", "spatial_finetune"),
        warm_start=(source.path,),
        search=replace(base.search, max_gmacs=bound, min_gmacs=None),
        retrain=replace(base.retrain, architecture=None),
        finetune=replace(base.finetune, weights=None),
    )
    return Control(config=config)


def begin(control: Control) -> None:
    """Puts what the run begins with into its folder, unless it was begun before."""
    folder = folder_of(control.config)
    for name, source in control.taken.items():
        if not (folder.path / name).exists():
            link_or_copy(source, folder.path / name)
