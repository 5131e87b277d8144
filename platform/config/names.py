"""Fields of workers' configurations, which errors name as Class.field, as the command line has them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import get_type_hints

from platform.config.checks import typed
from platform.config.run import RunConfig
from platform.config.stage_names import StageName
from workers.errors import DataError, TrainingError
from workers.training.config import TrainConfig

# Where a stage has its own field for one of TrainConfig's, as `recipe` of its section says.
OWN: Mapping[StageName, Mapping[str, str]] = {
    "spatial_retrain": {"epochs": "retrain.epochs"},
    "spatial_finetune": {
        name: f"finetune.{name}" for name in ("epochs", "learning_rate", "drop_epochs")
    },
    "temporal_train": {
        "batch_size": "temporal.batch_clips",
        **{name: f"temporal.{name}" for name in ("epochs", "learning_rate", "validate_every_epochs")},
    },
    "temporal_retrain": {
        "batch_size": "temporal.batch_clips",
        **{name: f"temporal.retrain.{name}" for name in ("epochs", "learning_rate")},
    },
}  # fmt: skip


def fields_in(text: str, stage: StageName | None = None) -> str:
    """The text with every `Class.field` of a section of RunConfig as it is typed; a stage has its own."""
    own = OWN.get(stage, {}) if stage else {}

    def name(found: re.Match[str]) -> str:
        kind, field = found.groups()
        if kind == TrainConfig.__name__ and field in own:
            return typed("", own[field])
        return typed(_sections()[kind], field)

    return re.sub(rf"\b({'|'.join(_sections())})\.([a-z_]+)", name, text)


@contextmanager
def fields_typed(stage: StageName) -> Iterator[None]:
    """Errors of workers in the block, which is the stage's, say fields as they are typed."""
    try:
        yield
    except (DataError, TrainingError) as error:
        said = fields_in(str(error), stage)
        raise (error if said == str(error) else type(error)(said)) from error.__cause__


@lru_cache(maxsize=1)
def _sections() -> Mapping[str, str]:
    """The section of each configuration, by its class's name."""
    return {kind.__name__: section for kind, section in _walk(RunConfig, "")}


def _walk(kind: type, section: str) -> Iterator[tuple[type, str]]:
    hints = get_type_hints(kind)
    for field in fields(kind):
        inner = hints[field.name]
        if is_dataclass(inner):
            assert isinstance(inner, type)
            yield inner, typed(section, field.name)
            yield from _walk(inner, typed(section, field.name))
