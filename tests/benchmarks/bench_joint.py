"""Joint allocation with what candidates share remembered, against each candidate from scratch.

From scratch is the obvious way: S on the key frames, then frame after frame a T-ViPNet sliced, recalibrated
and run, for each candidate anew. Both see the same 60 candidates and must find the same AP to 1e-6. The bound
is 0.57 of S on average, that of the paper's T-ViPNAS-Res50. Time is the processor's, on one thread. The
prefix sampler is seen where it shares much, with an eighth of its candidates of one choice for all frames,
and by default, with seven eighths, which share no frame.

2026-11-25, two quiet cores of an EPYC: 2.27 with uniform sampling, 4.29 with the prefix sampler, each
candidate evaluated in both ways before the next; not in turn the first was 1.98 to 2.36. Uniform candidates
share no frame: what is spared is S, a second pass over the recalibration clips (these alone: 1.79 and 1.91 on
2026-11-22), and stem and stage 1 of the 87 % of frames that begin as an earlier one.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from platform.config.sections.search import SearchConfig
from platform.feasible.allocations import FeasibleAllocations
from platform.samplers.registry import build_sampler
from platform.samplers.sampler import Observation
from spaces.constraint import Constraint
from spaces.temporal.allocation import Allocation
from spaces.temporal.extract import extract_frame
from tests.benchmarks.figure import Figure, at_least, at_most
from tests.threads import one_thread
from tests.workers.search.some_clips import allocation_inputs
from workers.data.synthetic.config import SyntheticConfig
from workers.data.synthetic.dataset import write_synthetic_dataset
from workers.evaluation.inputs import network_input
from workers.evaluation.propagate import predict_heatmaps, recalibrate_on
from workers.memory import keep_freed_memory
from workers.search.allocation_evaluator import AllocationEvaluator, AllocationInputs
from workers.search.evaluation_clips import predict_key_frames

FRAMES, CANDIDATES = 3, 60
INPUT_HW = (128, 96)
CLIPS = SyntheticConfig(clips=24, frames_per_clip=FRAMES + 1, people_per_clip=4, validation_fraction=0.5)
RECALIBRATION = 48  # clips, as many as are scored
SHARE = 0.57  # of S on average
MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """A way to propose, and how many times faster its search must be."""

    says: str
    sampler: Literal["uniform", "prefix"]
    shared: float = SearchConfig().prefix_alike
    target: float | None = None


SAMPLINGS = (
    Sampling(says="uniform", sampler="uniform", target=2.0),
    Sampling(says="prefix, 1/8 shared", sampler="prefix", shared=1 / 8, target=4.0),
    Sampling(says="prefix by default", sampler="prefix"),
)


@dataclass(frozen=True, slots=True)
class Searched:
    """A search's seconds and APs, and those of the same candidates from scratch."""

    seconds: float
    scratch_s: float
    aps: list[float]
    scratch_aps: list[float]
    cache_bytes: int


def measure() -> list[Figure]:
    keep_freed_memory()  # as the workers of a search do
    with one_thread(), tempfile.TemporaryDirectory() as folder:
        root = write_synthetic_dataset(Path(folder) / "data", CLIPS)
        inputs, spatial = allocation_inputs(
            root, FRAMES, INPUT_HW, recalibration=RECALIBRATION, batch_size=64
        )
        return [figure for each in SAMPLINGS for figure in _figures(each, inputs, spatial, Path(folder))]


def _figures(
    sampling: Sampling, inputs: AllocationInputs, spatial: Mapping[str, Tensor], folder: Path
) -> list[Figure]:
    searched = _search(sampling, inputs, spatial, folder / f"{sampling.sampler}-{sampling.shared}")
    apart = max(abs(one - other) for one, other in zip(searched.aps, searched.scratch_aps, strict=True))
    assert len(set(searched.aps)) > CANDIDATES // 2, "candidates that all score alike show nothing"
    of, times = f"{CANDIDATES} allocations, {sampling.says}", searched.scratch_s / searched.seconds
    faster = f"{of}: from scratch / with caches"
    return [
        Figure(name=faster, figure=times, unit="")
        if sampling.target is None
        else at_least(faster, times, "", sampling.target),
        Figure(name=f"{of}: with caches", figure=searched.seconds, unit="s"),
        at_most(f"{of}: AP apart at most", apart, "", 1e-6),
        Figure(name=f"{of}: cache", figure=searched.cache_bytes / MIB, unit="MiB"),
    ]


def _search(
    sampling: Sampling, inputs: AllocationInputs, spatial: Mapping[str, Tensor], journal: Path
) -> Searched:
    """A search in one slot; each candidate is evaluated in both ways before the next."""
    space = inputs.space
    most = SHARE * space.temporal.spatial.cost(space.temporal.key_frame).gmacs
    feasible = FeasibleAllocations(space, Constraint(max_gmacs=most))
    config = SearchConfig(trials=CANDIDATES, prefix_alike=sampling.shared)
    sampler = build_sampler(config, feasible, 0, journal, sampling.sampler)
    evaluator = AllocationEvaluator(inputs)
    aps, scratch_aps, seconds, scratch_s = [], [], 0.0, 0.0
    for trial in range(CANDIDATES):
        candidate = sampler.propose(trial)
        text = candidate.to_json()
        started_s = time.process_time()
        aps.append(evaluator.measure(text)["ap"])
        cached_s = time.process_time()
        scratch_aps.append(from_scratch(inputs, spatial, candidate))
        seconds += cached_s - started_s
        scratch_s += time.process_time() - cached_s
        sampler.observe(trial, Observation(candidate, aps[-1], feasible.figures(candidate)["gmacs"]))
    peak_bytes = evaluator.cache.peak_bytes + evaluator.features.cache.peak_bytes
    return Searched(seconds, scratch_s, aps, scratch_aps, peak_bytes)


def from_scratch(inputs: AllocationInputs, spatial: Mapping[str, Tensor], allocation: Allocation) -> float:
    """The mean AP of the frames, nothing known beforehand but weights and crops."""
    clips, space = inputs.clips, inputs.space
    supernet = space.temporal.supernet()
    supernet.load_state_dict({name: torch.from_numpy(array) for name, array in inputs.weights.items()})
    key_frame = predict_key_frames(space, spatial, clips)
    heatmaps, recalibration, aps = key_frame.heatmaps, key_frame.recalibration, []
    for frame, choice in enumerate(allocation.frames, start=1):
        network = extract_frame(space.temporal, supernet, choice)
        images = clips.recalibration.frames[frame].images
        recalibrate_on(network, images, recalibration, clips.batch_size, propagate=False)
        if frame < FRAMES:
            with torch.inference_mode():
                guide = torch.from_numpy(recalibration)
                recalibration = network(network_input(network, images), guide).numpy()
        crops = clips.crops.frames[frame]
        heatmaps = predict_heatmaps(network, crops.images, heatmaps, clips.batch_size)
        aps.append(clips.poses(frame, heatmaps).ap)
    return float(np.mean(aps))
