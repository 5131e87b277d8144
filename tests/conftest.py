"""What every test shares."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.scheduling import END_TO_END, ByFile, scope_of

ROOT = Path(__file__).resolve().parents[1]

# `pytest` itself imports `platform` before it adds the checkout to sys.path. Where the package is not
# installed (00-vipnas.pth), that was the standard module: forget it, so that ours is found from here on.
if not hasattr(sys.modules["platform"], "__path__"):
    del sys.modules["platform"]

torch.set_num_threads(1)
settings.register_profile(  # what takes long on a busy machine is no failure
    "tests", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tests")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that a second process has enough to do beside it."""
    items.sort(key=lambda item: scope_of(item.nodeid) != END_TO_END)


@pytest.hookimpl(optionalhook=True)  # unknown with -p no:xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return ByFile(config, log)


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Data that lies beside the checkout and is no part of it."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"needs the data folder {folder}, which is not part of the repository")
    return folder


@pytest.fixture(scope="session")
def synthetic_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small synthetic data set in COCO's layout: some 30 people to train on, some 5 to score on."""
    from workers.data.synthetic.config import SyntheticConfig
    from workers.data.synthetic.dataset import write_synthetic_dataset

    config = SyntheticConfig(clips=8, frames_per_clip=2, people_per_clip=2)
    return write_synthetic_dataset(tmp_path_factory.mktemp("synthetic") / "data", config)


@pytest.fixture(scope="session")
def mlflow_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty MLflow database, which takes seconds to make: tests copy it."""
    from platform.tracking.database import make_whole

    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    make_whole(path, mend=False, say=print)
    return path
