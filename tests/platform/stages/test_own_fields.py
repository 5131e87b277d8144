from __future__ import annotations

import pytest

from platform.config.checks import fields_in
from platform.config.run import RunConfig
from platform.config.stage_names import StageName
from platform.stages.own_fields import OWN, fields_typed
from workers.errors import DataError, TrainingError


@pytest.mark.parametrize(
    ("stage", "field"),
    [
        ("spatial_train", "train.learning-rate"),
        ("spatial_retrain", "train.learning-rate"),
        ("spatial_finetune", "finetune.learning-rate"),
        ("temporal_train", "temporal.learning-rate"),
        ("temporal_retrain", "temporal.retrain.learning-rate"),
    ],
)
def test_an_error_of_a_worker_names_the_field_that_its_stage_reads(stage: StageName, field: str) -> None:
    says = rf"^Lower {field}, or set train\.max-grad-norm\.$"
    with pytest.raises(TrainingError, match=says), fields_typed(stage):
        raise TrainingError("Lower TrainConfig.learning_rate, or set TrainConfig.max_grad_norm.")


def test_an_error_without_a_field_stays_the_same_error() -> None:
    error = DataError("no image")
    with pytest.raises(DataError) as caught, fields_typed("data"):
        raise error
    assert caught.value is error


def test_nested_sections_have_their_whole_name() -> None:
    assert (
        fields_in(RunConfig, "Augmentation.scale_fraction must") == "train.augmentation.scale-fraction must"
    )


def test_every_field_that_a_stage_has_for_its_own_exists() -> None:
    config = RunConfig(name="a")
    for own in OWN.values():
        for field, name in own.items():
            assert hasattr(config.train, field)
            owner = config
            for part in name.split("."):
                owner = getattr(owner, part)
