"""Synthetic videos with people to follow."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workers.video.examples import tracks_of, wild
from workers.data.synthetic.config import SyntheticConfig
from workers.data.synthetic.dataset import write_synthetic_dataset
from workers.data.tracks import Tracks
from workers.weights.allocation import TrainedAllocation


@pytest.fixture(scope="session")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sequences of 6 frames and up to 3 people to score on."""
    config = SyntheticConfig(clips=4, frames_per_clip=6, people_per_clip=3, validation_fraction=0.5)
    return write_synthetic_dataset(tmp_path_factory.mktemp("videos") / "data", config)


@pytest.fixture(scope="session")
def tracks(videos: Path) -> Tracks:
    return tracks_of(videos)


@pytest.fixture(scope="session")
def trained(tracks: Tracks) -> TrainedAllocation:
    return wild(tracks, frames=3)
