"""Scores subnets of one trained supernet: slice, recalibrate, predict, AP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import torch

from spaces.architecture import Architecture
from spaces.extract import extract
from spaces.initialise import initialise
from spaces.registry import build_space
from workers.data.codec import Codec
from workers.evaluation.coco_ap import CocoScorer
from workers.evaluation.crops import ValidationCrops
from workers.evaluation.evaluate import evaluate
from workers.search.candidates import Measured


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SearchInputs:
    """All that an evaluator needs; its arrays lie once per node in Ray's object store."""

    space: str
    keypoints: int
    input_hw: tuple[int, int]
    weights: Mapping[str, np.ndarray]  # of the supernet
    recalibration_images: np.ndarray  # (N, H, W, 3) uint8
    crops: ValidationCrops
    scorer: CocoScorer
    codec: Codec
    batch_size: int
    flip_test: bool

    def evaluator(self, device: torch.device) -> SubnetEvaluator:
        return SubnetEvaluator(self, device)


class SubnetEvaluator:
    """Holds the supernet between trials. The same architecture gives the same AP whatever came before."""

    def __init__(self, inputs: SearchInputs, device: torch.device | None = None) -> None:
        self.inputs, self.device = inputs, device or torch.device("cpu")
        self.space = build_space(inputs.space, inputs.keypoints, inputs.input_hw)
        self.supernet = self.space.supernet()
        self.supernet.load_state_dict({name: torch.tensor(array) for name, array in inputs.weights.items()})

    def measure(self, candidate: str) -> Measured:
        """AP, its parts and the seconds of one architecture."""
        inputs = self.inputs
        network = extract(self.space, self.supernet, Architecture.from_json(candidate)).to(self.device)
        result = evaluate(
            network, inputs.recalibration_images, inputs.crops, inputs.scorer, inputs.codec,
            inputs.batch_size, inputs.flip_test,
        )  # fmt: skip
        return asdict(result.ap) | {"recalibrate_s": result.recalibrate_s, "evaluate_s": result.evaluate_s}


def measure_untrained(inputs: SearchInputs, architecture: Architecture, seed: int, sigma: float) -> Measured:
    """The same measurement of the same architecture with fresh weights: what training is worth."""
    evaluator = SubnetEvaluator(inputs)
    initialise(evaluator.supernet, seed, sigma)
    return evaluator.measure(architecture.to_json())
