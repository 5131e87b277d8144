"""What the end-to-end tests share, since each process that imports torch and starts Ray takes long."""

from __future__ import annotations

from pathlib import Path

import pytest

from spaces.registry import build_space
from tests.end_to_end.environment import Environment, make_environment
from tests.end_to_end.tiny_run import TinyRun


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment without the package."""
    return make_environment(tmp_path_factory.mktemp("bare"))


@pytest.fixture(scope="session")
def tracking_uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database for the runs whose tracking no test looks at: to make one takes seconds."""
    return f"sqlite:///{tmp_path_factory.mktemp('tracking') / 'mlflow.db'}"


@pytest.fixture(scope="session")
def whole_run(
    bare: Environment, checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[TinyRun, str]:
    """From a checkout without an installation, down to a finetuned network; and what it said.

    The network that is retrained is the space's smallest, not the search's best.
    """
    run = TinyRun(bare, checkout, tmp_path_factory.mktemp("whole"))
    chosen = run.storage / "chosen.json"
    chosen.write_text(build_space("mobilenetv3-small", 17, (64, 64)).smallest().to_json())
    return run, run.finish(*whole_run_arguments(chosen))


def whole_run_arguments(chosen: Path) -> tuple[str, ...]:
    return (
        "--stages", "data", "spatial_train", "spatial_search", "spatial_retrain", "spatial_finetune",
        "report", "--train.validate-every-epochs", "1", "--finetune.epochs", "1",
        "--resources.slots", "2",
        "--retrain.architecture", str(chosen), "--retrain.start", "slice", "--retrain.epochs", "1",
    )  # fmt: skip
