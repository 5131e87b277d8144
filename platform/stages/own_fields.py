"""Which fields of a run a stage trains by, for what its workers say of TrainConfig."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from platform.config.checks import fields_in
from platform.config.run import RunConfig
from platform.config.stage_names import StageName
from workers.errors import DataError, TrainingError
from workers.training.config import TrainConfig

# Where a stage's section has a field of its own, as its `recipe` says; all others are in `train`.
OWN: Mapping[StageName, Mapping[str, str]] = {
    "spatial_retrain": {"epochs": "retrain.epochs"},
    "spatial_finetune": {
        "epochs": "finetune.epochs",
        "learning_rate": "finetune.learning_rate",
        "drop_epochs": "finetune.drop_epochs",
    },
    "temporal_train": {
        "epochs": "temporal.epochs",
        "learning_rate": "temporal.learning_rate",
        "batch_size": "temporal.batch_clips",
        "validate_every_epochs": "temporal.validate_every_epochs",
    },
    "temporal_retrain": {
        "epochs": "temporal.retrain.epochs",
        "learning_rate": "temporal.retrain.learning_rate",
        "batch_size": "temporal.batch_clips",
    },
}


@contextmanager
def fields_typed(stage: StageName) -> Iterator[None]:
    """Errors of workers in the block, which is the stage's, say fields as they are typed."""
    own = {f"{TrainConfig.__name__}.{name}": field for name, field in OWN.get(stage, {}).items()}
    try:
        yield
    except (DataError, TrainingError) as error:
        said = fields_in(RunConfig, str(error), own)
        raise (error if said == str(error) else type(error)(said)) from error.__cause__
