"""One run as one value: all that a stage reads. Recipes build it, the command line edits it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, final

from annotated_types import Ge

from platform.config.checks import check_numbers
from platform.config.sections.data import DataConfig, SpaceConfig
from platform.config.sections.resources import ResourceConfig
from platform.config.sections.search import SearchConfig
from platform.config.sections.temporal import TemporalConfig
from platform.config.sections.training import FinetuneConfig, RetrainConfig
from platform.config.stage_names import SEARCH_STAGES, StageName
from platform.terminal.errors import ConfigError
from platform.terminal.paths import is_folder_name
from workers.training.config import TrainConfig


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """A whole run. Results lie in storage/name; the same name again continues where it stopped."""

    name: str
    """Name of the run's folder in the storage."""
    seed: Annotated[int, Ge(0)] = 0
    """Seed of weights, batches, sampled subnets and proposals; the synthetic data has its own."""
    storage: Path = Path("runs")
    """Folder of all runs, of the driver; on a cluster, one that every node reaches by this path."""
    checkpoints_uri: str | None = None
    """Folder of checkpoints that every node reaches: a path, s3://, gs://; by default in the run's folder."""
    tracking_uri: str | None = None
    """MLflow's; by default sqlite in the storage folder."""
    stages: tuple[StageName, ...] = SEARCH_STAGES
    """Which to run, in this order: data, spatial_train, spatial_search, spatial_retrain, spatial_finetune,
    temporal_train, temporal_search, temporal_retrain, report."""
    warm_start: tuple[Path, ...] = ()
    """Folders of runs whose trials this one uses: those scored with the same supernet, data and settings are
    taken over and not evaluated again; of others, the front is evaluated first. Their supernet is used where
    this run would train the same one, or has no stage spatial_train; their T supernet and key frame's network
    where it has no stage temporal_train."""
    data: DataConfig = field(default_factory=DataConfig)
    space: SpaceConfig = field(default_factory=SpaceConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    search: SearchConfig = field(default_factory=SearchConfig)
    retrain: RetrainConfig = field(default_factory=RetrainConfig)
    finetune: FinetuneConfig = field(default_factory=FinetuneConfig)
    temporal: TemporalConfig = field(default_factory=TemporalConfig)
    resources: ResourceConfig = field(default_factory=ResourceConfig)

    def __post_init__(self) -> None:
        if not is_folder_name(self.name):
            raise ConfigError(f"name must be usable as a folder's name, but it is {self.name!r}")
        check_numbers(self)
        for search in (self.search, self.temporal.search):
            search.check_order()
        self._check_workers()
        if ":/" in str(self.storage):
            raise ConfigError(
                f"storage must be a folder on a file system, for rows and databases lie in it, but it is "
                f"{self.storage}. Checkpoints alone may lie there: --checkpoints-uri."
            )

    def _check_workers(self) -> None:
        least, most = self.resources.least_train_workers, self.resources.most_train_workers
        if most < least:
            raise ConfigError(
                f"the second of resources.train-workers must be at least {least}, but it is {most}"
            )
        batches = {"train.batch-size": self.train.batch_size}
        if {"temporal_train", "temporal_retrain"} & set(self.stages):
            batches["temporal.batch-clips"] = self.temporal.batch_clips
        for name, size in batches.items():
            if size < most:
                raise ConfigError(
                    f"{name} must be at least resources.train-workers ({most}), but it is {size}"
                )
