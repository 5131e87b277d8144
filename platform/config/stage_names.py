"""The stages of a run, in the order in which they run."""

from __future__ import annotations

from typing import Literal, get_args

StageName = Literal[
    "data", "spatial_train", "spatial_search", "spatial_retrain", "spatial_finetune",
    "temporal_train", "temporal_search", "temporal_retrain", "report",
]  # fmt: skip
STAGE_NAMES: tuple[StageName, ...] = get_args(StageName)  # in the order in which they run
SEARCH_STAGES: tuple[StageName, ...] = ("data", "spatial_train", "spatial_search", "report")
