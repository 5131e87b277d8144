"""Validation of a T supernet in training: three allocations, scored as the joint search scores them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import final

from spaces.temporal.allocation import Allocation
from workers.data.clips import Clips
from workers.data.codec import Codec
from workers.errors import TrainingError
from workers.search.allocation_evaluator import AllocationEvaluator, AllocationInputs
from workers.search.evaluation_clips import (
    EvaluationClips,
    PrefixState,
    predict_key_frames,
    prepare_evaluation_clips,
)
from workers.training.tasks.temporal_supernet import PropagationTraining
from workers.training.tasks.training import Training
from workers.training.tasks.validation import Validator, validated_subnets


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClipScoring:
    """The clips to score a T supernet on; the worker that scores cuts them out of their images itself."""

    clips: Clips  # disjoint_clips of T + 1 frames
    recalibration: Clips
    """training_clips of as many, over which BatchNorm statistics are pooled."""
    batch_size: int  # clips

    def validator(self, training: Training) -> Validator:
        """TrainingError where it is no T supernet's training."""
        if not isinstance(training, PropagationTraining):
            raise TrainingError("only a T supernet has allocations to validate, but this training has none")
        return ClipValidator(self, training)


@final
class ClipValidator(Validator):
    """Scores the biggest, the smallest and one fixed random allocation over the T frames of the training."""

    def __init__(self, scoring: ClipScoring, training: PropagationTraining) -> None:
        super().__init__(training)
        self.scoring, self.training = scoring, training

    def scores(self) -> Mapping[str, float]:
        evaluator = AllocationEvaluator(self._inputs(), self.training.device)
        allocations = validated_subnets(self.training.space, self.training.task.seed)
        return {name: _ap(evaluator, allocation) for name, allocation in allocations.items()}

    def _inputs(self) -> AllocationInputs:
        weights = self.training.network.state_dict()
        return AllocationInputs(
            space=self.training.space,
            weights={name: tensor.cpu().numpy() for name, tensor in weights.items()},
            clips=self._clips,
            key_frame=self._key_frame,
            cache_bytes=0,
        )

    @cached_property
    def _clips(self) -> EvaluationClips:
        scoring, task = self.scoring, self.training.task
        codec = Codec(task.input_hw, task.sigma_cells)
        return prepare_evaluation_clips(scoring.clips, scoring.recalibration, codec, scoring.batch_size)

    @cached_property
    def _key_frame(self) -> PrefixState:
        return predict_key_frames(self.training.space, self.training.start.weights, self._clips)


def _ap(evaluator: AllocationEvaluator, allocation: Allocation) -> float:
    try:
        return float(evaluator.measure(allocation.to_json())["ap"])
    except TrainingError:  # what a network gave is not finite
        return math.nan
