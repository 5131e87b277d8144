"""Scores subnets of one trained supernet: slice, recalibrate, predict, AP."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import torch

from spaces.architecture import Architecture
from spaces.extract import extract
from spaces.initialise import initialise
from spaces.registry import build_space
from workers.data.codec import Codec
from workers.evaluation.coco.ap import CocoScorer
from workers.evaluation.crops import Images, ValidationCrops
from workers.evaluation.evaluate import Look, evaluate_in_looks
from workers.search.candidates import Measured


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
    first_look_people: int = 0
    """The first so many crops of a first look; 0 looks at all at once."""

    def evaluator(self, device: torch.device) -> SubnetEvaluator:
        return SubnetEvaluator(self, device)


class SubnetEvaluator:
    """Holds the supernet between trials. The same architecture gives the same AP whatever came before."""

    def __init__(self, inputs: SearchInputs, device: torch.device | None = None) -> None:
        self.inputs, self.device = inputs, device or torch.device("cpu")
        self.space = build_space(inputs.space, inputs.keypoints, inputs.input_hw)
        with torch.device("meta"):  # without memory of its own
            self.supernet = self.space.supernet()
        self.supernet.load_state_dict(shared_tensors(inputs.weights), assign=True)

    def measure(self, candidate: str, bar: float | None = None) -> Measured:
        """AP, its parts and the seconds of one architecture.

        `bar` is what AP at the first look must reach; below it the status is "stopped" and there is no AP.
        """
        inputs = self.inputs
        network = extract(self.space, self.supernet, Architecture.from_json(candidate)).to(self.device)
        look = Look(people=inputs.first_look_people, least_ap=bar) if inputs.first_look_people else None
        looked = evaluate_in_looks(
            network, inputs.recalibration_images, inputs.crops, inputs.scorer, inputs.codec,
            inputs.batch_size, inputs.flip_test, look,
        )  # fmt: skip
        figures = {"status": "stopped"} if looked.ap is None else asdict(looked.ap)
        return figures | {
            "first_look_ap": looked.first_look_ap,
            "people": looked.people,
            "recalibrate_s": looked.recalibrate_s,
            "evaluate_s": looked.evaluate_s,
        }


def shared_tensors(arrays: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """Tensors on the arrays' own memory, which may be mapped read-only: nothing may be written to them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return {name: torch.from_numpy(array) for name, array in arrays.items()}


def measure_untrained(inputs: SearchInputs, architecture: Architecture, seed: int, sigma: float) -> Measured:
    """The same measurement of the same architecture with fresh weights: what training is worth."""
    evaluator = SubnetEvaluator(inputs)
    evaluator.supernet = initialise(evaluator.space.supernet(), seed, sigma)
    return evaluator.measure(architecture.to_json())
