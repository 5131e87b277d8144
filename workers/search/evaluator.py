"""Scores subnets of one trained supernet: slice, recalibrate, predict, AP."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import final

import numpy as np
import torch

from spaces.architecture import Architecture
from spaces.extract import extract
from spaces.initialise import initialise
from spaces.registry import build_space
from workers.data.codec import Codec
from workers.evaluation.coco.ap import CocoScorer
from workers.evaluation.crops import Images, ValidationCrops
from workers.evaluation.evaluate import Rung, evaluate_in_rungs
from workers.search.candidates import Measured


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SearchInputs:
    """All that an evaluator needs; its arrays lie once per node in Ray's object store."""

    space: str
    keypoints: int
    input_hw: tuple[int, int]
    weights: Mapping[str, np.ndarray]  # of the supernet
    recalibration_images: Images  # (N, H, W, 3) uint8
    crops: ValidationCrops
    scorer: CocoScorer
    codec: Codec
    batch_size: int
    flip_test: bool
    first_rung_people: int = 0
    """The first so many crops are the first rung; 0 scores all at once."""

    def evaluator(self, device: torch.device) -> SubnetEvaluator:
        return SubnetEvaluator(self, device)


@final
class SubnetEvaluator:
    """Holds the supernet between trials. The same architecture gives the same AP whatever came before."""

    def __init__(self, inputs: SearchInputs, device: torch.device | None = None) -> None:
        self.inputs, self.device = inputs, device or torch.device("cpu")
        self.space = build_space(inputs.space, inputs.keypoints, inputs.input_hw)
        with torch.device("meta"):  # without memory of its own
            self.supernet = self.space.supernet()
        self.supernet.load_state_dict(shared_tensors(inputs.weights), assign=True)

    def measure(self, candidate: str, threshold: float | None = None) -> Measured:
        """AP, its parts and the seconds of one architecture.

        With less AP at the first rung than `threshold` the status is "stopped" and there is no AP.
        """
        inputs = self.inputs
        network = extract(self.space, self.supernet, Architecture.from_json(candidate)).to(self.device)
        rung = (
            Rung(people=inputs.first_rung_people, threshold=threshold) if inputs.first_rung_people else None
        )
        evaluated = evaluate_in_rungs(
            network, inputs.recalibration_images, inputs.crops, inputs.scorer, inputs.codec,
            inputs.batch_size, inputs.flip_test, rung,
        )  # fmt: skip
        figures = {"status": "stopped"} if evaluated.ap is None else asdict(evaluated.ap)
        return figures | {
            "first_look_ap": evaluated.first_rung_ap,
            "people": evaluated.people,
            "recalibrate_s": evaluated.recalibrate_s,
            "evaluate_s": evaluated.evaluate_s,
        }


def shared_tensors(arrays: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """Tensors on the arrays' own memory, which may be mapped read-only: nothing may be written to them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return {name: torch.from_numpy(array) for name, array in arrays.items()}


def measure_untrained(inputs: SearchInputs, architecture: Architecture, seed: int, sigma: float) -> Measured:
    """An architecture's measurement with fresh weights instead of trained ones: the baseline of training."""
    evaluator = SubnetEvaluator(inputs)
    evaluator.supernet = initialise(evaluator.space.supernet(), seed, sigma)
    return evaluator.measure(architecture.to_json())
