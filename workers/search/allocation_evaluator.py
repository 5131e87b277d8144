"""Scores allocations (equation 3): frame by frame slice, recalibrate, predict, and pass the heatmaps on.

Frames form a tree: what frame t gives depends on the choices of frames 1 to t alone. So the prefixes of
allocations are cached, and an allocation costs the frames that are new in it. Of those, what comes before any
fusion depends on the crops alone, so these features are cached for whatever else begins with the same parts.
"""

# Shapes: N clips of a frame, K joints, T frames beside the key frame.
from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor, nn

from spaces.temporal.allocation import Allocation, FrameChoice
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.extract import extract_frame
from workers.evaluation.cached_features import started_from
from workers.evaluation.propagate import predict_heatmaps, recalibrate_on
from workers.search.candidates import Measured
from workers.search.evaluation_clips import EvaluationClips, PrefixState
from workers.search.evaluator import shared_tensors
from workers.search.feature_cache import FeatureCache
from workers.search.prefix_cache import PrefixCache

NOTHING = np.empty((0,), np.float32)


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AllocationInputs:
    """All that an evaluator needs; its arrays lie once per node in Ray's object store."""

    space: AllocationSpace
    weights: Mapping[str, np.ndarray]  # of the T supernet
    clips: EvaluationClips
    key_frame: PrefixState
    cache_bytes: int

    def evaluator(self, device: torch.device) -> AllocationEvaluator:
        return AllocationEvaluator(self, device)


@final
@dataclass(frozen=True, slots=True, eq=False)
class EvaluatedFrame:
    """One frame evaluated: its recalibrated network, and what is known with it."""

    network: nn.Module
    known: PrefixState
    recalibrate_s: float
    evaluate_s: float


@final
class AllocationEvaluator:
    """Holds the T supernet and the prefixes between trials; figures do not depend on what is cached."""

    def __init__(self, inputs: AllocationInputs, device: torch.device | None = None) -> None:
        self.inputs, self.device = inputs, device or torch.device("cpu")
        self.space = inputs.space
        with torch.device("meta"):  # without memory of its own
            self.supernet = self.space.temporal.supernet()
        self.supernet.load_state_dict(shared_tensors(inputs.weights), assign=True)
        half = inputs.cache_bytes // 2  # each, so that neither drives the other out
        self.cache: PrefixCache[PrefixState] = PrefixCache(half)
        self.features = FeatureCache(self.space.temporal, inputs.clips, half)

    def measure(self, candidate: str, threshold: float | None = None) -> Measured:
        """The mean AP of the T frames, which is equation 3's sum in [0, 1], its parts and the seconds.

        `frame_aps` is JSON: the key frame's AP, then each frame's; `ap_all` is the AP of all frames' people,
        key frames included; `cached_frames` were not evaluated again. Without rungs, `threshold` is unused.
        """
        allocation = self.space.parse(candidate)
        known = self.cache.longest(allocation.frames[:-1]) or self.inputs.key_frame
        steps = list(self._steps(known, allocation))
        poses = steps[-1].known.poses
        aps = [each.ap for each in poses]
        return {
            "ap": float(np.mean(aps[1:])),
            "ap_all": self.inputs.clips.ap_of_all(poses),
            "frame_aps": json.dumps(aps),
            "cached_frames": self.space.frames - len(steps),
            "people": len(self.inputs.clips.crops),
            "recalibrate_s": sum(step.recalibrate_s for step in steps),
            "evaluate_s": sum(step.evaluate_s for step in steps),
        }

    def networks(self, allocation: Allocation) -> list[dict[str, Tensor]]:
        """The weights of each frame's plain network, with the statistics of BatchNorm it was scored with."""
        self.space.check(allocation)
        steps = self._steps(self.inputs.key_frame, allocation)
        return [{name: tensor.cpu() for name, tensor in step.network.state_dict().items()} for step in steps]

    def _steps(self, known: PrefixState, allocation: Allocation) -> Iterator[EvaluatedFrame]:
        """Evaluates the frames behind those that are known, and remembers all but the last."""
        for frame in range(len(known.poses), self.space.frames + 1):
            step = self._step(known, frame, allocation.frames[frame - 1])
            known = step.known
            if frame < self.space.frames:
                self.cache.put(allocation.frames[:frame], known, known.bytes)
            yield step

    def _step(self, before: PrefixState, frame: int, choice: FrameChoice) -> EvaluatedFrame:
        clips, is_last = self.inputs.clips, frame == self.space.frames
        started_s = time.perf_counter()
        network = extract_frame(self.space.temporal, self.supernet, choice).to(self.device)
        cached = self.features.of(network, frame, choice.architecture)
        with started_from(self.space.temporal.first_parts(network), cached):
            recalibration = recalibrate_on(
                network, cached.recalibration, before.recalibration, clips.batch_size,
                propagate=not is_last, again=cached.recalibrated,
            )  # fmt: skip
            recalibrated_s = time.perf_counter()
            heatmaps = predict_heatmaps(network, cached.crops, before.heatmaps, clips.batch_size)
        poses = (*before.poses, clips.poses(frame, heatmaps))
        known = PrefixState(poses, heatmaps, NOTHING if recalibration is None else recalibration)
        done_s = time.perf_counter()
        return EvaluatedFrame(network, known, recalibrated_s - started_s, done_s - recalibrated_s)


def networks_of(inputs: AllocationInputs, candidate: str) -> list[dict[str, Tensor]]:
    """`AllocationEvaluator.networks`, on the GPU that this process was given, if any."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return AllocationEvaluator(inputs, device).networks(inputs.space.parse(candidate))
