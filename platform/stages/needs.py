"""What stages begin with: made by an earlier stage of the run, given, taken from another run, or there."""

from __future__ import annotations

from collections.abc import Iterator

from platform.config.paths import SYNTHETIC_POSETRACK, data_root
from platform.config.run import RunConfig
from platform.config.stage_names import STAGE_NAMES, StageName
from platform.run.folder import RunFolder, folder_of
from platform.terminal.errors import ConfigError

Makers = tuple[StageName, ...]
OF_COCO: frozenset[StageName] = frozenset({"spatial_train", "spatial_search", "spatial_retrain"})
KEY_FRAME: Makers = ("spatial_finetune", "spatial_retrain")


def check_order(stages: tuple[StageName, ...]) -> None:
    """ConfigError where there is no stage, one twice, or one before another that it may need."""
    if not stages:
        raise ConfigError(f"stages must be some of {' '.join(STAGE_NAMES)}, but there is none")
    ordered = tuple(name for name in STAGE_NAMES if name in stages)
    if stages != ordered:
        raise ConfigError(
            f"stages must be in the order in which they run, each once, but they are {' '.join(stages)}. "
            f"Give --stages {' '.join(ordered)}."
        )


def check_needs(config: RunConfig) -> None:
    """ConfigError for the first stage that would miss what it begins with, which its end would show."""
    for stage, what, makers, is_there, advice in _needs(config):
        if stage in config.stages and not is_there and not set(makers) & set(config.stages):
            raise ConfigError(
                f"{stage} needs {what}, but no stage of this run makes it and there is none. "
                f"Add {' or '.join(makers)} to --stages, or {advice}."
            )


def _needs(config: RunConfig) -> Iterator[tuple[StageName, str, Makers, bool, str]]:
    """Each stage's: what, which stages make it, whether it is there, and what else to do."""
    own, others = folder_of(config), [RunFolder(run) for run in config.warm_start]
    supernet = any(run.supernet.exists() for run in (own, *others))
    below = any(run.temporal_supernet.exists() for run in (own, *others))
    yield from _of_data(config)
    yield (
        "spatial_search", "a supernet", ("spatial_train",), supernet,
        "give --warm-start with a run that has one",
    )  # fmt: skip
    chosen = config.retrain.architecture is not None or own.best.exists()
    yield (
        "spatial_retrain",
        "an architecture",
        ("spatial_search",),
        chosen,
        "give --retrain.architecture FILE",
    )
    if config.retrain.start == "slice":
        yield (
            "spatial_retrain", "a supernet to slice", ("spatial_train",), supernet,
            "give --retrain.start scratch",
        )  # fmt: skip
    trained = config.finetune.weights is not None or own.network.exists()
    yield "spatial_finetune", "a network", ("spatial_retrain",), trained, "give --finetune.weights FILE"
    key = config.temporal.key_frame is not None or own.single_network is not None
    taken = any(run.single_network is not None for run in others) and "temporal_train" not in config.stages
    give = "give --temporal.key-frame FILE"
    yield "temporal_train", "a key frame's network", KEY_FRAME, key, give
    yield "temporal_search", "a key frame's network", KEY_FRAME, key or taken or below, give
    yield (
        "temporal_search", "a T supernet", ("temporal_train",), below,
        "give --warm-start with a run that has one",
    )  # fmt: skip
    yield (
        "temporal_retrain", "a found allocation", ("temporal_search",), own.allocation_networks.exists(),
        "take the run that has one",
    )  # fmt: skip


def _of_data(config: RunConfig) -> Iterator[tuple[StageName, str, Makers, bool, str]]:
    """The synthetic data, where the run is given no other."""
    temporal, finetune = config.temporal.root or config.finetune.root, config.finetune.root
    for stage in STAGE_NAMES[1:-1]:
        if stage in OF_COCO:
            given, folder = config.data.root, data_root(config)
        else:
            given = finetune if stage == "spatial_finetune" else temporal
            folder = data_root(config) / SYNTHETIC_POSETRACK
        field = "data.root" if stage in OF_COCO else "finetune.root"
        is_there = given is not None or folder.is_dir()
        yield stage, f"data in {folder}", ("data",), is_there, f"give --{field} FOLDER"
