"""Scores one trained network as a search scores subnets, and gives back the weights that were scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from spaces.registry import build_space
from workers.data.codec import Codec
from workers.evaluation.coco.ap import KeypointAP
from workers.evaluation.crops import prepare_crops
from workers.evaluation.evaluate import evaluate
from workers.training.config import SpatialTask
from workers.training.tasks.network import Start
from workers.training.tasks.validation import ValidationTask


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredNetwork:
    """The network's accuracy and, with its recalibrated BatchNorm statistics, its weights."""

    ap: KeypointAP
    weights: dict[str, Tensor]


def score_network(spatial: SpatialTask, trained: Start, scoring: ValidationTask) -> ScoredNetwork:
    """Recalibrates BatchNorm, predicts and scores, on the GPU that this process was given, if any.

    Raises TrainingError where the network's output is not finite.
    """
    assert trained.weights is not None
    space = build_space(spatial.space, scoring.people.skeleton.keypoints, spatial.input_hw)
    network = space.network(trained.architecture)
    network.load_state_dict(dict(trained.weights))
    result = evaluate(
        network.to("cuda" if torch.cuda.is_available() else "cpu"),
        prepare_crops(scoring.recalibration, spatial.input_hw).images,
        prepare_crops(scoring.people, spatial.input_hw),
        scoring.scorer,
        Codec(spatial.input_hw, spatial.sigma_cells),
        scoring.batch_size,
        scoring.flip_test,
    )
    weights = {name: tensor.cpu() for name, tensor in network.state_dict().items()}
    return ScoredNetwork(ap=result.ap, weights=weights)
