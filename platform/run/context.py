"""The run under way: what every stage is given."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import final

from rich.console import Console

from platform.config.paths import SYNTHETIC_POSETRACK, data_root
from platform.config.run import RunConfig
from platform.run.folder import RunFolder
from platform.tracking.sender import Tracking
from spaces.registry import build_space
from spaces.space import SearchSpace
from workers.data.coco import read_people
from workers.data.people import People
from workers.data.skeletons.file import fitted_skeleton, read_skeleton
from workers.data.skeletons.order import with_joints_like
from workers.training.config import SpatialTask


@final
@dataclass(frozen=True, slots=True)
class Run:
    """A run under way: its configuration, folder, tracking and console."""

    config: RunConfig
    folder: RunFolder
    tracking: Tracking
    console: Console
    warnings: dict[str, None] = field(default_factory=dict)
    """What a person must see also at the end of the run, each once."""

    @property
    def data_root(self) -> Path:
        return data_root(self.config)

    def say(self, stage: str, text: str) -> None:
        """A line of its own, however long."""
        self.console.print(f"{stage}: {text}", highlight=False, soft_wrap=True)

    def checkpoints_uri(self, stage: str) -> str:
        """Folder or URI of the checkpoints of a training; runs of one name in two places stay apart."""
        return checkpoints_uri(self.config, self.folder, stage)

    def posetrack_root(self, given: Path | None) -> Path:
        """Root of the given data set in PoseTrack18's layout, else of the synthetic one."""
        return given or self.data_root / SYNTHETIC_POSETRACK

    def people(self, split: str) -> People:
        """The usable people of a split of the data set, with the skeleton that is given for it."""
        people, given = self.heed(read_people(self.data_root, split)), self.config.data.skeleton
        if given is None:
            return people
        return replace(people, skeleton=fitted_skeleton(read_skeleton(given), people.skeleton, given))

    def people_to_score(self, training: People) -> People:
        """The validation split's people, with the joints in the order of the training split."""
        people = self.people(self.config.data.val_split)
        return with_joints_like(people, training.skeleton, training.annotation_path.name)

    def heed(self, people: People) -> People:
        """Keeps their warning, if any, for the end of the run."""
        if people.warning is not None:
            self.warnings[people.warning] = None
        return people

    def space(self, people: People) -> SearchSpace:
        config = self.config.space
        return build_space(config.name, people.skeleton.keypoints, config.input_hw)

    def spatial_task(self) -> SpatialTask:
        return spatial_task(self.config)


def spatial_task(config: RunConfig) -> SpatialTask:
    """What a training of the run's space is told."""
    return SpatialTask(
        space=config.space.name,
        input_hw=config.space.input_hw,
        sigma_cells=config.space.sigma_cells,
        seed=config.seed,
        train=replace(config.train, init=None),  # the driver reads it
    )


def checkpoints_uri(config: RunConfig, folder: RunFolder, stage: str) -> str:
    """Folder or URI of the checkpoints of a training; the run's identity is needed where a place is given."""
    if config.checkpoints_uri is None:
        return str(folder.path / "checkpoints" / stage)
    run = f"{config.name}-{folder.identity[:8]}"
    place, mark, options = config.checkpoints_uri, "", ""
    if "://" in place:
        place, mark, options = place.partition("?")  # such as an S3 server's address
    return f"{place.rstrip('/')}/{run}/{stage}{mark}{options}"
